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
        Assert.Equal((_folder.Path, 8e-5, null), (BasePreset.Resolve(options).Student, BasePreset.Resolve(options).PeakLearningRate, BasePreset.Resolve(options).Base));
        Assert.Equal(3e-6, BasePreset.Resolve(options with { LearningRate = 3e-6 }).PeakLearningRate);
        var other = new TrainOptions { Student = "tiny-qwen" };
        Assert.Same(other, BasePreset.Resolve(other));
    }

    [Fact]
    public void TheRecipeIsThePublishedOneUnlessAnotherIsGiven()
    {
        var options = new TrainOptions { Student = "qwen-7b", Size = new TrainingSetSize(800_000, 5_355) };
        Assert.Equal((2, 32_768, 1, 0.1), (options.Passes, options.RowLength, options.RowsPerPass, options.MinLearningRateRatio));
        Assert.Equal(10, options.RowsPerUpdate); // 64 samples of 5,355 tokens in rows of 32,768
        Assert.Equal(64, (options with { Packing = false }).RowsPerUpdate);
        Assert.Equal(30, options.WarmupOf(1000));
        Assert.Equal(
        [
            new("learning_rate", "8e-5", "preset qwen-7b"), new("epochs", "2", "preset qwen-7b"), new("batch_size", "10", "preset qwen-7b: 64 samples"), new("sequence_length", "32768", "preset qwen-7b"),
            new("max_positions", "131072", "preset qwen-7b"), new("warmup_steps", "30", "preset qwen-7b"), new("min_learning_rate_ratio", "0.1", "preset qwen-7b"), new("precision", "float32", "as set"),
        ], TrainingRecipe.Of(options, 1000));

        TrainOptions given = options with { LearningRate = 2e-6, BatchSize = 3, SequenceLength = 100, MaxPositions = 32_768, RopeTheta = 3e5, MaxSteps = 7, WarmupSteps = 0, MinLearningRateRatio = 0 };
        Assert.Equal(["2e-6 given", "7 given", "3 given", "100 given", "32768 given", "300000 given", "0 given", "0 as set", "float32 as set"], TrainingRecipe.Of(given, 7).Select(value => $"{value.Value} {value.Source}"));

        var tiny = new TrainOptions { Student = "tiny-qwen" };
        Assert.Equal((3e-3, 2, 512, 16, 16, 20), (tiny.PeakLearningRate, tiny.Passes, tiny.RowLength, tiny.RowsPerUpdate, tiny.RowsPerPass, tiny.WarmupOf(1000)));
        Assert.Equal(new("learning_rate", "0.003", "preset tiny-qwen"), TrainingRecipe.Of(tiny, 10)[0]);
        Assert.All(TrainingRecipe.Of(tiny, 10).Skip(1).SkipLast(2), value => Assert.Equal("default", value.Source));
        Assert.Equal((1e-5, 1e-4), (new TrainOptions { Student = "/some/model" }.PeakLearningRate, new TrainOptions { Student = "/some/model", Method = TrainingMethod.Lora }.PeakLearningRate));
    }

    // R1-Distill-Qwen-1.5B and 7B: 131,072 positions and the base's 10,000, of a base with 4,096 positions. OpenR1-Qwen-7B: 32,768 and 300,000.
    [Fact]
    public void TheStudentReachesAsFarAsThePublishedOneUnlessItIsToldOtherwise()
    {
        ModelConfig shape = BasePreset.Find("qwen-7b")!.Shape;
        var options = new TrainOptions { Student = "qwen-7b" };

        Assert.Equal((4096, 10_000), (shape.MaxPositionEmbeddings, shape.RopeTheta));
        Assert.Equal((131_072, 10_000), Reach(options, shape));
        Assert.Equal((32_768, 300_000), Reach(options with { MaxPositions = 32_768, RopeTheta = 300_000 }, shape));
        Assert.Equal((200_000, 10_000), Reach(options, shape with { MaxPositionEmbeddings = 200_000 }));
        Assert.Equal((4096, 10_000), Reach(new TrainOptions { Student = "some/folder" }, shape));

        static (int, double) Reach(TrainOptions options, ModelConfig start) => (options.Reaching(start).MaxPositionEmbeddings, options.Reaching(start).RopeTheta);
    }

    [Theory]
    [InlineData(1, 8, true, 8, 49)] // 10.5 rows hold 64 samples
    [InlineData(2, 8, true, 16, 98)]
    [InlineData(1, 1, true, 10, 61)]
    [InlineData(2, 8, false, 64, 64)]
    [InlineData(3, 8, false, 72, 72)]
    public void TorchrunTakesAsManySamplesAsThePresetSays(int nodes, int gpus, bool packing, int rows, int samples)
    {
        var options = new TrainOptions { Student = "qwen-7b", Engine = TrainingEngine.Torchrun, Nodes = nodes, GpusPerNode = gpus, Packing = packing, Size = new TrainingSetSize(800_000, 5_355) };

        Assert.Equal(rows, options.RowsPerUpdate);
        Assert.Equal(samples, TrainingRecipe.SamplesOf(options), 0.5);
        string sft = TorchrunConfig.Sft(options, "m", 10);
        Assert.StartsWith($"# One update: {rows} rows of 32768 tokens (", sft);
        Assert.Contains($"hold about {samples} samples", sft);
        Assert.Contains($"per_device_train_batch_size: 1\ngradient_accumulation_steps: {rows / nodes / gpus}\n", sft);
    }

    // 32B models on few samples: s1 (1,000), Sky-T1 and Bespoke-Stratos (17,000) took 1e-5.
    [Theory]
    [InlineData("qwen-32b", 1_000, 1e-5)]
    [InlineData("qwen-32b", 17_000, 1e-5)]
    [InlineData("qwen-32b", 44_721, 2.449e-5)] // the middle of 20,000 and 100,000, and of 1e-5 and 6e-5, on logarithmic scales
    [InlineData("qwen-32b", 114_000, 6e-5)]
    [InlineData("llama-70b", 1_000, 5e-6)]
    [InlineData("qwen-1.5b", 1_000, 1e-4)]
    public void FewSamplesWantALowerRateWhereThatIsKnown(string student, int samples, double rate) =>
        Assert.Equal(rate, new TrainOptions { Student = student, Size = new TrainingSetSize(samples, 1000) }.PeakLearningRate, rate * 1e-3);

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
