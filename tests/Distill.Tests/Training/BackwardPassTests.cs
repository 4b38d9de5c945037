using Distill.Models;
using Distill.Tests.Models;
using Distill.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

public sealed class BackwardPassTests
{
    private static readonly IReadOnlyList<IReadOnlyList<TrainingSample>> Rows =
    [
        [new((int[])[3, 9, 27, 33, 5, 8], 2), new((int[])[11, 4, 6], 1)],
        [new((int[])[7, 7, 2, 30, 31, 32, 33, 1], 3)],
    ];

    private const int LossTokens = 11;

    public static TheoryData<string> Families => ["qwen2", "qwen2-untied", "qwen3", "llama", "deepseek"];

    private static CausalLM Model(string family) => TinyShapes.Random(family switch
    {
        "qwen2" => TinyShapes.Qwen(),
        "qwen2-untied" => TinyShapes.Qwen(tied: false),
        "qwen3" => TinyShapes.Qwen3(),
        "llama" => TinyShapes.Llama(),
        _ => TinyShapes.DeepSeek(),
    });

    // The loss of the definition. Its gradients come through the model's own backward pass: GradientsAreThoseOfFiniteDifferences holds that.
    private static double Reference(CausalLM student, PackedBatch batch)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = student.Hidden(batch.InputIds, batch.Positions, batch.Mask);
        Tensor logits = student.Logits(hidden.reshape(-1, hidden.shape[^1]).index_select(0, batch.LossIndex));
        Tensor loss = nn.functional.cross_entropy(logits, batch.Targets, reduction: nn.Reduction.Sum) / LossTokens;
        loss.backward();
        return loss.item<float>();
    }

    [Theory, MemberData(nameof(Families))]
    public void LossAndGradientsAreThoseOfTheDefinition(string family)
    {
        (double expected, float[] gradients) = Run(family, (student, batch, _) => Reference(student, batch));
        foreach (Func<CausalLM, PackedBatch, int, double> pass in (Func<CausalLM, PackedBatch, int, double>[])[BackwardPass.Whole, BackwardPass.Recomputed])
        {
            (double loss, float[] actual) = Run(family, pass);
            Assert.Equal(expected, loss, 5);
            Assert.True(gradients.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second)) < 2e-6, pass.Method.Name);
        }
        Assert.True(gradients.Max(Math.Abs) > 1e-3);
    }

    [Theory, MemberData(nameof(Families))]
    public void ComputingLayersAgainChangesNoBit(string family)
    {
        (double expectedLoss, float[] expected) = Run(family, BackwardPass.Whole);
        (double loss, float[] gradients) = Run(family, BackwardPass.Recomputed);
        Assert.Equal(expectedLoss, loss);
        Assert.Equal(expected, gradients);
    }

    [Fact]
    public void ExpertsThatAreComputedAgainAreCountedOnce()
    {
        using CausalLM once = Model("deepseek"), twice = Model("deepseek");
        foreach ((CausalLM student, Func<CausalLM, PackedBatch, int, double> pass) in new[] { (once, (Func<CausalLM, PackedBatch, int, double>)BackwardPass.Whole), (twice, BackwardPass.Recomputed) })
        {
            using var parameters = new FlatParameters(student);
            using var scope = NewDisposeScope();
            student.train();
            pass(student, PackedBatch.Of(Rows, CPU), LossTokens);
            student.RebalanceExperts(0.1);
        }
        Assert.Equal(once.named_buffers().SelectMany(item => TinyShapes.Floats(item.buffer)), twice.named_buffers().SelectMany(item => TinyShapes.Floats(item.buffer)));
    }

    // Central differences in double precision of a few weights of every parameter.
    [Theory, InlineData("qwen2"), InlineData("qwen3"), InlineData("deepseek")]
    public void GradientsAreThoseOfFiniteDifferences(string family)
    {
        const double step = 1e-2;
        using CausalLM student = Model(family);
        using var parameters = new FlatParameters(student);
        using var scope = NewDisposeScope();
        using var batch = PackedBatch.Of(Rows, CPU);
        BackwardPass.Whole(student, batch, LossTokens);
        var random = new Random(5);
        using var none = no_grad();
        foreach ((string name, Parameter parameter) in student.named_parameters())
        {
            Tensor values = parameter.view(-1), gradient = parameter.grad!.view(-1);
            for (int i = 0; i < 3; i++)
            {
                long at = random.NextInt64(values.shape[0]);
                float before = values[at].item<float>();
                double up = Loss(before + step), down = Loss(before - step), difference = (up - down) / (2 * step);
                values[at] = before;
                Assert.InRange(gradient[at].item<float>(), difference - 2e-3 - (0.02 * Math.Abs(difference)), difference + 2e-3 + (0.02 * Math.Abs(difference)));

                double Loss(double value)
                {
                    values[at] = (float)value;
                    return CausalLoss.Sum(student, student.Hidden(batch.InputIds, batch.Positions, batch.Mask), batch) / LossTokens;
                }
            }
        }
    }

    private static (double Loss, float[] Gradients) Run(string family, Func<CausalLM, PackedBatch, int, double> pass)
    {
        using CausalLM student = Model(family);
        using var parameters = new FlatParameters(student);
        using var scope = NewDisposeScope();
        double loss = pass(student, PackedBatch.Of(Rows, CPU), LossTokens);
        return (loss, TinyShapes.Floats(parameters.Parts[0].Gradients));
    }
}
