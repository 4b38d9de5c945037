using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Export;
using Distill.Export.Gguf;
using Distill.Export.Onnx;
using Distill.Inspection;
using Distill.Runs;
using Distill.Tests.Traces;
using Distill.Traces;
using Distill.Verification;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Inspection;

public sealed class InspectorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AModelFolderTellsShapeTokensAndTemplate()
    {
        TinyModels.DeepSeekV3(_folder["model"], type: TensorType.BF16);

        JsonObject facts = Facts("model", _folder["model"]);

        long inExperts = 2 * 4 * 3 * 64 * 32, parameters = (long)facts["parameters"]!;
        Assert.Equal("DeepseekV3ForCausalLM", (string?)facts["architecture"]);
        Assert.Equal(parameters * 2, (long)facts["bytes"]!);
        Assert.Equal(parameters - (inExperts / 2), (long)facts["active_parameters"]!); // two of four experts see a token
        Assert.Equal(3, (int)facts["shape"]!["num_hidden_layers"]!);
        Assert.Equal("BF16", (string?)facts["types"]![0]!["type"]);
        Assert.Equal(TinyModels.TokenCount, (int)facts["tokenizer"]!["ids"]!);
        Assert.Equal("qwen2", (string?)facts["tokenizer"]!["pre_tokenizer"]);
        JsonNode eos = facts["special_tokens"]![1]!;
        Assert.Equal(("eos", "<｜end▁of▁sentence｜>", TinyModels.BosTokenId + 1), ((string?)eos["token"], (string?)eos["text"], (int)eos["config"]!));
        Assert.True((bool)facts["chat_template"]!["starts_in_reasoning"]!);
        Assert.Equal(0.6, (double)facts["sampling"]!["temperature"]!);
        Assert.Null(facts["problems"]);
        Assert.Null(facts["tensor_list"]);
        Assert.Equal(TinyModels.Tensors(Distill.Models.ModelConfigFile.Load(_folder["model"])).Count(), Inspector.Inspect(_folder["model"], withTensors: true).Facts["tensor_list"]!.AsArray().Count);
    }

    [Fact]
    public void APartThatIsDamagedDoesNotHideTheOthers()
    {
        TinyModels.Qwen2(_folder["model"]);
        File.WriteAllText(Path.Combine(_folder["model"], "tokenizer.json"), "{");
        File.WriteAllText(Path.Combine(_folder["model"], "config.json"), """{"architectures": ["Mamba2ForCausalLM"], "hidden_size": 7}""");

        JsonObject facts = Facts("model", _folder["model"]);

        Assert.Equal("Mamba2ForCausalLM", (string?)facts["architecture"]);
        Assert.Equal(7, (int)facts["shape"]!["hidden_size"]!);
        Assert.Equal(80320, (long)facts["parameters"]!);
        Assert.Contains("tokenizer.json:1: is not valid JSON", (string?)Assert.Single(facts["problems"]!.AsArray()));
    }

    [Fact]
    public void AdaptersTellTheirBaseModelAndSize()
    {
        string adapter = Directory.CreateDirectory(_folder["adapter"]).FullName;
        File.WriteAllText(Path.Combine(adapter, "adapter_config.json"), """{"peft_type": "LORA", "base_model_name_or_path": "Qwen/Qwen2.5-7B", "r": 8, "target_modules": ["q_proj"]}""");
        File.WriteAllText(Path.Combine(adapter, "tokenizer.json"), "{}"); // trainers put it beside them

        Assert.Contains("adapter_model.safetensors: missing", (string?)Assert.Single(Facts("adapter", adapter)["problems"]!.AsArray()));
        SafetensorsWriter.Write(Path.Combine(adapter, "adapter_model.safetensors"), [TensorToWrite.OfFloats("q_proj.lora_A.weight", [8, 4], new float[32])], null);

        JsonObject facts = Facts("adapter", adapter);
        Assert.Equal(32, (long)facts["parameters"]!);
        Assert.Equal(("Qwen/Qwen2.5-7B", 8), ((string?)facts["settings"]!["base_model_name_or_path"], (int)facts["settings"]!["r"]!));
    }

    [Fact]
    public void AGgufFileTellsTypesAndTokens()
    {
        TinyModels.Qwen2(_folder["model"]);
        GgufExport.Write(_folder["model"], _folder["m.bin"], GgufFileType.Q8_0, "tiny");

        JsonObject facts = Facts("gguf", _folder["m.bin"]); // told from the content, not from the name

        Assert.Equal(("qwen2", "tiny", "Q8_0", 80320L), ((string?)facts["architecture"], (string?)facts["name"], (string?)facts["file_type"], (long)facts["parameters"]!));
        Assert.Equal(["Q8_0", "F32"], facts["types"]!.AsArray().Select(row => (string?)row!["type"]));
        Assert.Equal("<｜end▁of▁sentence｜>", (string?)facts["special_tokens"]![1]!["text"]);
        Assert.Equal($"{TinyModels.TokenCount + 5} values of string", (string?)facts["metadata"]!["tokenizer.ggml.tokens"]);
        Assert.True((bool)facts["chat_template"]!["starts_in_reasoning"]!);
    }

    [Fact]
    public void AnOnnxFolderTellsGraphAndSettings()
    {
        TinyModels.Qwen2(_folder["model"]);
        OnnxExport.Write(_folder["model"], _folder["onnx"], TestContext.Current.CancellationToken);

        JsonObject facts = Facts("onnx", _folder["onnx"]);

        Assert.StartsWith("distill", (string?)facts["producer"]);
        Assert.Equal("ai.onnx 21, com.microsoft 1", (string?)facts["opsets"]);
        Assert.Equal(2, (int)facts["operators"]!["com.microsoft.GroupQueryAttention"]!);
        Assert.Equal("[batch_size, 2, past_sequence_length, 16]", (string?)facts["inputs"]![3]!["shape"]);
        Assert.Equal($"[batch_size, sequence_length, {TinyModels.TokenCount + 5}]", (string?)facts["outputs"]![0]!["shape"]);
        Assert.Equal("portable-1", (string?)facts["metadata"]!["graph"]);
        Assert.Equal(TinyModels.BosTokenId + 1, (int)facts["genai_config"]!["eos_token_id"]![0]!);
        Assert.Equal("onnx", Inspector.Inspect(Path.Combine(_folder["onnx"], "onnx", "model.onnx"), false).Kind);
    }

    [Fact]
    public void TracesAreCountedByVerdictAndEnd()
    {
        TraceWriter.WritePart(Path.Combine(_folder["run"], "traces", "part-00000.parquet"),
            [SampleTraces.Make(1), SampleTraces.Make(2, Outcome.Incorrect), SampleTraces.Make(3, Outcome.Unverifiable, FinishReason.Length, tokens: 500)]);
        TraceWriter.WritePart(Path.Combine(_folder["run"], "traces", "part-00001.parquet"), [SampleTraces.Make(1), SampleTraces.Make(4, finish: FinishReason.Error)]);

        foreach (string path in new[] { _folder["run"], Path.Combine(_folder["run"], "traces") })
        {
            JsonObject facts = Facts("traces", path);
            Assert.Equal((5, 4, 2), ((int)facts["rows"]!, (int)facts["distinct_ids"]!, (int)facts["files"]!));
            Assert.Equal("""{"correct":3,"incorrect":1,"unverifiable":1}""", facts["verdicts"]!.ToJsonString());
            Assert.Equal("""{"complete":3,"language_mixed":0,"empty_think":0,"unclosed_think":0,"truncated":1,"loop":0,"failed":1}""", facts["end_states"]!.ToJsonString());
            Assert.Equal("""{"stop":3,"length":1,"error":1}""", facts["finish_reasons"]!.ToJsonString());
            Assert.Equal("""{"prompt":61,"completion":588,"mean_completion":117.6,"longest_completion":500}""", facts["tokens"]!.ToJsonString());
            Assert.Contains("messages.content", facts["columns"]!.AsArray().Select(column => (string?)column!["name"]));
        }
        Assert.Equal(TraceStatistics.Of(TraceReader.Read(_folder["run"])).CompletionTokens, TraceStatistics.Read(_folder["run"]).CompletionTokens);
        Assert.Equal("traces", Inspector.Inspect(Path.Combine(_folder["run"], "traces", "part-00001.parquet"), false).Kind);
    }

    [Fact]
    public void WhatDistillLeftBehindIsKnown()
    {
        new RunManifest { Stage = "export", Fingerprint = "f", Options = new JsonObject { ["gguf"] = "Q8_0", ["name"] = null }, Results = new JsonObject { ["parameters"] = 7 } }.Save(_folder["run/exported"]);
        new ExportResult { Name = "m", Parameters = 7, Files = [new ArtifactFile { Path = "gguf/m.gguf", Format = "gguf", Type = "Q8_0", Bytes = 9, Sha256 = "0", BitsPerWeight = 8.5 }] }.Save(_folder["run/exported"]);
        File.WriteAllText(_folder["run/run.json"], """{"name": "r", "status": "done", "stages": [{"id": "exported", "stage": "export", "status": "done", "seconds": 2}, {"id": "../x"}, {"id": 3}, 4]}""");

        JsonObject stage = Facts("stage", _folder["run/exported"]);
        Assert.Equal(("export", true, 9), ((string?)stage["stage"], (bool)stage["finished"]!, (int)stage["files"]![0]!["bytes"]!));
        JsonObject run = Facts("run", _folder["run"]);
        Assert.Equal("r", (string?)run["name"]);
        Assert.Equal(["parameters 7", null, null], run["stages"]!.AsArray().Select(row => (string?)row!["results"]));
    }

    [Fact]
    public void WhatIsNothingIsSaidInOneLine()
    {
        Directory.CreateDirectory(_folder["empty"]);
        File.WriteAllText(_folder["notes.txt"], "hello, this is only text");
        File.WriteAllText(_folder["m.gguf"], "<html>not found</html>");
        File.WriteAllText(_folder["none"], "");

        Assert.Contains("no such file or folder", Complaint("absent"));
        Assert.Contains("holds nothing that can be inspected", Complaint("empty"));
        Assert.Contains("is of no known format", Complaint("notes.txt"));
        Assert.Contains("is not a gguf file, whatever its name says", Complaint("m.gguf"));
        Assert.Contains("the file is empty", Complaint("none"));
    }

    [Fact]
    public void AFileOfFortyGigabytesCostsItsHeaderOnly()
    {
        const long size = 40L << 30;
        byte[] header = System.Text.Encoding.UTF8.GetBytes($$$"""{"w":{"dtype":"F32","shape":[{{{size / 4}}}],"data_offsets":[0,{{{size}}}]}}""");
        using (FileStream file = File.Create(_folder["m.safetensors"]))
        {
            file.Write(BitConverter.GetBytes((long)header.Length));
            file.Write(header);
            try
            {
                file.SetLength(8 + header.Length + size); // a hole: takes no room
            }
            catch (IOException)
            {
                Assert.Skip("the file system has no files of 40 GB");
            }
        }
        long before = GC.GetAllocatedBytesForCurrentThread();

        JsonObject facts = Facts("safetensors", _folder["m.safetensors"]);

        Assert.Equal(size / 4, (long)facts["parameters"]!);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    private static JsonObject Facts(string kind, string path)
    {
        Summary summary = Inspector.Inspect(path, withTensors: false);
        Assert.Equal(kind, summary.Kind);
        return summary.Facts;
    }

    private string Complaint(string name)
    {
        InputException refused = Assert.Throws<InputException>(() => Inspector.Inspect(_folder[name], false));
        Assert.NotNull(refused.Hint);
        return refused.Message;
    }
}
