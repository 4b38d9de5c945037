using Distill.Models;
using Distill.Tests.Models;
using Distill.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

/// <summary>
/// Gradients of the losses and of whole models, every weight of them, against finite differences in double precision. Rows hold several documents.
/// </summary>
public sealed class LossGradientTests
{
    private const int LossTokens = 17; // not those of the batch: it is one of several of an update

    // Two rows; in the first three documents, of which one has the teacher's likeliest tokens.
    private static readonly IReadOnlyList<IReadOnlyList<TrainingSample>> Rows =
    [
        [new((int[])[3, 9, 2, 5, 8], 2) { Teacher = Targets(3, 3) }, new((int[])[10, 4, 6], 1), new((int[])[1, 6, 1], 2) { Teacher = Targets(2, 1) }],
        [new((int[])[7, 7, 2, 0, 3, 1], 3) { Teacher = Targets(2, 3) }],
    ];

    public static TheoryData<string> Families => ["qwen2", "qwen2 untied", "qwen3", "llama", "deepseek", "deepseek with yarn"];

    public static TheoryData<TrainingObjective, MissingMass> Divergences => new MatrixTheoryData<TrainingObjective, MissingMass>(
        Enum.GetValues<TrainingObjective>().Where(objective => objective != TrainingObjective.CrossEntropy), Enum.GetValues<MissingMass>());

    private static TeacherTargets Targets(int width, int positions) => new(width,
        (int[])[.. Enumerable.Range(0, positions).SelectMany(position => Enumerable.Range(0, width).Select(i => ((position * 7) + (i * 5) + width) % 11))],
        (Half[])[.. Enumerable.Range(0, positions).SelectMany(_ => Enumerable.Range(0, width).Select(i => (Half)(-0.7 - (1.1 * i))))]);

    private static ModelConfig Shape(string family)
    {
        ModelConfig shape = family switch
        {
            "qwen2" => TinyShapes.Qwen(),
            "qwen2 untied" => TinyShapes.Qwen(tied: false),
            "qwen3" => TinyShapes.Qwen3(),
            "llama" => TinyShapes.Llama(),
            "deepseek" => FewExperts(TinyShapes.DeepSeek()),
            _ => FewExperts(TinyShapes.DeepSeek(queryRank: null, groups: 2)) with { RopeScaling = new YarnRopeScaling { Factor = 4, OriginalMaxPositionEmbeddings = 32, Mscale = 0.8, MscaleAllDim = 0.8 } },
        };
        return shape with { VocabSize = 11 };

        // So few that tokens visit them all.
        static ModelConfig FewExperts(ModelConfig shape) => shape with { Mixture = shape.Mixture! with { NRoutedExperts = 4 } };
    }

    private static CausalLM Model(ModelConfig shape)
    {
        CausalLM student = TinyShapes.Random(shape);
        student.to(ScalarType.Float64);
        return student;
    }

    [Fact]
    public void CrossEntropyOfStatesAndHead() => HoldForLoss(null);

    [Theory, MemberData(nameof(Divergences))]
    public void DivergencesOfStatesAndHead(TrainingObjective objective, MissingMass missing) => HoldForLoss(new DistillationLoss(objective, 0.6, 1.5, 0.3, missing));

    private static void HoldForLoss(DistillationLoss? loss)
    {
        using CausalLM student = Model(TinyShapes.Qwen(tied: false) with { VocabSize = 11, HiddenSize = 4, NumHiddenLayers = 1 });
        using var scope = NewDisposeScope();
        using var batch = PackedBatch.Of(Rows, CPU, loss);
        Tensor hidden = FiniteDifferences.Leaf(3, 2, 11, 4), head = student.Head.Weight;
        CausalLoss.Backward(student, hidden, batch, LossTokens);
        Tensor hiddenGradient = hidden.grad!.clone(), headGradient = student.Head.Gradient!.clone();
        Assert.Equal(ScalarType.Float64, headGradient.dtype);
        FiniteDifferences.HoldForEachValue(() => CausalLoss.Backward(student, hidden.detach(), batch, LossTokens), [new("hidden", hidden, hiddenGradient), new("head", head, headGradient)]);
        if (loss is null) Assert.Equal(CausalLoss.Backward(student, hidden.detach(), batch, LossTokens), CausalLoss.Sum(student, hidden.detach(), batch) / LossTokens, 12);
    }

    [Theory, MemberData(nameof(Families))]
    public void WholeModels(string family)
    {
        using CausalLM student = Model(Shape(family));
        using var scope = NewDisposeScope();
        using var batch = PackedBatch.Of(Rows, CPU);
        BackwardPass.Whole(student, batch, LossTokens);
        FiniteDifferences.HoldAlongDirections(() => CausalLoss.Sum(student, student.Hidden(batch.InputIds, batch.Positions, batch.Mask), batch) / LossTokens, FiniteDifferences.Trained(student));
    }
}
