using System.Diagnostics;
using Distill.Runs;
using Distill.Training;
using Parquet;
using Parquet.Data;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Distill.Tests.Training;

public sealed class TorchrunTests : IDisposable
{
    private static readonly TrainOptions Recipe = new()
    {
        Engine = TrainingEngine.Torchrun,
        SequenceLength = 32768,
        BatchSize = 64,
        MicroBatchSize = 3,
        LearningRate = 6e-5,
        Nodes = 2,
        GpusPerNode = 8,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TheDatasetHoldsTheVeryTokensAndTheVeryMask()
    {
        TorchrunDataset.Write(_folder["t.parquet"], [new((int[])[5, 6, 7, 8], 2), new((int[])[9, 10], 0), new((int[])[1, 2, 3], 3)]);

        await using ParquetReader reader = await ParquetReader.CreateAsync(_folder["t.parquet"]);
        ParquetRowGroupReader rows = reader.OpenRowGroupReader(0);
        Assert.Equal(["input_ids/list/element", "labels/list/element"], reader.Schema.DataFields.Select(field => field.Path.ToString()));
        Assert.Equal(3, rows.RowCount);
        (int[] ids, int[] starts) = await Read(0);
        (int[] labels, int[] labelStarts) = await Read(1);
        Assert.Equal([5, 6, 7, 8, 9, 10, 1, 2, 3], ids);
        Assert.Equal([-100, -100, 7, 8, -100, 10, -100, -100, -100], labels); // the first token is predicted from nothing
        Assert.Equal([0, 1, 1, 1, 0, 1, 0, 1, 1], starts);
        Assert.Equal(starts, labelStarts);

        async Task<(int[] Values, int[] Repetitions)> Read(int field)
        {
            using var column = (RawColumnData<int>)await rows.ReadRawColumnDataBaseAsync(reader.Schema.DataFields[field], CancellationToken.None);
            return (column.Values.ToArray(), column.RepetitionLevels.ToArray());
        }
    }

    [Fact]
    public void TheSettingsSayWhatTheRecipeSays()
    {
        var sft = (YamlMappingNode)Yaml(TorchrunConfig.Sft(Recipe, "/models/qwen", 1000)).Single();

        Assert.All(sft.Children.Keys, key => Assert.True(EngineOptions.Sft.Contains(((YamlScalarNode)key).Value!), key.ToString()));
        Assert.Equal("/models/qwen", Text("model_name_or_path"));
        Assert.Equal(6e-5, double.Parse(Text("learning_rate")), 12);
        Assert.Contains('.', Text("learning_rate")); // without a point YAML 1.1 reads a text
        Assert.Equal("32768", Text("max_length"));
        Assert.Equal("1000", Text("max_steps"));
        int perGpu = int.Parse(Text("per_device_train_batch_size")) * int.Parse(Text("gradient_accumulation_steps"));
        Assert.Equal(64, perGpu * 16);
        Assert.InRange(int.Parse(Text("per_device_train_batch_size")), 1, 3);
        Assert.Equal("deepspeed.json", Text("deepspeed"));
        Assert.False(sft.Children.ContainsKey(new YamlScalarNode("fsdp")));

        string Text(string key) => ((YamlScalarNode)sft.Children[new YamlScalarNode(key)]).Value!;
    }

    [Fact]
    public void FsdpTakesThePlaceOfDeepSpeed()
    {
        string sft = TorchrunConfig.Sft(Recipe with { Sharding = Sharding.Fsdp }, "m", 1);
        Assert.Contains("fsdp: \"full_shard auto_wrap\"", sft, StringComparison.Ordinal);
        Assert.DoesNotContain("deepspeed", sft, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatStaysInTheComputersMemoryIsSaidInTheEnginesWords()
    {
        Assert.Empty(Offloaded(Recipe));
        Assert.Equal(["offload_optimizer"], Offloaded(Recipe with { OptimizerOnCpu = true }));
        Assert.Equal(["offload_optimizer", "offload_param"], Offloaded(Recipe with { ParametersOnCpu = true }));
        Assert.Contains("\"offload_params\":false", TorchrunConfig.Sft(Recipe with { Sharding = Sharding.Fsdp }, "m", 1), StringComparison.Ordinal);
        Assert.Contains("\"offload_params\":true", TorchrunConfig.Sft(Recipe with { Sharding = Sharding.Fsdp, ParametersOnCpu = true }, "m", 1), StringComparison.Ordinal);

        static string[] Offloaded(TrainOptions options) => [.. TorchrunConfig.DeepSpeed(options)["zero_optimization"]!.AsObject()
            .Where(item => item.Key.StartsWith("offload", StringComparison.Ordinal) && item.Value!["device"]!.GetValue<string>() == "cpu").Select(item => item.Key)];
    }

    [Fact]
    public void ABatchThatCannotBeDividedIsRefused() =>
        Assert.Contains("cannot be divided among 16 GPUs", Assert.Throws<InputException>(() => TorchrunConfig.Sft(Recipe with { BatchSize = 40 }, "m", 1)).Message, StringComparison.Ordinal);

    [Theory, InlineData(Launcher.Local), InlineData(Launcher.Slurm), InlineData(Launcher.Kubernetes)]
    public void WhatIsWrittenIsWellFormed(Launcher launcher)
    {
        new TorchrunJob(Recipe with { Launcher = launcher }, _folder["job"]).Write([new((int[])[1, 2, 3], 1)], "m", 10);

        string[] expected = launcher switch
        {
            Launcher.Slurm => ["deepspeed.json", "job.slurm", "launch.sh", "requirements.txt", "sft.yaml", "train.py"],
            Launcher.Kubernetes => ["deepspeed.json", "job.yaml", "launch.sh", "requirements.txt", "sft.yaml", "train.py"],
            _ => ["deepspeed.json", "launch.sh", "requirements.txt", "sft.yaml", "train.py"],
        };
        Assert.Equal(expected, Directory.GetFiles(_folder["job"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.True(File.Exists(_folder["job/data/train.parquet"]));
        foreach (string script in Directory.GetFiles(_folder["job"]).Where(file => Path.GetExtension(file) is ".sh" or ".slurm"))
        {
            using Process bash = Process.Start(new ProcessStartInfo("bash", ["-n", script]) { RedirectStandardError = true })!;
            Assert.Equal("", bash.StandardError.ReadToEnd());
        }
        if (launcher != Launcher.Kubernetes) return;
        YamlNode[] documents = Yaml(File.ReadAllText(_folder["job/job.yaml"]));
        Assert.Equal(["Service", "Job"], documents.Select(document => document["kind"].ToString()));
        Assert.Equal("2", documents[1]["spec"]["parallelism"].ToString());
        Assert.Equal("8", documents[1]["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"].ToString());
    }

    // The engine's names stand for themselves here: what it is given is written down.
    private const string EngineStandIn = """
        class ScriptArguments: dataset_name, dataset_train_split = "data", "train"
        class SFTConfig: output_dir = "output"
        class ModelConfig: model_name_or_path, dtype, attn_implementation = "m", "bfloat16", "flash"
        class TrlParser:
            def __init__(self, kinds): self.kinds = kinds
            def parse_args_and_config(self): return tuple(kind() for kind in self.kinds)
        class SFTTrainer:
            def __init__(self, model, args, train_dataset): print(model, args.model_init_kwargs["dtype"], train_dataset)
            def train(self, resume_from_checkpoint): print(resume_from_checkpoint)
            def save_model(self, folder): print("saved", folder)
        """;

    [Theory]
    [InlineData("None")]
    [InlineData("output/checkpoint-1000", "checkpoint-1000/trainer_state.json", "checkpoint-200/trainer_state.json")]
    [InlineData("output/checkpoint-200", "checkpoint-1000/model.safetensors", "checkpoint-200/trainer_state.json", "checkpoint-x/trainer_state.json")] // killed while it wrote the newest
    public void TheEngineGoesOnFromTheNewestWholeCheckpoint(string expected, params string[] files)
    {
        Assert.SkipUnless(ProgramPath.Find("python3") is not null, "needs Python, which the program is written in");
        new TorchrunJob(Recipe, _folder["job"]).Write([new((int[])[1, 2, 3], 1)], "m", 10);
        File.WriteAllText(_folder["job/trl.py"], EngineStandIn);
        File.WriteAllText(_folder["job/datasets.py"], "def load_dataset(name, split): return f'{name}[{split}]'");
        foreach (string file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder["job/output/" + file])!);
            File.WriteAllText(_folder["job/output/" + file], "{}");
        }

        using Process python = Process.Start(new ProcessStartInfo("python3", ["-B", "train.py", "--config", "sft.yaml"]) { WorkingDirectory = _folder["job"], RedirectStandardOutput = true })!;

        Assert.Equal(["m bfloat16 data[train]", expected, "saved output"], python.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("{'loss': 0.71, 'grad_norm': 0.5, 'learning_rate': 1e-05, 'epoch': 0.42}", 0.71, 1e-5)]
    [InlineData("{'loss': '1.25', 'grad_norm': 'nan', 'learning_rate': '2.5e-06', 'entropy': '0.4'}", 1.25, 2.5e-6)]
    public void TheEnginesLinesAreUnderstood(string line, double loss, double learningRate)
    {
        EngineReading reading = EngineReading.Parse(line)!;
        Assert.Equal(loss, reading.Values["loss"]);
        Assert.Equal(learningRate, reading.Values["learning_rate"]);
    }

    [Theory, InlineData(""), InlineData("loading weights"), InlineData("'loss' is a word"), InlineData("{'loss': 'abc'}")]
    public void OtherLinesAreNot(string line) => Assert.Null(EngineReading.Parse(line));

    private static YamlNode[] Yaml(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(document => document.RootNode)];
    }
}
