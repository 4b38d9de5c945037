using System.Security.Cryptography;
using Distill.Chat;
using Distill.Curation;
using Distill.Runs;
using Distill.Tests.Traces;
using Distill.Traces;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Curation;

/// <summary>A curation that was stopped goes on where it was, to the bytes of one that was not.</summary>
public sealed class CurationResumeTests : IDisposable
{
    private const int Files = 6, TracesPerFile = 12;

    private readonly TemporaryFolder _folder = new();

    public CurationResumeTests()
    {
        for (int file = 0; file < Files; file++) TraceWriter.WritePart(FileOf(file), [.. Enumerable.Range(file * TracesPerFile, TracesPerFile).Select(MakeTrace)]);
        File.WriteAllLines(_folder["benchmark.jsonl"], ["{\"question\": \"What is the sum of all the even numbers between one and sixty that are no multiple of 9?\", \"answer\": \"1\"}"]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task StoppedAtAnyPointItGivesTheSameBytes()
    {
        int reports = 0;
        await Run("undisturbed", new Listener(_ => reports++));
        SortedDictionary<string, string> expected = Hashes("undisturbed");
        Assert.True(expected.Count > 5, string.Join(' ', expected.Keys)); // funnel, fates, examples and several parts
        Assert.True(reports > 2 * Files, $"{reports} reports");

        for (int stop = 1; stop <= reports; stop++)
        {
            string place = $"stopped-{stop}";
            bool stopped = await RunUntil(place, stop);
            // Once more, a little further on: what was gone on with can be stopped again.
            if (stopped) stopped = await RunUntil(place, stop + 3);
            if (stopped) await Run(place, new Listener(_ => { }));
            Assert.Equal(expected, Hashes(place));
        }
    }

    [Fact]
    public async Task WhatWasReadAndWrittenIsNotReadAgain()
    {
        await Run("undisturbed", new Listener(_ => { }));
        int writing = 0;
        using (var stop = new CancellationTokenSource())
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Run("stopped", new Listener(reading =>
            {
                if (reading.Stage == "curate (writing)" && ++writing == Files - 1) stop.Cancel();
            }), cancellation: stop.Token));
        }
        Damage(FileOf(0));

        await Run("stopped", new Listener(_ => { }));

        Assert.Equal(Hashes("undisturbed"), Hashes("stopped"));
        await Assert.ThrowsAnyAsync<InputException>(() => Run("fresh", new Listener(_ => { }))); // and it is read where nothing was done before
    }

    [Fact]
    public async Task OtherOptionsOrOtherTracesBeginAnew()
    {
        await RunUntil("place", Files + 4);
        await Run("place", new Listener(_ => { }), longest: 30);
        await Run("expected", new Listener(_ => { }), longest: 30);
        Assert.Equal(Hashes("expected"), Hashes("place"));

        await RunUntil("grown", Files + 4);
        TraceWriter.WritePart(FileOf(0), [.. Enumerable.Range(500, TracesPerFile + 1).Select(MakeTrace)]);
        await Run("grown", new Listener(_ => { }));
        await Run("other", new Listener(_ => { }));
        Assert.Equal(Hashes("other"), Hashes("grown"));
    }

    private string FileOf(int file) => Path.Combine(_folder["in"], TraceWriter.PartName(file));

    // Some of every fate: wrong, cut off, repeated word for word and nearly, part of a benchmark, too many of a prompt.
    private static Trace MakeTrace(int i)
    {
        string problem = (i % 9) switch
        {
            0 => "What is the sum of all the even numbers between one and sixty that are no multiple of 9?",
            1 => $"A farmer has {i / 18} hens and twice as many ducks; how many birds live on his farm by the river in all?",
            2 => $"A farmer has {i / 18} hens and twice as many ducks; how many birds live on this farm by the river in all?",
            _ => $"Problem about {i % 7} stones, {i % 5} sticks and {i % 3} shells.",
        };
        return SampleTraces.Make(i, i % 4 == 0 ? Outcome.Incorrect : Outcome.Correct, i % 11 == 0 ? FinishReason.Length : FinishReason.Stop, problem,
            reasoning: i % 10 == 7 ? "the same words" : $"words {i * i} and more words {i * 7919}", answer: i % 10 == 7 ? "7" : null);
    }

    private Task<CurateResult> Run(string place, IProgress<ProgressEvent> progress, int longest = 0, CancellationToken cancellation = default) => TraceCuration.RunAsync(new CurateOptions
    {
        Traces = [_folder["in"]],
        Out = _folder[place],
        MaxPerPrompt = 3,
        MaxTokens = longest,
        Selection = SelectionPolicy.Diverse,
        Decontaminate = [_folder["benchmark.jsonl"]],
        RowsPerPart = 4,
    }, progress, cancellation);

    // Whether it was stopped before it was done.
    private async Task<bool> RunUntil(string place, int report)
    {
        using var stop = new CancellationTokenSource();
        int reports = 0;
        try
        {
            await Run(place, new Listener(_ =>
            {
                if (++reports == report) stop.Cancel();
            }), cancellation: stop.Token);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private SortedDictionary<string, string> Hashes(string place) => new(Directory.EnumerateFiles(_folder[place], "*", SearchOption.AllDirectories)
        .ToDictionary(file => Path.GetRelativePath(_folder[place], file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))), StringComparer.Ordinal);

    // Pages that cannot be read, in a file that looks as it did.
    private static void Damage(string path)
    {
        DateTime written = File.GetLastWriteTimeUtc(path);
        byte[] bytes = File.ReadAllBytes(path);
        int footer = BitConverter.ToInt32(bytes, bytes.Length - 8);
        Array.Fill(bytes, (byte)0xA5, 4, bytes.Length - 12 - footer);
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, written);
    }

    private sealed class Listener(Action<ProgressEvent> action) : IProgress<ProgressEvent>
    {
        public void Report(ProgressEvent value) => action(value);
    }
}
