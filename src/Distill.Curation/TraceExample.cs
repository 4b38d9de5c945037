using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Runs;
using Distill.Traces;

namespace Distill.Curation;

/// <summary>A trace shown to the reader of a report.</summary>
/// <param name="Category"><c>kept</c>, or the reason for which it was dropped.</param>
/// <param name="Prompt">The problem: the last message.</param>
/// <param name="ReferenceAnswer">The gold answer.</param>
/// <param name="Reasoning">The teacher's reasoning; long texts are cut.</param>
/// <param name="Answer">The teacher's answer; for reasoning that never closed, the raw text.</param>
/// <param name="Verdict"><c>correct</c>, <c>incorrect</c> or <c>unverifiable</c>.</param>
/// <param name="Reason">The verdict's reason.</param>
/// <param name="Detail">What was found in it, where that says more than the category.</param>
public sealed record TraceExample(
    string Category, string Prompt, string? ReferenceAnswer, string Reasoning, string Answer, string Verdict, string Reason, string? Detail = null)
{
    /// <summary>Name of the file that holds a list of examples.</summary>
    public const string FileName = "examples.json";

    private const int PerCategory = 3;
    private const int LongestText = 8000;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Reads the examples of a stage folder.</summary>
    /// <exception cref="InputException">They are missing or damaged.</exception>
    public static IReadOnlyList<TraceExample> Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return JsonSerializer.Deserialize<List<TraceExample>>(File.ReadAllText(path), Json) ?? throw new JsonException("the file holds null");
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message.ReplaceLineEndings(" ")})", "run `distill curate` again", inner: e);
        }
    }

    /// <summary>Keeps the first traces of every fate, each of another prompt where there are enough.</summary>
    internal sealed class Collector
    {
        private readonly SortedDictionary<Fate, List<(string PromptId, TraceExample Example)>> _examples = [];

        /// <summary>Looks at the next trace; the example made of it, or null when it is none.</summary>
        public TraceExample? Add(Trace trace, Fate fate, Func<string?> detail)
        {
            if (!Wants(fate, trace.Prompt.Id)) return null;
            TraceExample example = Of(trace, fate, detail());
            Add(fate, trace.Prompt.Id, example);
            return example;
        }

        /// <summary>Adds an example that was found before.</summary>
        public void Add(Fate fate, string promptId, TraceExample example)
        {
            if (!Wants(fate, promptId)) return;
            if (!_examples.TryGetValue(fate, out var examples)) _examples.Add(fate, examples = []);
            examples.Add((promptId, example));
        }

        private bool Wants(Fate fate, string promptId) => !_examples.TryGetValue(fate, out var examples) || examples.Count < PerCategory && !examples.Exists(example => example.PromptId == promptId);

        public void Save(string folder) => AtomicFile.WriteText(Path.Combine(folder, FileName),
            JsonSerializer.Serialize(_examples.Values.SelectMany(examples => examples.Select(example => example.Example)), Json) + "\n");
    }

    private static TraceExample Of(Trace trace, Fate fate, string? detail) => new(
        Fates.NameOf(fate), Shorten(trace.Prompt.Messages.Count > 0 ? trace.Prompt.Messages[^1].Content : ""), trace.Prompt.ReferenceAnswer,
        Shorten(trace.Completion.Reasoning), Shorten(trace.Completion.ReasoningUnclosed ? trace.Completion.RawText : trace.Completion.Answer),
        trace.Verdict.Outcome.ToString().ToLowerInvariant(), trace.Verdict.Reason, detail is null ? null : Shorten(detail));

    private static string Shorten(string text)
    {
        if (text.Length <= LongestText) return text;
        int cut = char.IsHighSurrogate(text[LongestText - 1]) ? LongestText - 1 : LongestText;
        return text[..cut] + "…";
    }
}
