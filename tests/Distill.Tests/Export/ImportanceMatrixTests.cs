using Distill.Chat;
using Distill.Export.Quantization;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

public sealed class ImportanceMatrixTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static ImportanceMatrix Sample => new("sample", ["words.txt"], 3, 512, new Dictionary<string, ImportanceEntry>
    {
        ["blk.0.attn_q.weight"] = new([2, 4, 6, 8], [2]),
        ["blk.0.ffn_down_exps.weight"] = new([3, 6, 0, 0, 10, 20], [3, 0, 10]),
    });

    [Fact]
    public void AnExpertThatNeverRanCountsTheSameEverywhere() =>
        Assert.Equal([1, 2, 1, 1, 1, 2], Sample.Entries["blk.0.ffn_down_exps.weight"].Means());

    [Fact]
    public void BothFormatsGiveTheSameMeansBack()
    {
        ImportanceMatrixFile.WriteGguf(Sample, _folder["x.gguf"]);
        ImportanceMatrixFile.WriteDat(Sample, _folder["x.dat"]);
        foreach (string file in new[] { "x.gguf", "x.dat" })
        {
            ImportanceMatrix read = ImportanceMatrixFile.Read(_folder[file]);
            Assert.Equal((3, "words.txt"), (read.Chunks, Assert.Single(read.Datasets)));
            Assert.Equal(Sample.Entries.Keys.Order(), read.Entries.Keys.Order());
            foreach ((string name, ImportanceEntry entry) in Sample.Entries) Assert.Equal(entry.Means(), read.Entries[name].Means());
        }
    }

    [Fact]
    public void TheOlderFormatIsLaidOutAsLlamaCppReadsIt()
    {
        ImportanceMatrixFile.WriteDat(Sample, _folder["x.dat"]);
        using var reader = new BinaryReader(File.OpenRead(_folder["x.dat"]));
        Assert.Equal(2, reader.ReadInt32());
        Assert.Equal("blk.0.attn_q.weight", new string(reader.ReadChars(reader.ReadInt32())));
        Assert.Equal(3, reader.ReadInt32()); // calls
        Assert.Equal(4, reader.ReadInt32());
        Assert.Equal([3, 6, 9, 12], Enumerable.Range(0, 4).Select(_ => reader.ReadSingle())); // mean · calls
    }

    [Fact]
    public void DamagedFilesAreRefusedWithoutLargeAllocations()
    {
        ImportanceMatrixFile.WriteDat(Sample, _folder["x.dat"]);
        byte[] whole = File.ReadAllBytes(_folder["x.dat"]);
        var random = new Random(7);
        for (int i = 0; i < 300; i++)
        {
            byte[] bytes = i % 2 == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
            if (i % 2 == 1) bytes[random.Next(Math.Min(bytes.Length, 60))] = (byte)random.Next(256);
            File.WriteAllBytes(_folder["y.dat"], bytes);
            try
            {
                ImportanceMatrixFile.Read(_folder["y.dat"]);
            }
            catch (InputException e)
            {
                Assert.NotNull(e.Hint);
            }
        }
        File.WriteAllText(_folder["empty.dat"], "");
        Assert.Throws<InputException>(() => ImportanceMatrixFile.Read(_folder["empty.dat"]));
        Assert.Throws<InputException>(() => ImportanceMatrixFile.Read(_folder["missing.dat"]));
    }

    // What enters the first layer's attention is the normalised embedding of each token: computed here one number at a time.
    [Fact]
    public void TheFirstLayersMeanSquaresAreThoseOfTheNormalisedEmbeddings()
    {
        ModelConfig config = TinyModels.Qwen2(_folder["model"]);
        File.WriteAllText(_folder["words.txt"], string.Concat(Enumerable.Repeat("the other number is 12 and the sum = 37*46. ", 60)));
        ImportanceMatrix matrix = ImportanceMeasurement.Measure(_folder["model"], _folder["words.txt"], null, default);

        int[] tokens = ModelTokenizer.Load(_folder["model"]).Encode(File.ReadAllText(_folder["words.txt"]));
        int length = Math.Min(ImportanceMeasurement.ChunkSize, config.MaxPositionEmbeddings);
        int count = tokens.Length / length * length;
        using IWeightSource weights = WeightSource.Open(_folder["model"]);
        float[] embedding = Floats(weights, "model.embed_tokens.weight"), norm = Floats(weights, "model.layers.0.input_layernorm.weight");
        var sums = new double[config.HiddenSize];
        foreach (int token in tokens.Take(count))
        {
            double[] row = [.. embedding.Skip(token * config.HiddenSize).Take(config.HiddenSize)];
            double scale = 1 / Math.Sqrt(row.Average(value => value * value) + config.RmsNormEps);
            for (int i = 0; i < row.Length; i++) sums[i] += Math.Pow(row[i] * scale * norm[i], 2);
        }
        foreach (string name in new[] { "attn_q", "attn_k", "attn_v" })
        {
            float[] means = matrix.Entries[$"blk.0.{name}.weight"].Means();
            for (int i = 0; i < means.Length; i++) Assert.Equal(sums[i] / count, means[i], 1e-4 * means[i]);
        }
        Assert.Equal(config.NumHiddenLayers * 7, matrix.Entries.Count);
        Assert.All(matrix.Entries.Values, entry => Assert.Equal(count, Assert.Single(entry.Counts)));
    }

    [Fact]
    public void EveryExpertHasItsOwnCount()
    {
        ModelConfig config = TinyModels.DeepSeekV3(_folder["model"]);
        File.WriteAllText(_folder["words.txt"], string.Concat(Enumerable.Repeat("the other number is 12 and the sum = 37*46. ", 60)));
        ImportanceMatrix matrix = ImportanceMeasurement.Measure(_folder["model"], _folder["words.txt"], null, default);
        ImportanceEntry down = matrix.Entries["blk.1.ffn_down_exps.weight"], shared = matrix.Entries["blk.1.ffn_down_shexp.weight"];
        Assert.Equal(config.Mixture!.NRoutedExperts, down.Counts.Length);
        Assert.Equal(shared.Counts[0] * config.Mixture.NumExpertsPerTok, down.Counts.Sum());
    }

    private static float[] Floats(IWeightSource weights, string name)
    {
        Assert.True(weights.TryGet(name, out TensorInfo? info));
        var values = new float[info.ElementCount];
        weights.ReadFloats(info, 0, values);
        return values;
    }
}
