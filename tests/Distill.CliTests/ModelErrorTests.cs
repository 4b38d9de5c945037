using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace Distill.CliTests;

/// <summary>Models and data that are damaged or do not belong together: named, refused, and nothing of the user's is touched.</summary>
public sealed class ModelErrorTests : IClassFixture<ModelErrorTests.TrainedModel>, IDisposable
{
    private readonly TrainedModel _trained;
    private readonly TemporaryFolder _folder = new();

    public ModelErrorTests(TrainedModel trained)
    {
        _trained = trained;
        Directory.CreateDirectory(_folder["model"]);
        foreach (string file in Directory.GetFiles(trained.Model)) File.Copy(file, Path.Combine(_folder["model"], Path.GetFileName(file)));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TruncatedSafetensors()
    {
        using (FileStream weights = File.OpenWrite(_folder["model/model.safetensors"])) weights.SetLength(weights.Length - 1000);

        Fails("model-truncated", "export", "--model", "model", "--gguf", "F16", "--out", "o");
    }

    [Fact]
    public void UnknownArchitecture()
    {
        string config = File.ReadAllText(_folder["model/config.json"]).Replace("\"qwen2\"", "\"mamba\"").Replace("Qwen2ForCausalLM", "MambaForCausalLM");
        File.WriteAllText(_folder["model/config.json"], config);

        Fails("model-unknown-architecture", "export", "--model", "model", "--gguf", "F16", "--out", "o");
    }

    [Fact]
    public void ConfigOfAnotherModel()
    {
        string path = _folder["model/config.json"];
        File.WriteAllText(path, Regex.Replace(File.ReadAllText(path), "\"vocab_size\": ?\\d+", "\"vocab_size\": 100"));

        Fails("model-config-differs", "chat", "model", "hello");
    }

    [Fact]
    public void TokenizerOfAnotherModel()
    {
        string path = _folder["model/tokenizer.json"];
        JsonNode tokenizer = JsonNode.Parse(File.ReadAllText(path))!;
        JsonArray added = tokenizer["added_tokens"]!.AsArray();
        JsonNode extra = added[0]!.DeepClone();
        (extra["id"], extra["content"]) = (5000, "<extra>");
        added.Add(extra);
        File.WriteAllText(path, tokenizer.ToJsonString());

        Fails("model-tokenizer-differs", "chat", "model", "hello");
    }

    [Fact]
    public void NotAModel()
    {
        Directory.CreateDirectory(_folder["empty"]);
        Fails("model-missing-config", "export", "--model", "empty", "--gguf", "F16", "--out", "o");
    }

    [Fact]
    public void MissingShard()
    {
        File.Delete(_folder["model/model.safetensors"]);
        _folder.Write("model/model.safetensors.index.json", """{"weight_map":{"model.norm.weight":"model-00001-of-00002.safetensors"}}""");

        Fails("model-missing-shard", "chat", "model", "hello");
    }

    [Fact]
    public void SettingThatIsNotKnown()
    {
        string path = _folder["model/config.json"];
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        (config["use_sliding_window"], config["sliding_window"]) = (true, 16);
        File.WriteAllText(path, config.ToJsonString());

        Fails("model-unknown-setting", "chat", "model", "hello");
    }

    [Fact]
    public void PresetOfABaseModelWithoutItsWeights() => Fails("preset-without-weights", "train", "--student", "qwen-1.5b", "--data", _trained.Dataset, "--out", "o");

    [Fact]
    public void UnknownPreset() => Fails("unknown-preset", "train", "--student", "tiny-qven", "--data", _trained.Dataset, "--out", "o");

    [Fact]
    public void ParquetWithoutTheNeededColumns()
    {
        File.Copy(Path.Combine(CliProcess.Root, "tests", "Distill.CliTests", "Data", "other-columns.parquet"), _folder["other.parquet"]);

        Fails("parquet-missing-columns", "curate", "--traces", "other.parquet", "--out", "o");
    }

    [Fact]
    public void NotParquetAtAll()
    {
        _folder.Write("text.parquet", "this is no Parquet file");

        Fails("parquet-not-parquet", "curate", "--traces", "text.parquet", "--out", "o");
    }

    [Fact]
    public void ADamagedLineOfPromptsIsNamed()
    {
        _folder.Write("prompts.jsonl", "{\"prompt\": \"1+1\", \"answer\": \"2\"}\n{\"prompt\": \"1+2\", \"answer\":\n");

        Fails("prompts-damaged-line", "teacher-gen", "--prompts", "prompts.jsonl", "--teacher", "worked", "--out", "o");
    }

    private void Fails(string snapshot, params string[] arguments)
    {
        CliResult result = CliProcess.Run(_folder.Path, arguments);

        string error = result.Error.Replace(_trained.Dataset, "<dataset>").Replace(_folder.Path, "<folder>");
        // Sizes and hashes are those of a model that was made for this test; what counts is the sentence around them.
        if (snapshot.StartsWith("model-", StringComparison.Ordinal)) error = Regex.Replace(Regex.Replace(error, "@[0-9a-f]{12}", "@<id>"), "\\d+", "<n>");
        Snapshot.Match(snapshot, error, _folder.Path);
        Assert.Equal(1, result.ExitCode);
        Assert.DoesNotContain("   at ", result.Error);
    }

    /// <summary>One small trained model for all tests of the class.</summary>
    public sealed class TrainedModel : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public TrainedModel()
        {
            SmallRun.Write(_folder, "small");
            CliResult result = CliProcess.Run(_folder.Path, "run", "small.yaml", "--set", "student.max_steps=1", "--set", "eval.limit=1");
            Assert.True(result.ExitCode == 0, result.Error);
        }

        public string Model => _folder["artifacts/small/student/model"];

        public string Dataset => _folder["artifacts/small/traces/dataset"];

        public void Dispose() => _folder.Dispose();
    }
}
