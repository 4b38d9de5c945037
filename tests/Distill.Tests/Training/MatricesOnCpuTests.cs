using Distill.Models;
using Distill.Tests.Models;
using Distill.Training;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

/// <summary>Matrices that stay in the computer's memory and come to their device when they are used; the CPU stands in for the device.</summary>
public sealed class MatricesOnCpuTests
{
    private const int LossTokens = 8 * 18;

    private static readonly IReadOnlyList<TrainingSample>[] Rows =
        [.. Enumerable.Range(0, 8).Select(i => (IReadOnlyList<TrainingSample>)[new TrainingSample((int[])[.. Enumerable.Range(0, 20).Select(j => 1 + ((i * 5) + (j * 3)) % 40)], 2)])];

    public static TheoryData<string, Precision, bool, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, Precision, bool, int>();
            foreach (string shape in (string[])["tied", "untied", "qwen3", "deepseek"])
                foreach (Precision precision in (Precision[])[Precision.Float32, Precision.BFloat16])
                    foreach (bool recompute in (bool[])[false, true])
                        cases.Add(shape, precision, recompute, shape == "untied" ? 2 : 1);
            cases.Add("tied", Precision.BFloat16Stochastic, true, 1);
            return cases;
        }
    }

    private static ModelConfig Shape(string name) => name switch
    {
        "tied" => TinyShapes.Qwen(),
        "untied" => TinyShapes.Qwen(tied: false) with { NumHiddenLayers = 4 },
        "qwen3" => TinyShapes.Qwen3(),
        _ => TinyShapes.DeepSeek(),
    };

    private static DeviceMap Map(int devices, bool onCpu) => new(Enumerable.Range(0, devices).Select(_ => device("cpu"))) { MatricesOnCpu = onCpu };

    // Three updates of four micro-batches each.
    private static (double[] Losses, float[] Values) Train(CausalLM student, TrainOptions options)
    {
        using var parameters = new FlatParameters(student);
        using var optimizer = new AdamW(parameters, options);
        student.train();
        var losses = new List<double>();
        for (int step = 1; step <= 3; step++)
        {
            using var scope = NewDisposeScope();
            parameters.ZeroGradients();
            losses.Add(new GradientStep(student, options.ActivationCheckpointing, chunks: options.Chunks).Add(new StepBatches([.. Rows.Chunk(2)], LossTokens, 8 * 20)));
            parameters.Clip(0.5);
            optimizer.Step(step, 1e-2);
            student.RebalanceExperts(0.01);
        }
        return ([.. losses], [.. parameters.Parts.SelectMany(part => TinyShapes.Floats(part.Values)), .. student.named_buffers().SelectMany(item => TinyShapes.Floats(item.buffer))]);
    }

    [Theory, MemberData(nameof(Cases))]
    public void TrainingIsTheSameToTheBit(string shape, Precision precision, bool recompute, int devices)
    {
        var options = new TrainOptions { Precision = precision, ActivationCheckpointing = recompute, SequenceChunk = shape == "qwen3" ? 8 : null };
        using CausalLM near = TinyShapes.Random(Shape(shape), devices: Map(devices, onCpu: false), trained: options.TrainedType);
        using CausalLM far = TinyShapes.Random(Shape(shape), devices: Map(devices, onCpu: true), trained: options.TrainedType);
        (double[] expectedLosses, float[] expected) = Train(near, options);
        (double[] losses, float[] values) = Train(far, options);
        Assert.Equal(expectedLosses, losses);
        Assert.Equal(expected, values);
        Assert.NotEqual(losses[0], losses[2]);
    }

    [Theory, InlineData(WeightFormat.Float32), InlineData(WeightFormat.BFloat16), InlineData(WeightFormat.Int8), InlineData(WeightFormat.Int4)]
    public void AdaptersLearnTheSameBesideFrozenMatrices(WeightFormat format)
    {
        using var folder = new TemporaryFolder();
        using (CausalLM saved = TinyShapes.Random(TinyShapes.Qwen())) ModelWeights.Save(saved, folder.Path);
        var options = new TrainOptions { Method = TrainingMethod.Lora };
        (double[] Losses, float[] Values)[] runs = [.. new[] { false, true }.Select(onCpu =>
        {
            using CausalLM student = ModelWeights.Load(folder.Path, Map(1, onCpu), format);
            student.AddAdapters([.. options.LoraTargets], options.LoraShape, 5);
            return Train(student, options);
        })];
        Assert.Equal(runs[0].Losses, runs[1].Losses);
        Assert.Equal(runs[0].Values, runs[1].Values);
    }

    [Fact]
    public void MatricesLargerThanASliceAreBroughtInSeveral()
    {
        TorchRuntime.Initialize();
        using var scope = NewDisposeScope();
        using var none = no_grad();
        var far = new Projection(1024, 40_000);
        far.Keep(ScalarType.Float32, onCpu: true);
        far.Allocate();
        Tensor weight = far.parameters().Single().uniform_(-1, 1, new Generator(6));
        (long First, long Rows)[] slices = [.. far.Slices(zeros(1)).Select(slice => (slice.First, slice.Weights.shape[0]))];
        Assert.Equal([(0, 32_768), (32_768, 40_000 - 32_768)], slices);
        Tensor input = randn([50, 1024], generator: new Generator(7)), gradient = randn([50, 40_000], generator: new Generator(8));
        Assert.True((input.matmul(weight.t()) - far.Forward(input)).abs_().max().item<float>() < 1e-3);
        far.AddGradient(gradient, input);
        far.AddGradient(gradient, input);
        Assert.True((gradient.t().matmul(input).mul_(2) - far.Gradient!).abs_().max().item<float>() < 1e-3);
    }

    [Theory, InlineData(ScalarType.Float32), InlineData(ScalarType.BFloat16)]
    public void ALayerOnAVisitSendsItsGradientsHomeWhenItLeaves(ScalarType type)
    {
        using CausalLM far = TinyShapes.Random(TinyShapes.Qwen(), devices: Map(1, onCpu: true), trained: type);
        using var parameters = new FlatParameters(far);
        using var scope = NewDisposeScope();
        Projection projection = far.Projections.First().Projection;
        using var none = no_grad();
        Tensor home = projection.parameters(recurse: false).Single(parameter => parameter.dim() == 2), before = home.to(ScalarType.Float32, copy: true);
        using (new LayerVisit(far.Decoder.Layer(0)))
        {
            home.zero_(); // the copy on the device is another
            Assert.True(TinyShapes.LargestDifference(before, projection.Weight) == 0);
            new LayerVisit(far.Decoder.Layer(0)).Dispose(); // it is here already, and stays
            projection.AddGradient(ones(3, projection.Rows), ones(3, projection.Columns));
            projection.AddGradient(ones(3, projection.Rows), ones(3, projection.Columns));
            Assert.All(TinyShapes.Floats(projection.Gradient!), value => Assert.Equal(0, value));
        }
        Assert.All(TinyShapes.Floats(projection.Gradient!), value => Assert.Equal(6, value));
        Assert.All(TinyShapes.Floats(projection.Weight), value => Assert.Equal(0, value));
    }

    [Fact]
    public void NothingButWhatIsUsedLeavesTheComputersMemory()
    {
        using CausalLM far = TinyShapes.Random(TinyShapes.Qwen(), devices: Map(1, onCpu: true), trained: ScalarType.BFloat16);
        using var parameters = new FlatParameters(far);
        Assert.Equal(2, parameters.Parts.Count); // the matrices, and what is always on the device
        Assert.Equal(far.Matrices.Sum(item => item.Matrix.Rows * item.Matrix.Columns), parameters.Parts.Single(part => part.Values.dtype == ScalarType.BFloat16).Values.numel());
        Assert.True(parameters.Parts.Single(part => part.Values.dtype == ScalarType.Float32).Values.numel() < parameters.Count / 20);
    }
}
