using System.Text.Json;
using Distill.Chat;
using Distill.Prompts;
using Distill.Verification.Instructions;

namespace Distill.Verification;

/// <summary>
/// Judges by IFEval's checkable instructions, which the row brings as <c>instruction_id_list</c> and <c>kwargs</c>. Right is an answer that
/// follows all of them as it stands (strict); one that does so only in one of eight loosened forms is incorrect with the reason
/// <c>followed_loosely</c>, so both of IFEval's scores can be read from the verdicts.
/// Source: Zhou et al., "Instruction-Following Evaluation for Large Language Models", 2023.
/// </summary>
public sealed class IfEvalVerifier : IVerifier
{
    /// <inheritdoc/>
    public string Id => "ifeval/2";

    /// <inheritdoc/>
    public Verdict Verify(Prompt prompt, Completion completion)
    {
        if (Unjudgeable.ReasonOf(completion) is { } reason) return new Verdict(Outcome.Unverifiable, reason, null, Id);
        if (InstructionsOf(prompt) is not { Count: > 0 } instructions) return new Verdict(Outcome.Unverifiable, "no_instructions", null, Id);
        if (instructions.FirstOrDefault(instruction => !instruction.IsKnown) is { } unknown) return new Verdict(Outcome.Unverifiable, "unknown_instruction", unknown.Id, Id);
        string[] broken = [.. instructions.Where(instruction => !instruction.IsFollowedBy(completion.Answer)).Select(instruction => instruction.Id)];
        if (broken.Length == 0) return new Verdict(Outcome.Correct, "followed", null, Id);
        bool loosely = instructions.All(instruction => instruction.IsFollowedLooselyBy(completion.Answer));
        return new Verdict(Outcome.Incorrect, loosely ? "followed_loosely" : "not_followed", string.Join(", ", broken), Id);
    }

    /// <summary>The instructions of a prompt, in order; empty when it has none.</summary>
    internal static IReadOnlyList<Instruction> InstructionsOf(Prompt prompt)
    {
        if (prompt.Tests is null) return [];
        using JsonDocument tests = JsonDocument.Parse(prompt.Tests);
        JsonElement root = tests.RootElement;
        if (!root.TryGetProperty("instruction_id_list", out JsonElement ids) || ids.ValueKind != JsonValueKind.Array) return [];
        JsonElement[] arguments = root.TryGetProperty("kwargs", out JsonElement given) && given.ValueKind == JsonValueKind.Array ? [.. given.EnumerateArray()] : [];
        return [.. ids.EnumerateArray().Select((id, i) => new Instruction(id.ToString(), i < arguments.Length ? arguments[i].Clone() : default))];
    }
}
