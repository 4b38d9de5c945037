using System.Globalization;
using Distill.Chat;
using Distill.Inference;
using Distill.Prompts;
using Distill.Runs;

namespace Distill.Teacher;

/// <summary>One planned rollout.</summary>
/// <param name="Index">Place in the plan.</param>
/// <param name="Id">Content hash of prompt, teacher, sampling, seed and sample index.</param>
/// <param name="Prompt">The problem.</param>
/// <param name="SampleIndex">Index among the prompt's samples.</param>
/// <param name="Sampling">How tokens are drawn, with the rollout's own seed.</param>
internal sealed record PlannedRollout(int Index, string Id, Prompt Prompt, int SampleIndex, SamplingOptions Sampling)
{
    /// <summary>The rollout as a request.</summary>
    /// <param name="promptTokens">Counts the tokens of a prompt, or null.</param>
    public CompletionRequest ToRequest(Func<Prompt, int>? promptTokens = null) => new(Id, Prompt.Messages, Sampling) { PromptTokens = promptTokens?.Invoke(Prompt) };
}

/// <summary>
/// Every rollout of a run in its fixed order, the samples of a prompt side by side. The plan follows from prompts and
/// options alone, so a resumed run has the same one; rollouts are worked out when asked for.
/// </summary>
internal sealed class RolloutPlan
{
    /// <summary>Hexadecimal digits of a rollout id.</summary>
    public const int IdLength = 24;

    private readonly SamplingOptions _sampling;
    private readonly string _samplingIdentity;
    private readonly string _contentIdentity;
    private readonly long _seed;

    /// <summary>Plans a run.</summary>
    /// <param name="prompts">The prompts, each once.</param>
    /// <param name="teacher">Identity of the teacher.</param>
    /// <param name="options">Options of the run.</param>
    public RolloutPlan(IReadOnlyList<Prompt> prompts, string teacher, TeacherGenOptions options)
    {
        Prompts = prompts;
        Teacher = teacher;
        Count = checked(prompts.Count * options.Samples);
        SamplesPerPrompt = options.Samples;
        _seed = options.Seed;
        _sampling = new SamplingOptions { Temperature = options.Temperature, TopP = options.TopP, TopK = options.TopK, MaxTokens = options.MaxTokens, TopLogProbabilities = options.TopLogprobs };
        // A completion that was gone on from or asked for with more room is another one than one that was cut.
        _contentIdentity = options.OnTruncation + (options.TopLogprobs > 0 ? $" {options.TopLogprobs} logprobs" : "");
        _samplingIdentity = string.Create(CultureInfo.InvariantCulture, $"{options.Temperature:R} {options.TopP:R} {options.TopK} {options.MaxTokens} {options.Seed}");
    }

    /// <summary>The prompts, each once.</summary>
    public IReadOnlyList<Prompt> Prompts { get; }

    /// <summary>Identity of the teacher.</summary>
    public string Teacher { get; }

    /// <summary>Rollouts of each prompt, side by side in the plan.</summary>
    public int SamplesPerPrompt { get; }

    /// <summary>Number of rollouts.</summary>
    public int Count { get; }

    /// <summary>The rollout at a place of the plan.</summary>
    public PlannedRollout this[int index]
    {
        get
        {
            Prompt prompt = Prompts[index / SamplesPerPrompt];
            int sample = index % SamplesPerPrompt;
            string id = Fingerprint.OfTexts([.. PromptContent(prompt), Teacher, _samplingIdentity, sample.ToString(CultureInfo.InvariantCulture)])[..IdLength];
            // 31 bits are what the seed field of every engine holds
            return new PlannedRollout(index, id, prompt, sample, _sampling with { Seed = RandomStream.DeriveSeed(_seed, id) & int.MaxValue });
        }
    }

    /// <summary>Content key of a rollout: what decides its completion, but neither the dataset nor the place in it.</summary>
    public UInt128 KeyOf(PlannedRollout rollout)
    {
        string hash = Fingerprint.OfTexts([.. MessagesContent(rollout.Prompt), Teacher, _samplingIdentity, _contentIdentity, rollout.SampleIndex.ToString(CultureInfo.InvariantCulture)]);
        return UInt128.Parse(hash.AsSpan(0, 32), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    /// <summary>Hash of all prompts in their order.</summary>
    public static string Hash(IReadOnlyList<Prompt> prompts) => Fingerprint.OfTexts([.. prompts.Select(prompt => Fingerprint.OfTexts(PromptContent(prompt)))]);

    /// <summary>Leaves out prompts that repeat an earlier one; their rollouts would have the same ids.</summary>
    /// <exception cref="InputException">Two different prompts have the same id.</exception>
    public static List<Prompt> Distinct(IEnumerable<Prompt> prompts, out int duplicates)
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        var distinct = new List<Prompt>();
        duplicates = 0;
        foreach (Prompt prompt in prompts)
        {
            string content = Fingerprint.OfTexts(PromptContent(prompt));
            if (known.TryAdd(prompt.Id, content)) distinct.Add(prompt);
            else if (known[prompt.Id] == content) duplicates++;
            else throw new InputException($"two different prompts have the id `{prompt.Id}`", "give each prompt its own id, or leave the ids out");
        }
        return distinct;
    }

    private static string[] PromptContent(Prompt prompt) =>
        [prompt.Id, prompt.ReferenceAnswer ?? "", .. MessagesContent(prompt)];

    private static IEnumerable<string> MessagesContent(Prompt prompt) => prompt.Messages.SelectMany(message => new[] { message.Role.ToString(), message.Content });
}
