using Distill.Chat;
using Distill.Export.Gguf;
using Distill.Export.Quantization;
using Distill.Models;
using Distill.Tests;
using Xunit;

namespace Distill.PeerTests.Export;

/// <summary>Our imatrix against the squares of what llama.cpp itself multiplies its matrices with, on the same tokens.</summary>
public sealed class ImportancePeerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Architecture.Qwen2)]
    [InlineData(Architecture.Llama)]
    [InlineData(Architecture.DeepSeekV3)]
    public async Task MeanSquaresAreThoseOfLlamaCppsActivations(Architecture architecture)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        ModelConfig config = TinyModels.Write(_folder["model"], architecture == Architecture.DeepSeekV3 ? TinyModels.MixtureOfExperts() : TinyModels.Dense(architecture));
        File.WriteAllText(_folder["words.txt"], string.Concat(Enumerable.Range(0, 60).Select(i => $"the other number is {i} and the sum = {i}*46, ä 中. ")));
        ImportanceMatrix ours = ImportanceMeasurement.Measure(_folder["model"], _folder["words.txt"], null, default);

        GgufExport.Write(_folder["model"], _folder["f32.gguf"], GgufFileType.F32, "tiny");
        int[] tokens = ModelTokenizer.Load(_folder["model"]).Encode(File.ReadAllText(_folder["words.txt"]));
        int length = Math.Min(ImportanceMeasurement.ChunkSize, config.MaxPositionEmbeddings);
        using var theirs = new LlamaActivations(peer);
        using LlamaModel llama = peer.Load(_folder["f32.gguf"]);
        foreach (int[] chunk in tokens.Chunk(length).Where(chunk => chunk.Length == length)) llama.Read(chunk, theirs);

        Assert.InRange(ours.Chunks, 2, 1000);
        // The router is no matrix that is quantised.
        Assert.Equal(theirs.Entries.Keys.Where(name => !name.Contains("ffn_gate_inp", StringComparison.Ordinal)).Order(), ours.Entries.Keys.Where(name => !name.Contains("ffn_gate_inp", StringComparison.Ordinal)).Order());
        foreach ((string name, ImportanceEntry entry) in ours.Entries)
        {
            (double[] sums, long[] counts) = theirs.Entries[name];
            int columns = sums.Length / counts.Length;
            float[] means = entry.Means();
            for (int i = 0; i < sums.Length; i++)
            {
                double expected = counts[i / columns] == 0 ? 1 : sums[i] / counts[i / columns];
                Assert.True(Math.Abs(expected - means[i]) <= (2e-3 * expected) + 1e-9, $"{name} {i}: {means[i]}, llama.cpp {expected}");
            }
        }
    }
}
