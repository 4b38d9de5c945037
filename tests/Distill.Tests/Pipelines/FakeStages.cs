using Distill.Pipelines;
using Distill.Runs;

namespace Distill.Tests.Pipelines;

/// <summary>Two small stages that leave a trail: `make` writes a text, `join` puts its inputs together.</summary>
internal sealed class FakeStages
{
    public FakeStages()
    {
        Kinds =
        [
            StageKind.Of<MakeOptions, MakeResult>("make", "writes a text", "made.txt", Make),
            StageKind.Of<JoinOptions, MakeResult>("join", "joins texts", "", Join),
        ];
    }

    public IReadOnlyList<StageKind> Kinds { get; }

    /// <summary>Every run of a stage, by its folder's name.</summary>
    public List<string> Ran { get; } = [];

    /// <summary>Called before a stage makes anything.</summary>
    public Action<string> First { get; set; } = _ => { };

    /// <summary>Called in the middle of each stage, after a first file exists.</summary>
    public Action<string> Midway { get; set; } = _ => { };

    private async Task<MakeResult> Make(MakeOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        string name = Begin(options.Out, progress);
        cancellation.ThrowIfCancellationRequested();
        await Task.Yield();
        AtomicFile.WriteText(Path.Combine(options.Out, "made.txt"), $"{options.Text}{options.Seed}");
        return new MakeResult(options.Text.Length, name);
    }

    private Task<MakeResult> Join(JoinOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        string name = Begin(options.Out, progress);
        string joined = string.Concat(options.Inputs.Select(File.ReadAllText));
        AtomicFile.WriteText(Path.Combine(options.Out, "joined.txt"), joined);
        return Task.FromResult(new MakeResult(joined.Length, name));
    }

    private string Begin(string folder, IProgress<ProgressEvent> progress)
    {
        string name = Path.GetFileName(folder);
        Ran.Add(name);
        First(folder);
        AtomicFile.WriteText(Path.Combine(folder, "begun.txt"), "");
        progress.Report(new ProgressEvent(name, 1, 2, "parts"));
        Midway(name);
        return name;
    }

    internal sealed record MakeResult(int Length, string Name, double Nothing = double.NaN);

    internal sealed record MakeOptions
    {
        [Option("text")]
        public string Text { get; init; } = "a";

        [Option("seed")]
        public long Seed { get; init; } = 1;

        [Option("threads", DoesNotChangeResult = true)]
        public int Threads { get; init; }

        [Option("folder", Required = true, IsPath = true)]
        public string Out { get; init; } = "";
    }

    internal sealed record JoinOptions
    {
        [Option("files", Required = true, IsPath = true)]
        public IReadOnlyList<string> Inputs { get; init; } = [];

        [Option("a preset or a file", IsPath = true, MayBeName = true)]
        public string Style { get; init; } = "plain";

        [Option("folder", Required = true, IsPath = true)]
        public string Out { get; init; } = "";
    }
}
