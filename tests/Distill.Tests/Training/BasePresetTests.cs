using Distill.Models;
using Distill.Runs;
using Distill.Training;
using Xunit;

namespace Distill.Tests.Training;

public sealed class BasePresetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Numbers of parameters as the model pages and safetensors' own totals give them.
    [Theory]
    [InlineData("qwen-1.5b", "Qwen/Qwen2.5-Math-1.5B", 1_543_714_304, 1e-4)]
    [InlineData("qwen-7b", "Qwen/Qwen2.5-Math-7B", 7_615_616_512, 8e-5)]
    [InlineData("qwen-14b", "Qwen/Qwen2.5-14B", 14_770_033_664, 7e-5)]
    [InlineData("qwen-32b", "Qwen/Qwen2.5-32B", 32_763_876_352, 6e-5)]
    [InlineData("llama-8b", "meta-llama/Llama-3.1-8B", 8_030_261_248, 5e-5)]
    [InlineData("llama-70b", "meta-llama/Llama-3.3-70B-Instruct", 70_553_706_496, 2e-5)]
    public void EachIsThePublishedModelAtThePublishedRate(string name, string model, long parameters, double learningRate)
    {
        BasePreset preset = BasePreset.Find(name)!;
        Assert.Equal((model, parameters, learningRate), (preset.BaseModel, preset.Shape.ParameterCount(), preset.LearningRate));
        Assert.Contains(name, BasePreset.Names);
    }

    [Fact]
    public void TheFolderTakesThePresetsPlaceAndItsRateHoldsUnlessAnotherIsGiven()
    {
        ModelConfigFile.Save(BasePreset.Find("qwen-7b")!.Shape, _folder.Path);
        TrainOptions options = new() { Student = "qwen-7b", Base = _folder.Path };
        Assert.Equal((_folder.Path, 8e-5, null), (BasePreset.Resolve(options).Student, BasePreset.Resolve(options).LearningRate, BasePreset.Resolve(options).Base));
        Assert.Equal(3e-6, BasePreset.Resolve(options with { LearningRate = 3e-6 }).LearningRate);
        var other = new TrainOptions { Student = "tiny-qwen" };
        Assert.Same(other, BasePreset.Resolve(other));
    }

    [Fact]
    public void WithoutWeightsOneLineSaysHowToGetThem()
    {
        InputException error = Assert.Throws<InputException>(() => BasePreset.Resolve(new() { Student = "qwen-1.5b" }));
        Assert.Equal("student `qwen-1.5b` needs the weights of Qwen/Qwen2.5-Math-1.5B", error.Message);
        Assert.Equal("download them, e.g. `hf download Qwen/Qwen2.5-Math-1.5B --local-dir Qwen2.5-Math-1.5B`, and pass `--base Qwen2.5-Math-1.5B`", error.Hint);
    }

    [Fact]
    public void AnotherModelInTheFolderIsNamedWithWhatDiffers()
    {
        ModelConfigFile.Save(BasePreset.Find("qwen-14b")!.Shape, _folder.Path);
        InputException error = Assert.Throws<InputException>(() => BasePreset.Resolve(new() { Student = "qwen-32b", Base = _folder.Path }));
        Assert.Contains("intermediate_size is 13824, Qwen/Qwen2.5-32B has 27648", error.Message);
        Assert.Contains("no preset of a base model", Assert.Throws<InputException>(() => BasePreset.Resolve(new() { Student = "tiny-qwen", Base = _folder.Path })).Message);
    }
}
