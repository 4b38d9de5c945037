using System.Text.Json;
using Distill.Runs;

namespace Distill.Training;

/// <summary>A sample in the preflight's lists.</summary>
/// <param name="Id">Id of its trace.</param>
/// <param name="Tokens">Its length.</param>
public sealed record SampleLength(string Id, int Tokens);

/// <summary>
/// What a training is about to do, in numbers that can be checked before anything is paid for. Written to
/// <c>preflight.json</c> and shown.
/// </summary>
public sealed record Preflight
{
    /// <summary>Name of the file within the stage folder.</summary>
    public const string FileName = "preflight.json";

    private const int LongestListed = 5;
    private const int ExampleCharacters = 480;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Samples that are trained on.</summary>
    public required int Kept { get; init; }

    /// <summary>Samples longer than a row, which are left out.</summary>
    public required int Dropped { get; init; }

    /// <summary>Tokens of the kept samples.</summary>
    public required long Tokens { get; init; }

    /// <summary>Of these, tokens that count in the loss.</summary>
    public required long LossTokens { get; init; }

    /// <summary>Of these, tokens that are shown and do not count: the prompts.</summary>
    public required long MaskedTokens { get; init; }

    /// <summary>Of the tokens that count, those of which the teacher's likeliest tokens are known; null where only its tokens count.</summary>
    public required long? DistilledTokens { get; init; }

    /// <summary>Rows of an epoch.</summary>
    public required int RowsPerEpoch { get; init; }

    /// <summary>Share of an epoch's row positions that hold a token, from 0 to 1; the rest is padding.</summary>
    public required double RowFill { get; init; }

    /// <summary>Optimizer updates of the whole training.</summary>
    public required int Steps { get; init; }

    /// <summary>Passes over the training set in these steps.</summary>
    public required double Epochs { get; init; }

    /// <summary>The recipe, and where each value comes from.</summary>
    public required IReadOnlyList<RecipeValue> Recipe { get; init; }

    /// <summary>Memory that the training needs at its peak, in bytes.</summary>
    public required long PlannedMemory { get; init; }

    /// <summary>About how many seconds the updates still to be done will take here; null where it cannot be told beforehand.</summary>
    public double? EstimatedSeconds { get; init; }

    /// <summary>The longest samples that are kept.</summary>
    public required IReadOnlyList<SampleLength> Longest { get; init; }

    /// <summary>The longest samples that are left out.</summary>
    public required IReadOnlyList<SampleLength> LongestDropped { get; init; }

    /// <summary>A sample's prompt as the student sees it: not learned.</summary>
    public required string ExamplePrompt { get; init; }

    /// <summary>The same sample's completion: learned.</summary>
    public required string ExampleCompletion { get; init; }

    /// <summary>Works the numbers out.</summary>
    public static Preflight Of(IReadOnlyList<TrainingSample> samples, IReadOnlyList<TrainingSample> dropped, BatchStream batches, StudentChat chat, TrainOptions options, int steps)
    {
        TrainingSample example = samples[0];
        long tokens = samples.Sum(sample => (long)sample.Length), counted = samples.Sum(sample => (long)sample.LossTokens);
        long places = options.Packing ? (long)batches.RowsPerEpoch * options.RowLength : tokens;
        return new Preflight
        {
            Kept = samples.Count,
            Dropped = dropped.Count,
            Tokens = tokens,
            LossTokens = counted,
            MaskedTokens = tokens - counted,
            DistilledTokens = options.Objective == TrainingObjective.CrossEntropy ? null : samples.Sum(sample => (long)Math.Min(sample.LossTokens, sample.Teacher?.Length ?? 0)),
            RowsPerEpoch = batches.RowsPerEpoch,
            RowFill = Math.Round(tokens / (double)places, 4),
            Steps = steps,
            Epochs = Math.Round(steps * (double)options.RowsPerUpdate / batches.RowsPerEpoch, 2),
            Recipe = TrainingRecipe.Of(options, steps),
            PlannedMemory = MemoryPlan.Of(StudentPreset.ShapeOf(options.Student), options).Total,
            Longest = Lengths(samples.OrderByDescending(sample => sample.Length)),
            LongestDropped = Lengths(dropped),
            ExamplePrompt = chat.Tokenizer.Decode(example.Tokens.Span[..example.PromptLength], skipSpecialTokens: false),
            ExampleCompletion = chat.Tokenizer.Decode(example.Tokens.Span[example.PromptLength..], skipSpecialTokens: false),
        };

        static SampleLength[] Lengths(IEnumerable<TrainingSample> some) =>
            [.. some.Take(LongestListed).Select(sample => new SampleLength(sample.Id, sample.Length))];
    }

    /// <summary>Writes the file, and says the same on the screen.</summary>
    public void Show(string folder, IProgress<ProgressEvent> progress)
    {
        AtomicFile.WriteText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Json) + "\n");
        foreach (string line in Lines()) progress.Report(ProgressEvent.Say(line));
    }

    /// <summary>The numbers for a person to read.</summary>
    public IEnumerable<string> Lines()
    {
        yield return $"samples   {Kept:N0} kept, {Dropped:N0} longer than a row left out" +
            (LongestDropped.Count > 0 ? $" (longest: {LongestDropped[0].Tokens:N0} tokens, {LongestDropped[0].Id})" : "");
        yield return $"tokens    {Tokens:N0}: {LossTokens:N0} learned, {MaskedTokens:N0} of prompts only shown; longest sample {Longest[0].Tokens:N0}";
        if (DistilledTokens is { } distilled) yield return $"teacher   {distilled:N0} of the learned tokens bring its likeliest tokens; the others count by cross-entropy alone";
        yield return $"rows      {RowsPerEpoch:N0} an epoch, {RowFill:P1} full";
        yield return $"recipe    {string.Join(", ", Recipe.Select(value => $"{value.Option} {value.Value} ({value.Source})"))}";
        yield return $"training  {Steps:N0} updates, {Epochs:N2} epochs, about {MemoryPlan.Gigabytes(PlannedMemory)} of memory{Time}";
        yield return $"shown     {Excerpt(ExamplePrompt)}";
        yield return $"learned   {Excerpt(ExampleCompletion)}";
    }

    private string Time => EstimatedSeconds switch
    {
        null => "",
        < 90 => " and a minute here",
        < 5400 and var seconds => $" and {seconds / 60:N0} minutes here",
        var seconds => $" and {seconds / 3600:N1} hours here",
    };

    private static string Excerpt(string text)
    {
        string line = text.Replace("\n", "⏎", StringComparison.Ordinal);
        return line.Length <= ExampleCharacters ? line : $"{line[..(ExampleCharacters / 2)]} … {line[^(ExampleCharacters / 2)..]}";
    }
}
