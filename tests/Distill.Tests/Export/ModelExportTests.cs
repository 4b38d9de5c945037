using Distill.Export;
using Distill.Export.Gguf;
using Distill.Pipelines;
using Distill.Runs;
using Distill.Tests.Traces;
using Distill.Traces;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

public sealed class ModelExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<ProgressEvent> _events = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EveryFileIsListedWithSizeHashAndBits()
    {
        TinyModels.Qwen2(_folder["run/student/model"]);
        ExportResult result = await Run(new ExportOptions
        {
            Model = _folder["run/student/model"],
            Gguf = [GgufFileType.F16, GgufFileType.Q8_0, GgufFileType.F16],
            Onnx = [OnnxPrecision.Fp32, OnnxPrecision.Int4],
            Out = _folder["out"],
        });
        Assert.Equal(["gguf/student-F16.gguf", "gguf/student-Q8_0.gguf", "onnx/onnx/model.onnx", "onnx/onnx/model_q4.onnx"], result.Files.Select(file => file.Path));
        foreach (ArtifactFile file in result.Files)
        {
            string path = Path.Combine(_folder["out"], file.Path);
            Assert.Equal(new FileInfo(path).Length, file.Bytes);
            Assert.Equal(Fingerprint.OfFile(path), file.Sha256);
        }
        Assert.InRange(result.Files[0].BitsPerWeight, 16, 16.3);
        Assert.InRange(result.Files[1].BitsPerWeight, 8.5, 8.9);
        Assert.Equal(80320, result.Parameters);
        Assert.Equivalent(result, ExportResult.Load(_folder["out"]), strict: true);
        Assert.Contains(_events, progress => progress is { Stage: "export Q8_0", Unit: "tensors" } && progress.Completed == progress.Total);
    }

    [Fact]
    public async Task AllTokensAreWrittenAsTopKOfZero()
    {
        TinyModels.Qwen2(_folder["model"]);
        File.WriteAllText(_folder["model/generation_config.json"], """{"temperature":0.6,"top_k":-1}""");

        await Run(new ExportOptions { Model = _folder["model"], Name = "tiny", Gguf = [GgufFileType.F16], Out = _folder["out"] });

        Assert.Contains("PARAMETER top_k 0\n", File.ReadAllText(_folder["out/gguf/Modelfile"]));
        using GgufReader file = GgufReader.Open(_folder["out/gguf/tiny-F16.gguf"]);
        Assert.Equal(0, file.Metadata.GetCount("general.sampling.top_k"));
    }

    [Fact]
    public async Task ATensorWithoutElementsIsRefused()
    {
        var metadata = new GgufMetadata { { "general.architecture", "qwen2" }, { "qwen2.block_count", 1u }, { "qwen2.attention.head_count", 1u } };
        GgufWriter.Write(_folder["model.gguf"], metadata, [new GgufTensorToWrite("blk.0.ffn_up.weight", GgufTensorType.F32, [4, 0], _ => { })]);

        InputException error = await Assert.ThrowsAsync<InputException>(() => Run(new ExportOptions { Model = _folder["model.gguf"], Gguf = [GgufFileType.Q8_0], Out = _folder["out"] }));

        Assert.EndsWith("tensor `blk.0.ffn_up.weight` has no elements", error.Message);
    }

    [Fact]
    public async Task EveryShardIsListedAndCounts()
    {
        TinyModels.Qwen2(_folder["model"]);
        ExportResult result = await Run(new ExportOptions { Model = _folder["model"], Name = "tiny", Gguf = [GgufFileType.F16], MaxShardSize = "60K", Out = _folder["out"] });
        ArtifactFile file = Assert.Single(result.Files);
        string[] shards = [.. Directory.EnumerateFiles(_folder["out/gguf"], "*.gguf").Order(StringComparer.Ordinal)];
        Assert.InRange(shards.Length, 3, 20);
        Assert.Equal(shards.Select(shard => new ArtifactPart($"gguf/{Path.GetFileName(shard)}", new FileInfo(shard).Length, Fingerprint.OfFile(shard))), file.Parts);
        Assert.Equal(file.Parts[0].Path, file.Path);
        Assert.Equal(file.Parts.Sum(part => part.Bytes), file.Bytes);
        Assert.Equal(new InputHashes(_folder["hashes.json"], TimeProvider.System).Of(shards[0]), file.Sha256); // what a pipeline that reads it notes
        File.AppendAllText(shards[1], "x");
        Assert.NotEqual(new InputHashes(_folder["hashes.json"], TimeProvider.System).Of(shards[0]), file.Sha256);
    }

    [Fact]
    public async Task AnExportThatStopsLeavesOnlyWholeFilesAndRunsAgain()
    {
        TinyModels.DeepSeekV3(_folder["teacher"]);
        using var cancellation = new CancellationTokenSource();
        var options = new ExportOptions { Model = _folder["teacher"], Gguf = [GgufFileType.F32, GgufFileType.Q8_0], Out = _folder["out"] };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ModelExport.RunAsync(options, new Reporter(progress =>
        {
            if (progress is { Stage: "export Q8_0", Completed: 5 }) cancellation.Cancel();
        }), cancellation.Token));
        Assert.Equal(["Modelfile", "teacher-F32.gguf"], Directory.EnumerateFiles(_folder["out/gguf"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.False(File.Exists(_folder["out/artifact.json"]));
        Assert.Equal(2, (await Run(options)).Files.Count);
    }

    [Fact]
    public async Task AnImatrixIsMeasuredOnWhatTheModelWasTrainedOn()
    {
        TinyModels.Qwen2(_folder["run/model"]);
        var options = new ExportOptions { Model = _folder["run/model"], Gguf = [GgufFileType.Q4_K_M], Imatrix = "auto", Out = _folder["out"] };
        Assert.Contains("`--imatrix auto` needs something to read", (await Refused(options)).Message);

        string data = _folder["data"];
        TraceWriter.WritePart(Path.Combine(data, "dataset", TraceWriter.PartName(0)), [.. Enumerable.Range(0, 6).Select(i => SampleTraces.Make(i))]);
        new RunManifest { Stage = "train", Fingerprint = "f", Options = new() { ["data"] = data } }.Save(_folder["run"]);
        await Run(options);
        Assert.True(File.Exists(_folder["out/gguf/imatrix.gguf"]));
        using GgufReader file = GgufReader.Open(_folder["out/gguf/run-Q4_K_M.gguf"]);
        Assert.Equal("data", file.Metadata.GetString("quantize.imatrix.dataset"));
    }

    [Fact]
    public async Task UnusableOptionsSayWhatToDo()
    {
        TinyModels.Qwen2(_folder["model"]);
        var options = new ExportOptions { Model = _folder["model"], Gguf = [GgufFileType.F32], Out = _folder["out"] };
        Assert.Contains("nothing to export", (await Refused(options with { Gguf = [] })).Message);
        Assert.Contains("`../x`", (await Refused(options with { Name = "../x" })).Message);
        Assert.Contains("no such model folder", (await Refused(options with { Model = _folder["absent"] })).Message);
        Assert.False(Directory.Exists(_folder["out"]));
        File.WriteAllText(_folder["file"], "");
        Assert.Contains("file", (await Refused(options with { Out = _folder["file/x"] })).Message);
    }

    [Fact]
    public async Task ATypeForNoTensorIsRefused()
    {
        TinyModels.Qwen2(_folder["model"]);
        var options = new ExportOptions { Model = _folder["model"], Name = "tiny", Gguf = [GgufFileType.Q4_K_M], Out = _folder["out"] };
        InputException refused = await Refused(options with { TensorType = ["ffn_down=Q6_K", "ffn_dwon=Q8_0"] });
        Assert.Contains("`ffn_dwon=Q8_0` matches none of the 15 tensors", refused.Message);
        Assert.Contains("`token_embd.weight`", refused.Hint);
        Assert.Contains("`attn_norm=Q8_0` matches none", (await Refused(options with { TensorType = ["attn_norm=Q8_0"] })).Message); // a norm is never quantised
        Assert.False(Directory.Exists(_folder["out"]));
        await Run(options with { TensorType = ["ffn_down=Q8_0", "ffn_.*=Q5_0"] });
        using GgufReader file = GgufReader.Open(_folder["out/gguf/tiny-Q4_K_M.gguf"]);
        Assert.Equal(GgufTensorType.Q8_0, file.Tensors.Single(tensor => tensor.Name == "blk.1.ffn_down.weight").Type); // the first that matches
        Assert.Equal(GgufTensorType.Q5_0, file.Tensors.Single(tensor => tensor.Name == "blk.1.ffn_up.weight").Type);
    }

    [Fact]
    public async Task WhatOnnxCannotExpressIsRefusedBeforeAnythingIsWritten()
    {
        TinyModels.DeepSeekV3(_folder["model"]);
        InputException refused = await Refused(new ExportOptions { Model = _folder["model"], Gguf = [GgufFileType.F16], Onnx = [OnnxPrecision.Fp32], Out = _folder["out"] });
        Assert.Contains("DeepSeekV3 cannot be exported to ONNX", refused.Message);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public async Task ANameOfLlamaCppsOwnIsWrittenAndAnInventedOneRefused()
    {
        TinyModels.Qwen2(_folder["model"]);
        var options = new ExportOptions { Model = _folder["model"], Name = "tiny", Gguf = [GgufFileType.F16], Pre = "smolm", Out = _folder["out"] };
        Assert.Contains("no pre-tokenizer of that name", (await Refused(options)).Message);
        Assert.False(Directory.Exists(_folder["out"]));

        await Run(options with { Pre = "smollm" });
        Assert.Contains(_events, progress => progress.Line?.Contains("how it cuts text was not compared", StringComparison.Ordinal) == true);
        await Run(options with { SkipDoctor = true });
        using GgufReader file = GgufReader.Open(_folder["out/gguf/tiny-F16.gguf"]);
        Assert.Equal("smolm", file.Metadata.GetString("tokenizer.ggml.pre"));
    }

    [Fact]
    public async Task EachFileIsSaidWithItsSizeAndBits()
    {
        TinyModels.Qwen2(_folder["model"]);
        await Run(new ExportOptions { Model = _folder["model"], Name = "tiny", Gguf = [GgufFileType.F16, GgufFileType.Q8_0], MaxShardSize = "100K", Out = _folder["out"] });
        string[] lines = [.. _events.Select(progress => progress.Line).OfType<string>().Where(line => line.Contains("bits per weight", StringComparison.Ordinal))];
        Assert.Equal(2, lines.Length);
        Assert.Matches(@"^gguf/tiny-F16-00001-of-0000(\d)\.gguf and \d more: [\d.]+ kB, 16\.\d\d bits per weight$", lines[0]);
    }

    [Fact]
    public void DamagedArtifactListsAreNamed()
    {
        Assert.Contains("missing", Assert.Throws<InputException>(() => ExportResult.Load(_folder.Path)).Message);
        File.WriteAllText(_folder["artifact.json"], "{\"name\": 3}");
        Assert.Contains("not an artifact list", Assert.Throws<InputException>(() => ExportResult.Load(_folder.Path)).Message);
    }

    private Task<ExportResult> Run(ExportOptions options) => ModelExport.RunAsync(options, new Reporter(_events.Add), default);

    private Task<InputException> Refused(ExportOptions options) => Assert.ThrowsAsync<InputException>(() => Run(options));

    private sealed class Reporter(Action<ProgressEvent> report) : IProgress<ProgressEvent>
    {
        public void Report(ProgressEvent value) => report(value);
    }
}
