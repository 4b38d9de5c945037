using System.Security.Cryptography;
using System.Text;
using Distill.Chat;
using Distill.Runs;
using Distill.Traces;

namespace Distill.Curation;

/// <summary>
/// Decides the fate of traces, one after another and then among those of the same prompt. Remembers a few numbers per trace
/// and no text, so that a million traces fit in memory.
/// </summary>
internal sealed class TraceFilters(CurateOptions options)
{
    private readonly List<Fate> _fates = [];
    private readonly Dictionary<string, List<Candidate>> _byPrompt = [];
    private readonly HashSet<UInt128> _completions = [];

    /// <summary>Fates in the order in which traces were added; final after <see cref="SelectPerPrompt"/>.</summary>
    public IReadOnlyList<Fate> Fates => _fates;

    /// <summary>Looks at the next trace.</summary>
    public void Add(Trace trace)
    {
        Fate fate = Judge(trace);
        if (fate == Fate.Kept && options.MaxPerPrompt > 0)
        {
            if (!_byPrompt.TryGetValue(trace.Prompt.Id, out List<Candidate>? candidates)) _byPrompt.Add(trace.Prompt.Id, candidates = []);
            candidates.Add(new Candidate(_fates.Count, trace.Completion.CompletionTokens));
        }
        _fates.Add(fate);
    }

    /// <summary>Drops what is more than wanted per prompt. Called once, after the last trace.</summary>
    public void SelectPerPrompt()
    {
        foreach ((string prompt, List<Candidate> candidates) in _byPrompt)
        {
            if (candidates.Count <= options.MaxPerPrompt) continue;
            Candidate[] ordered = [.. candidates];
            if (options.Selection == SelectionPolicy.Random)
                new RandomStream(RandomStream.DeriveSeed(options.Seed, "curate", prompt)).Shuffle<Candidate>(ordered);
            else if (options.Selection == SelectionPolicy.Shortest)
                Array.Sort(ordered, (a, b) => a.Tokens != b.Tokens ? a.Tokens.CompareTo(b.Tokens) : a.Row.CompareTo(b.Row));
            foreach (Candidate candidate in ordered.AsSpan(options.MaxPerPrompt)) _fates[candidate.Row] = Fate.OverMaxPerPrompt;
        }
    }

    private Fate Judge(Trace trace)
    {
        Completion completion = trace.Completion;
        if (completion.FinishReason == FinishReason.Error) return Fate.EngineError;
        if (options.DropTruncated && completion.FinishReason == FinishReason.Length) return Fate.Truncated;
        if (options.DropTruncated && completion.ReasoningUnclosed) return Fate.ReasoningUnclosed;
        if (!options.Verdicts.Contains(trace.Verdict.Outcome)) return Curation.Fates.OfUnwanted(trace.Verdict.Outcome);
        if (options.MaxTokens > 0 && completion.CompletionTokens > options.MaxTokens) return Fate.TooLong;
        return _completions.Add(HashOf(trace)) ? Fate.Kept : Fate.Duplicate;
    }

    // 128 bits of SHA-256: the chance that two of a billion different completions collide is below 1e-20.
    private static UInt128 HashOf(Trace trace)
    {
        string text = $"{trace.Prompt.Id}\0{trace.Completion.Reasoning}\0{trace.Completion.Answer}";
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return new UInt128(BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..]));
    }

    private readonly record struct Candidate(int Row, int Tokens);
}
