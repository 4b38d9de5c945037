using System.Text.Json;

namespace Distill.Verification.Instructions;

/// <summary>One instruction of IFEval.</summary>
/// <param name="Id">Its kind, e.g. <c>keywords:existence</c>.</param>
/// <param name="Arguments">What it asks for, as a JSON object.</param>
internal sealed record Instruction(string Id, JsonElement Arguments)
{
    /// <summary>Whether the kind can be checked.</summary>
    public bool IsKnown => InstructionChecks.Kinds.ContainsKey(Id);

    /// <summary>Whether a text follows it. An empty text follows none.</summary>
    public bool IsFollowedBy(string text) => !string.IsNullOrWhiteSpace(text) && InstructionChecks.Kinds[Id](text, Arguments);

    /// <summary>Whether a text follows it, or does so without its first line, its last line, or both, each with and without its asterisks.</summary>
    public bool IsFollowedLooselyBy(string text)
    {
        string[] lines = text.Split('\n');
        string withoutFirst = string.Join('\n', lines.Skip(1)).Trim(), withoutLast = string.Join('\n', lines.SkipLast(1)).Trim(), withoutBoth = string.Join('\n', lines.Skip(1).SkipLast(1)).Trim();
        string[] forms = [text, withoutFirst, withoutLast, withoutBoth];
        return forms.Concat(forms.Select(form => form.Replace("*", ""))).Any(IsFollowedBy);
    }
}
