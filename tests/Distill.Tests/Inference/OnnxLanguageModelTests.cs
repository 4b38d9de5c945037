using Distill.Export.Onnx;
using Distill.Inference;
using Distill.Runs;
using Distill.Tests.Export;
using Xunit;

namespace Distill.Tests.Inference;

public sealed class OnnxLanguageModelTests : IDisposable
{
    // Seen: 2.3e-5 at most, with logits of deviation 8; a wrong mask, position or head is wrong by more than 0.1.
    private const double Tolerance = 1e-4;

    private static readonly int[][] Prompts = [[5, 17, 3, 90, 41, 8, 66], [12], [33, 7, 7, 21]];
    private static readonly int[][] Continuations = [[4, 9, 61, 70, 2], [8, 8, 15, 16, 30], [95, 0, 1, 50, 44]];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(true, 16, 4, 2)]
    [InlineData(false, 16, 4, 2)]
    [InlineData(true, 32, 2, 1)]
    [InlineData(false, 8, 8, 8)]
    [InlineData(true, 24, 3, 1)]
    public void PromptsOfDifferentLengthsAndTheirContinuationsMatchTheReference(bool tied, int headDim, int heads, int keyValueHeads)
    {
        var reference = new TinyQwen2(tied, headDim: headDim, heads: heads, keyValueHeads: keyValueHeads);
        using OnnxLanguageModel model = Export(reference);
        double worst = Decode(model, reference, Prompts, Continuations, rowsAfterStep: _ => null);
        TestContext.Current.TestOutputHelper?.WriteLine($"largest difference {worst:e2}");
        Assert.InRange(worst, 0, Tolerance);
    }

    [Theory]
    [InlineData(new[] { 0, 2 })]
    [InlineData(new[] { 2, 0 })]
    [InlineData(new[] { 1 })]
    public void KeptRowsGoOnUndisturbed(int[] kept)
    {
        var reference = new TinyQwen2(tied: true);
        using OnnxLanguageModel model = Export(reference);
        Assert.InRange(Decode(model, reference, Prompts, Continuations, step => step == 1 ? kept : null), 0, Tolerance);
    }

    [Fact]
    public void TheCacheGrowsPastItsFirstCapacity()
    {
        var reference = new TinyQwen2(tied: true);
        using OnnxLanguageModel model = Export(reference);
        int[][] prompts = [[.. Enumerable.Range(0, 250).Select(i => i * 7 % 96)], [3, 5]];
        int[][] more = [[.. Enumerable.Range(0, 12).Select(i => i * 5 % 96)], [.. Enumerable.Range(0, 12).Select(i => i * 11 % 96)]];
        Assert.InRange(Decode(model, reference, prompts, more, _ => null), 0, Tolerance);
    }

    [Fact]
    public void ALongPromptReadInPiecesGivesWhatItGivesAtOnce()
    {
        // 400 tokens of a vocabulary of 200,000 are more than one run may hold: the prompt is read in two pieces.
        var reference = new TinyQwen2(tied: true, vocabulary: 200_000, layers: 1);
        using OnnxLanguageModel model = Export(reference);
        int[] prompt = [.. Enumerable.Range(0, 400).Select(i => i * 31 % 200_000)];
        float[] logits = new float[2 * model.VocabularySize];
        using (IDecodingSession session = model.StartSession(400)) session.Prefill([prompt, prompt[300..]], logits);
        Assert.InRange(Difference(reference.Logits(prompt, from: 399)[0], logits.AsSpan(0, model.VocabularySize)), 0, Tolerance);
        Assert.InRange(Difference(reference.Logits(prompt[300..], from: 99)[0], logits.AsSpan(model.VocabularySize)), 0, Tolerance);
    }

    [Fact]
    public void TheSameBatchGivesTheSameLogits()
    {
        using OnnxLanguageModel model = Export(new TinyQwen2(tied: true));
        Assert.Equal(Prefilled(model), Prefilled(model));
    }

    [Fact]
    public void ATokenOutsideTheVocabularyIsRefused()
    {
        using OnnxLanguageModel model = Export(new TinyQwen2(tied: true));
        using IDecodingSession session = model.StartSession(16);
        float[] logits = new float[model.VocabularySize];
        InputException error = Assert.Throws<InputException>(() => session.Prefill([[1, 96]], logits));
        Assert.Contains("token 96 is outside the vocabulary", error.Message);
        session.Prefill([[1, 95]], logits);
        Assert.Throws<InputException>(() => session.Step([-1], logits));
    }

    [Fact]
    public void ASequenceCannotOutgrowTheContext()
    {
        using OnnxLanguageModel model = Export(new TinyQwen2(tied: true));
        using IDecodingSession session = model.StartSession(10_000);
        float[] logits = new float[model.VocabularySize];
        Assert.Throws<InputException>(() => session.Prefill([new int[513]], logits));
        session.Prefill([new int[511]], logits);
        session.Step([1], logits);
        InputException error = Assert.Throws<InputException>(() => session.Step([1], logits));
        Assert.Contains("512 tokens", error.Message);
    }

    [Fact]
    public void ARowThatIsDoneMayWaitBeyondItsEnd()
    {
        var reference = new TinyQwen2(tied: true);
        using OnnxLanguageModel model = Export(reference);
        using IDecodingSession session = model.StartSession(512);
        float[] logits = new float[2 * model.VocabularySize];
        session.Prefill([new int[512], [3, 4]], logits);
        session.Step([0, 5], logits);
        session.Keep([1]);
        session.Step([6], logits.AsSpan(0, model.VocabularySize));
        Assert.InRange(Difference(reference.Logits([3, 4, 5, 6], from: 3)[0], logits.AsSpan(0, model.VocabularySize)), 0, Tolerance);
    }

    [Fact]
    public void DamagedAndForeignFilesAreRefusedInOneLine()
    {
        Assert.Contains("holds no ONNX model", Assert.Throws<InputException>(() => OnnxLanguageModel.Open(folder["missing"])).Message);

        string file = OnnxExport.Write(new TinyQwen2(tied: true).Save(folder["hf"]), folder["onnx"]);
        byte[] bytes = File.ReadAllBytes(file);
        File.WriteAllBytes(folder["cut.onnx"], bytes[..(bytes.Length / 2)]);
        InputException cut = Assert.Throws<InputException>(() => OnnxLanguageModel.Open(folder["cut.onnx"]));
        Assert.Contains("cut.onnx: ONNX Runtime cannot load it", cut.Message);
        Assert.DoesNotContain('\n', cut.Message);

        byte[] kind = System.Text.Encoding.ASCII.GetBytes(OnnxExport.GraphKind);
        bytes[bytes.AsSpan().IndexOf(kind)]++;
        File.WriteAllBytes(folder["foreign.onnx"], bytes);
        Assert.Contains("was not made by `distill export`", Assert.Throws<InputException>(() => OnnxLanguageModel.Open(folder["foreign.onnx"])).Message);
    }

    [Theory]
    [InlineData("gpu", "is unknown")]
    [InlineData("cuda:x", "is unknown")]
    [InlineData("cuda:0", "no CUDA device")]
    public void ADeviceThatIsNotHereIsRefused(string device, string message)
    {
        string file = OnnxExport.Write(new TinyQwen2(tied: true).Save(folder["hf"]), folder["onnx"]);
        Assert.Contains(message, Assert.Throws<InputException>(() => OnnxLanguageModel.Open(file, device)).Message);
    }

    private OnnxLanguageModel Export(TinyQwen2 model)
    {
        OnnxExport.Write(model.Save(folder["hf"]), folder["onnx"], TestContext.Current.CancellationToken);
        return OnnxLanguageModel.Open(folder["onnx"]);
    }

    private static float[] Prefilled(OnnxLanguageModel model)
    {
        float[] logits = new float[Prompts.Length * model.VocabularySize];
        using IDecodingSession session = model.StartSession(32);
        session.Prefill(Prompts, logits);
        session.Step([1, 2, 3], logits);
        return logits;
    }

    /// <summary>Decodes given tokens and returns the largest difference from the reference at any step of any row.</summary>
    private static double Decode(OnnxLanguageModel model, TinyQwen2 reference, int[][] prompts, int[][] continuations, Func<int, int[]?> rowsAfterStep)
    {
        double[][][] expected = [.. prompts.Zip(continuations, (prompt, more) => reference.Logits([.. prompt, .. more], from: prompt.Length - 1))];
        var rows = Enumerable.Range(0, prompts.Length).ToList();
        float[] logits = new float[prompts.Length * model.VocabularySize];
        using IDecodingSession session = model.StartSession(512);
        session.Prefill(prompts, logits);
        double worst = Worst(0);
        for (int step = 0; step < continuations[0].Length; step++)
        {
            session.Step([.. rows.Select(row => continuations[row][step])], logits.AsSpan(0, rows.Count * model.VocabularySize));
            worst = Math.Max(worst, Worst(step + 1));
            if (rowsAfterStep(step) is not { } kept) continue;
            session.Keep(kept);
            rows = [.. kept.Select(index => rows[index])];
        }
        return worst;

        double Worst(int step) => rows.Select((row, i) => Difference(expected[row][step], logits.AsSpan(i * model.VocabularySize, model.VocabularySize))).Max();
    }

    private static double Difference(double[] expected, ReadOnlySpan<float> actual)
    {
        double worst = 0;
        for (int i = 0; i < expected.Length; i++) worst = Math.Max(worst, Math.Abs(expected[i] - actual[i]));
        return worst;
    }
}
