using Distill.Training;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

/// <summary>Losses and gradients against the definitions, computed in double precision outcome by outcome.</summary>
public sealed class DistillationTargetsTests
{
    private const int Vocabulary = 11;

    private static readonly TrainingObjective[] Objectives = [.. Enum.GetValues<TrainingObjective>().Where(objective => objective != TrainingObjective.CrossEntropy)];

    public static TheoryData<TrainingObjective, MissingMass, double, double> Losses
    {
        get
        {
            var all = new TheoryData<TrainingObjective, MissingMass, double, double>();
            foreach (TrainingObjective objective in Objectives)
            {
                all.Add(objective, MissingMass.Other, 1, 1);
                all.Add(objective, MissingMass.Other, 0.3, 2.5);
                all.Add(objective, MissingMass.Renormalize, 0.7, 1);
                all.Add(objective, MissingMass.Renormalize, 1, 0.5);
            }
            return all;
        }
    }

    // Three positions: three likeliest tokens, two of three known, nothing known.
    private static readonly TeacherTargets Teacher = new(3, (int[])[7, 2, 9, 4, 0, -1, -1, -1, -1],
        Array.ConvertAll((double[])[-0.4, -1.5, -3, -0.1, -4, 0, 0, 0, 0], value => (Half)value));

    private static readonly long[] Targets = [2, 4, 5];

    [Theory, MemberData(nameof(Losses))]
    public void LossAndGradientAreThoseOfTheDefinition(TrainingObjective objective, MissingMass missing, double weight, double temperature)
    {
        var loss = new DistillationLoss(objective, weight, temperature, Mix: 0.3, missing);
        double[] logits = Logits(5);
        (double total, double[] gradient) = Run(loss, logits);

        Assert.Equal(Definition(loss, logits), total, 9);
        for (int i = 0; i < logits.Length; i++)
        {
            const double step = 1e-5;
            double[] up = [.. logits], down = [.. logits];
            (up[i], down[i]) = (up[i] + step, down[i] - step);
            Assert.Equal((Definition(loss, up) - Definition(loss, down)) / (2 * step), gradient[i], 7);
        }
    }

    [Theory, InlineData(MissingMass.Other), InlineData(MissingMass.Renormalize)]
    public void WithTheWholeVocabularyForwardKlIsTheExactOne(MissingMass missing)
    {
        double[] teacher = LogSoftmax(Logits(1)[..Vocabulary]), student = LogSoftmax(Logits(2)[..Vocabulary]);
        int[] order = [.. Enumerable.Range(0, Vocabulary).OrderByDescending(token => teacher[token])];
        var targets = new TeacherTargets(Vocabulary, order, Array.ConvertAll(order, token => (Half)teacher[token]));
        double exact = Enumerable.Range(0, Vocabulary).Sum(token => Math.Exp(teacher[token]) * (teacher[token] - student[token]));
        (double total, _) = Run(new DistillationLoss(TrainingObjective.ForwardKl, 1, 1, 0.5, missing), Logits(2)[..Vocabulary], targets);
        Assert.InRange(total, exact - 2e-3, exact + 2e-3); // the teacher's values are rounded to 16 bits
    }

    [Theory, InlineData(TrainingObjective.ForwardKl), InlineData(TrainingObjective.ReverseKl), InlineData(TrainingObjective.Jsd), InlineData(TrainingObjective.SkewedKl)]
    public void LumpingTheOthersGivesALowerBoundThatGrowsWithWhatIsListed(TrainingObjective objective)
    {
        double[] teacher = LogSoftmax(Logits(3)[..Vocabulary]), student = Logits(4)[..Vocabulary];
        int[] order = [.. Enumerable.Range(0, Vocabulary).OrderByDescending(token => teacher[token])];
        double[] bounds = [.. Enumerable.Range(1, Vocabulary).Select(width =>
            Run(new DistillationLoss(objective, 1, 1, 0.5, MissingMass.Other), student, new(width, order.AsMemory(0, width), Array.ConvertAll(order[..width], token => (Half)teacher[token]))).Total)];
        for (int width = 1; width < Vocabulary; width++) Assert.InRange(bounds[width - 1], 0, bounds[width] + 2e-3);
        Assert.True(bounds[0] < bounds[^1] - 0.01);
    }

    [Theory, MemberData(nameof(Losses))]
    public void AStudentThatEqualsTheTeacherHasNothingToLearn(TrainingObjective objective, MissingMass missing, double weight, double temperature)
    {
        _ = weight;
        double[] logits = Logits(6)[..Vocabulary], same = LogSoftmax(logits);
        int[] order = [.. Enumerable.Range(0, Vocabulary).OrderByDescending(token => same[token])];
        (double total, double[] gradient) = Run(new DistillationLoss(objective, 1, temperature, 0.3, missing), logits, new(4, order.AsMemory(0, 4), Array.ConvertAll(order[..4], token => (Half)same[token])));
        Assert.InRange(total, -1e-6, 1e-5);
        Assert.All(gradient, value => Assert.InRange(value, -2e-3, 2e-3)); // what rounding to 16 bits leaves
    }

    private static double[] Logits(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, 3 * Vocabulary).Select(_ => (random.NextDouble() * 6) - 3)];
    }

    // The code under test, in double precision.
    private static (double Total, double[] Gradient) Run(DistillationLoss loss, double[] logits, TeacherTargets? teacher = null)
    {
        using var scope = NewDisposeScope();
        int rows = logits.Length / Vocabulary;
        using DistillationTargets targets = DistillationTargets.Of(loss, [.. Enumerable.Range(0, rows).Select(row => (((TeacherTargets?)(teacher ?? Teacher), row)))], CPU);
        Tensor probabilities = tensor(logits, [rows, Vocabulary]).softmax(1), drawn = tensor(Targets[..rows], [rows, 1]);
        double total = targets.IntoGradient(0, probabilities, drawn, probabilities.gather(1, drawn).log().neg());
        return (total, probabilities.data<double>().ToArray());
    }

    private static double Definition(DistillationLoss loss, double[] logits) => Enumerable.Range(0, logits.Length / Vocabulary).Sum(row =>
    {
        double[] student = LogSoftmax(logits[(row * Vocabulary)..((row + 1) * Vocabulary)]);
        double crossEntropy = -student[Targets[row]];
        int[] listed = [.. Teacher.Tokens.ToArray()[(row * 3)..((row + 1) * 3)].Where(token => token >= 0)];
        if (listed.Length == 0) return crossEntropy;
        double[] p = [.. listed.Select((_, i) => Math.Exp((double)Teacher.LogProbabilities.Span[(row * 3) + i]))], q = [.. listed.Select(token => Math.Exp(student[token]))];
        if (loss.MissingMass == MissingMass.Other) (p, q) = ([.. p, 1 - p.Sum()], [.. q, Enumerable.Range(0, Vocabulary).Except(listed).Sum(token => Math.Exp(student[token]))]);
        (p, q) = (Tempered(p, loss.Temperature), Tempered(q, loss.Temperature));
        double divergence = loss.Objective switch
        {
            TrainingObjective.ForwardKl => Kl(p, q),
            TrainingObjective.ReverseKl => Kl(q, p),
            TrainingObjective.Jsd => (loss.Mix * Kl(p, Mixed(p, q, loss.Mix))) + ((1 - loss.Mix) * Kl(q, Mixed(p, q, loss.Mix))),
            TrainingObjective.SkewedKl => Kl(p, Mixed(p, q, loss.Mix)),
            _ => Kl(q, Mixed(q, p, loss.Mix)),
        };
        return ((1 - loss.Weight) * crossEntropy) + (loss.Weight * loss.Temperature * loss.Temperature * divergence);
    });

    private static double[] Tempered(double[] p, double temperature)
    {
        double[] powers = Array.ConvertAll(p, value => Math.Pow(value, 1 / temperature));
        return Array.ConvertAll(powers, value => value / powers.Sum());
    }

    private static double[] Mixed(double[] p, double[] q, double share) => [.. p.Zip(q, (a, b) => (share * a) + ((1 - share) * b))];

    private static double Kl(double[] p, double[] q) => p.Zip(q, (a, b) => a * Math.Log(a / b)).Sum();

    private static double[] LogSoftmax(double[] logits)
    {
        double normalizer = Math.Log(logits.Sum(Math.Exp));
        return Array.ConvertAll(logits, value => value - normalizer);
    }
}
