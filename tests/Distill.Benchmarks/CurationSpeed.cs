using System.Globalization;
using Distill.Chat;
using Distill.Curation;
using Distill.Prompts;
using Distill.Runs;
using Distill.Traces;
using Distill.Verification;

namespace Distill.Benchmarks;

/// <summary>
/// A million made-up traces through curate: every default filter, near duplicates, evaluation sets, two samples kept of a prompt.
/// <c>make ROWS FOLDER</c> writes them, <c>run FOLDER [SET…]</c> curates them and measures itself; two processes, so that the peak is curate's.
/// </summary>
internal sealed class CurationSpeed : IMeasurement
{
    private const int RowsPerPart = 20_000, SamplesPerPrompt = 4;
    private const double SecondsAllowed = 300, BytesAllowed = 2e9;

    public string Name => "curation";

    public string Summary => "curate on a million synthetic traces: wall and CPU time and peak memory against 300 s and 2 GB; make ROWS FOLDER, then run FOLDER [SET…]";

    public async Task RunAsync(string[] arguments)
    {
        switch (arguments)
        {
            case ["make", var rows, var folder]:
                Make(int.Parse(rows, CultureInfo.InvariantCulture), folder);
                break;
            case ["run", var folder, .. var sets]:
                await CurateAsync(folder, sets);
                break;
            default:
                Console.Error.WriteLine("usage: curation make ROWS FOLDER | curation run FOLDER [EVALUATION SET…]");
                break;
        }
    }

    // Words by Zipf's law, prompts of about 60 and completions of about 350 words (log-normal), four samples of a prompt; of the prompts
    // a twentieth repeats an earlier one but for a word or two.
    private static void Make(int rows, string folder)
    {
        string[] vocabulary = [.. Enumerable.Range(0, 30_000).Select(Word)];
        Parallel.For(0, (rows + RowsPerPart - 1) / RowsPerPart, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, part =>
        {
            string path = Path.Combine(folder, "traces", TraceWriter.PartName(part));
            if (File.Exists(path)) return; // written whole or not at all: goes on after a stop
            var traces = new List<Trace>(RowsPerPart);
            for (int row = part * RowsPerPart; row < Math.Min(rows, (part + 1) * RowsPerPart); row++) traces.Add(Make(row, vocabulary));
            TraceWriter.WritePart(path, traces);
        });
        long bytes = Directory.EnumerateFiles(Path.Combine(folder, "traces")).Sum(file => new FileInfo(file).Length);
        Console.WriteLine($"{rows:N0} traces, {bytes / 1e9:0.00} GB");
    }

    private static Trace Make(int row, string[] vocabulary)
    {
        int prompt = row / SamplesPerPrompt;
        var random = new RandomStream(RandomStream.DeriveSeed(1, $"row {row}"));
        (string problem, int original) = Problem(prompt, vocabulary);
        string answer = $"{original % 1000}";
        string reasoning = Text(random, vocabulary, LogNormal(random, 350, 0.8)), final = $"The answer is \\boxed{{{answer}}}.";
        double fate = random.NextDouble();
        bool unclosed = fate < 0.05;
        return new Trace
        {
            Id = $"trace-{row}",
            Prompt = Prompt.FromUser(problem, answer, "synthetic"),
            SampleIndex = row % SamplesPerPrompt,
            Teacher = "synthetic",
            Sampling = new SamplingOptions { Seed = row },
            Completion = new Completion
            {
                RawText = unclosed ? $"<think>\n{reasoning}" : $"<think>\n{reasoning}\n</think>\n\n{final}",
                Reasoning = reasoning,
                Answer = unclosed ? "" : final,
                ReasoningUnclosed = unclosed,
                FinishReason = unclosed ? FinishReason.Length : FinishReason.Stop,
                PromptTokens = 80,
                CompletionTokens = reasoning.Length / 4,
            },
            Verdict = unclosed ? new Verdict(Outcome.Unverifiable, "truncated", null, "math/1")
                : fate < 0.3 ? new Verdict(Outcome.Incorrect, "different_number", "0", "math/1") : new Verdict(Outcome.Correct, "equal_number", answer, "math/1"),
        };
    }

    private static (string Text, int Original) Problem(int prompt, string[] vocabulary)
    {
        var edit = new RandomStream(RandomStream.DeriveSeed(2, $"prompt {prompt}"));
        bool copy = prompt > 0 && edit.NextDouble() < 0.05;
        int original = copy ? edit.Next(0, prompt - 1) : prompt;
        var random = new RandomStream(RandomStream.DeriveSeed(3, $"prompt {original}"));
        string[] words = Text(random, vocabulary, LogNormal(random, 60, 0.5)).Split(' ');
        if (copy) words[edit.Next(0, words.Length - 1)] = "rhubarb";
        return (string.Join(' ', words), original);
    }

    private static string Text(RandomStream random, string[] vocabulary, int words)
    {
        var text = new System.Text.StringBuilder(words * 7);
        for (int i = 0; i < words; i++)
        {
            if (i > 0) text.Append(i % 40 == 0 ? '\n' : ' ');
            text.Append(vocabulary[(int)(Math.Pow(vocabulary.Length, random.NextDouble()) - 1)]);
        }
        return text.ToString();
    }

    private static int LogNormal(RandomStream random, double median, double sigma) => Math.Clamp((int)(median * Math.Exp(sigma * random.NextNormal())), 5, 8000);

    private static string Word(int index)
    {
        const string Consonants = "bcdfghklmnprstvw", Vowels = "aeiou";
        var word = new System.Text.StringBuilder();
        for (int rest = index + 3; rest > 0; rest /= 80) word.Append(Consonants[rest % 16]).Append(Vowels[rest / 16 % 5]);
        return word.ToString();
    }

    private static async Task CurateAsync(string folder, string[] sets)
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var laps = new Laps(clock);
        CurateResult result = await TraceCuration.RunAsync(
            new CurateOptions { Traces = [Path.Combine(folder, "traces")], Out = Path.Combine(folder, "out"), Decontaminate = sets, MaxPerPrompt = 2 }, laps, CancellationToken.None);
        double wall = clock.Elapsed.TotalSeconds, scale = result.RowsIn / 1e6;
        process.Refresh();
        FilterFunnel funnel = FilterFunnel.Load(Path.Combine(folder, "out"));
        Console.WriteLine($"{result.RowsIn:N0} rows in, {result.RowsOut:N0} out, {Environment.ProcessorCount} cores; against {funnel.Benchmarks.Sum(set => set.Problems):N0} problems");
        Console.WriteLine(string.Join(", ", funnel.Steps.Where(step => step.Dropped > 0).Select(step => $"{step.Reason} {step.Dropped:N0}")));
        Console.WriteLine(laps.ToString());
        Console.WriteLine($"wall {wall:0.0} s ({wall / (SecondsAllowed * scale):0.00} of what is allowed for these rows), CPU {process.TotalProcessorTime.TotalSeconds:0.0} s, "
            + $"peak {process.PeakWorkingSet64 / 1e9:0.00} GB ({process.PeakWorkingSet64 / BytesAllowed:0.00} of 2 GB)");
        Console.WriteLine($"sha256 of the result {Fingerprint.OfPath(Path.Combine(folder, "out"))[..16]}");
    }

    /// <summary>When each part of the work ended.</summary>
    private sealed class Laps(System.Diagnostics.Stopwatch clock) : IProgress<ProgressEvent>
    {
        private readonly Dictionary<string, double> _ends = [];

        public void Report(ProgressEvent value) => _ends[value.Stage] = clock.Elapsed.TotalSeconds;

        public override string ToString() => string.Join(", ", _ends.Select(end => $"{end.Key} until {end.Value:0.0} s"));
    }
}
