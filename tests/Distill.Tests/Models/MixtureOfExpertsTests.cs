using Distill.Models;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

public sealed class MixtureOfExpertsTests
{
    [Theory, InlineData(1), InlineData(4)]
    public void SortingByExpertEqualsTheDefinitionTokenByToken(int groups)
    {
        TorchRuntime.Initialize(1);
        using var none = no_grad();
        using CausalLM model = TinyShapes.Random(TinyShapes.DeepSeek(groups: groups));
        MixtureConfig mixture = model.Config.Mixture!;
        var weights = model.named_parameters().Select(item => (item.name, tensor: (Tensor)item.parameter))
            .Concat(model.named_buffers().Select(item => (item.name, tensor: item.buffer)))
            .Where(item => item.name.StartsWith("model.layers.1.mlp.", StringComparison.Ordinal))
            .ToDictionary(item => item.name["model.layers.1.mlp.".Length..], item => item.tensor);
        Tensor tokens = randn(1, 30, 32, generator: new Generator(3));
        MixtureOfExperts experts = model.named_modules().Select(item => item.module).OfType<MixtureOfExperts>().First();

        var expected = new List<Tensor>();
        for (int t = 0; t < 30; t++)
        {
            Tensor token = tokens[0, t];
            float[] scores = TinyShapes.Floats(matmul(weights["gate.weight"], token).sigmoid());
            int[] chosen = Choose(scores, TinyShapes.Floats(weights["gate.e_score_correction_bias"]), mixture);
            double sum = chosen.Sum(expert => (double)scores[expert]);
            Tensor output = Expert("shared_experts", token);
            foreach (int expert in chosen) output += Expert($"experts.{expert}", token) * (scores[expert] / sum * mixture.RoutedScalingFactor);
            expected.Add(output);
        }
        Assert.True(TinyShapes.LargestDifference(stack(expected), experts.Forward(tokens)[0]) < 1e-5);

        Tensor Expert(string name, Tensor token) => matmul(weights[name + ".down_proj.weight"],
            nn.functional.silu(matmul(weights[name + ".gate_proj.weight"], token)) * matmul(weights[name + ".up_proj.weight"], token));
    }

    [Fact]
    public void RebalancingFavoursExpertsWithFewTokens()
    {
        TorchRuntime.Initialize(1);
        using var router = new Router(4, TinyShapes.DeepSeek().Mixture! with { NRoutedExperts = 4, NGroup = 1 });
        router.train();
        router.CountLoad([10, 2, 4, 4]);
        router.Rebalance(0.01);
        Assert.Equal([-0.01f, 0.01f, 0.01f, 0.01f], TinyShapes.Floats(router.named_buffers().Single().buffer));
    }

    private static int[] Choose(float[] scores, float[] bias, MixtureConfig mixture)
    {
        float[] corrected = [.. scores.Zip(bias, (score, b) => score + b)];
        int size = scores.Length / mixture.NGroup;
        int[] groups = [.. Enumerable.Range(0, mixture.NGroup)
            .OrderByDescending(group => corrected[(group * size)..((group + 1) * size)].OrderDescending().Take(2).Sum()).Take(mixture.TopkGroup)];
        return [.. Enumerable.Range(0, scores.Length).Where(expert => mixture.NGroup == 1 || groups.Contains(expert / size))
            .OrderByDescending(expert => corrected[expert]).Take(mixture.NumExpertsPerTok)];
    }
}
