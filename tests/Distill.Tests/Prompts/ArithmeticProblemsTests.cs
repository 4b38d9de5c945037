using System.Data;
using Distill.Prompts;
using Xunit;

namespace Distill.Tests.Prompts;

public sealed class ArithmeticProblemsTests
{
    public static TheoryData<ArithmeticSplit> Splits => [ArithmeticSplit.Short, ArithmeticSplit.Basic, ArithmeticSplit.Hard];

    private static string Expression(Prompt prompt) => prompt.Messages[0].Content["Compute ".Length..^1];

    // .NET's own evaluator of expressions, which shares nothing with the generator.
    private static string Evaluate(string expression)
    {
        using var table = new DataTable();
        return table.Compute(expression, null).ToString()!;
    }

    [Theory, MemberData(nameof(Splits))]
    public void TheReferenceAnswerIsTheValueOfTheExpression(ArithmeticSplit split) =>
        Assert.All(ArithmeticProblems.Generate(split, 500, 1, heldOut: false), prompt => Assert.Equal(Evaluate(Expression(prompt)), prompt.ReferenceAnswer));

    [Theory, MemberData(nameof(Splits))]
    public void EveryWorkedStepIsTrueAndTheLastGivesTheAnswer(ArithmeticSplit split)
    {
        foreach (Prompt prompt in ArithmeticProblems.Generate(split, 500, 2, heldOut: false))
        {
            string[] steps = prompt.ReferenceReasoning!.Split('\n');
            Assert.True(steps.Length >= 2, prompt.ReferenceReasoning);
            Assert.All(steps, step => Assert.Equal(Evaluate(step.Split('=')[0]), step.Split('=')[1]));
            Assert.EndsWith("=" + prompt.ReferenceAnswer, prompt.ReferenceReasoning, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void BasicProblemsHaveTwoToFiveOperations() =>
        Assert.All(ArithmeticProblems.Generate(ArithmeticSplit.Basic, 500, 3, heldOut: false),
            prompt => Assert.InRange(Expression(prompt).Count("+-*".Contains), 2, 5));

    [Theory, MemberData(nameof(Splits))]
    public void HeldOutProblemsAreNeverTrainedOnWhateverTheSeed(ArithmeticSplit split)
    {
        HashSet<string> train = [.. ArithmeticProblems.Generate(split, 3000, 4, heldOut: false).Select(Expression)];
        Assert.Equal(3000, train.Count);
        Assert.DoesNotContain(ArithmeticProblems.Generate(split, 1000, 5, heldOut: true).Select(Expression), train.Contains);
    }

    [Fact]
    public void TheSameSeedGivesTheSameProblems()
    {
        Assert.Equal(Ids(6), Ids(6));
        Assert.NotEqual(Ids(6), Ids(7));

        static string[] Ids(long seed) => [.. ArithmeticProblems.Generate(ArithmeticSplit.Basic, 50, seed, heldOut: false).Select(prompt => prompt.Id)];
    }
}
