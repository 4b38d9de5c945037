using Distill.Runs;
using Distill.Training;
using Xunit;

namespace Distill.Tests.Training;

public sealed class TrainOptionRulesTests
{
    private static readonly OptionSet Options = OptionSet.Of<TrainOptions>();

    [Theory]
    [InlineData("max_steps", "-1", "train: `max_steps` cannot be -1", "give a whole number, 0 or more")]
    [InlineData("held_out_share", "1.2", "train: `held_out_share` cannot be 1.2", "give a share from 0, below 1")]
    [InlineData("threads", "9999", "train: `threads` cannot be 9999", "give 0 (one for each core) to 1024")]
    public void AValueThatCannotBeMeantIsNamedWithWhatWouldBe(string key, string value, string message, string hint)
    {
        var error = Assert.Throws<InputException>(() => Bind("tiny-qwen", new OptionValue(key, [value], "p.yaml:5")));

        Assert.Equal($"p.yaml:4: {message}", error.Message);
        Assert.Equal(hint, error.Hint);
    }

    [Theory]
    [InlineData("tiny-qwenn", "student `tiny-qwenn` is neither a preset nor a model folder", "did you mean `tiny-qwen`?")]
    [InlineData("qwen-1.5b", "student `qwen-1.5b` needs the weights of Qwen/Qwen2.5-Math-1.5B", "hf download Qwen/Qwen2.5-Math-1.5B --local-dir Qwen2.5-Math-1.5B")]
    public void AStudentThatCannotBeIsRefusedBeforeAnEarlierStageIsPaidFor(string student, string message, string hint)
    {
        var error = Assert.Throws<InputException>(() => Bind(student));

        Assert.EndsWith(message, error.Message);
        Assert.Contains(hint, error.Hint);
    }

    [Fact]
    public void AnEarlierStagesModelAndAFolderToComeAreNotAsked()
    {
        Bind("$earlier");
        Bind("artifacts/run/earlier/model");
    }

    private static void Bind(string student, params OptionValue[] more) =>
        Options.Bind("train", "p.yaml:4", [new OptionValue("student", [student], "p.yaml:4"), new OptionValue("data", ["d"], "p.yaml:4"), new OptionValue("out", ["o"], "p.yaml:4"), .. more]);
}
