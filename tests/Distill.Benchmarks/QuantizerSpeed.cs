using System.Diagnostics;
using Distill.Export.Quantization;
using Distill.PeerTests;
using Distill.Weights;

namespace Distill.Benchmarks;

/// <summary>
/// Each block type by itself, in memory and on one thread: our encoder and ggml's <c>ggml_quantize_chunk</c> take turns on the same
/// rows, the best of each counts, and the bytes are compared. With and without importance, where the type takes both.
/// </summary>
internal sealed class QuantizerSpeed : IMeasurement
{
    private const int RowLength = 4096;
    private const int Rows = 8; // short, so that some turn is not interrupted on a machine that has other work
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(1.5);

    public string Name => "quantizers";

    public string Summary => "encoding single block types against ggml_quantize_chunk, one thread, in memory: [TYPE…]";

    public async Task RunAsync(string[] arguments)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        GgufTensorType[] types = [.. arguments.Select(Enum.Parse<GgufTensorType>)];
        if (types.Length == 0) types = [.. Enum.GetValues<GgufTensorType>().Where(type => BlockQuantizer.CanWrite(type) && type.BlockSize() > 1)];
        var random = new Random(7);
        float[] rows = [.. Enumerable.Range(0, Rows * RowLength).Select(_ => 0.035f * (random.NextSingle() + random.NextSingle() + random.NextSingle() - 1.5f))];
        float[] importance = [.. Enumerable.Range(0, RowLength).Select(_ => random.NextSingle() * random.NextSingle())];
        foreach (GgufTensorType type in types)
        {
            if (!BlockQuantizer.NeedsImportance(type)) Compare(peer, type, rows, []);
            if (BlockQuantizer.UsesImportance(type)) Compare(peer, type, rows, importance);
        }
    }

    private static void Compare(LlamaCpp peer, GgufTensorType type, float[] rows, float[] importance)
    {
        byte[] ours = new byte[type.ByteCount(rows.Length)], theirs = peer.QuantizeRows(type, rows, RowLength, importance); // makes tables the first time
        double our = double.MaxValue, their = double.MaxValue;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Enough;)
        {
            // Ours more often: the compiler optimises what was called often.
            for (int i = 0; i < 5; i++) our = Math.Min(our, Seconds(() => BlockQuantizer.Encode(type, rows, RowLength, importance, ours)));
            their = Math.Min(their, Seconds(() => theirs = peer.QuantizeRows(type, rows, RowLength, importance)));
        }
        Console.WriteLine($"{type,-7} {(importance.Length > 0 ? "imatrix" : ""),-7} ours {rows.Length / our / 1e6,7:0.0} M weights/s, ggml {rows.Length / their / 1e6,6:0.0}: {their / our,5:0.0} times as fast, "
            + (ours.AsSpan().SequenceEqual(theirs) ? "same bytes" : "DIFFERENT BYTES"));
    }

    private static double Seconds(Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        return clock.Elapsed.TotalSeconds;
    }
}
