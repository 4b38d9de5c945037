using System.Text.Json.Nodes;
using Distill.Diagnosis;
using Distill.Models;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Diagnosis;

/// <summary>A sound model folder, to be given one fault.</summary>
internal sealed class SickModel : IDisposable
{
    public const string Eos = "<｜end▁of▁sentence｜>", Bos = "<｜begin▁of▁sentence｜>";

    private readonly TemporaryFolder _folder = new();

    public SickModel(Architecture architecture = Architecture.Qwen2)
    {
        if (architecture == Architecture.DeepSeekV3) TinyModels.DeepSeekV3(Path);
        else TinyModels.Qwen2(Path);
    }

    public static int BosId => TinyModels.BosTokenId;

    public static int EosId => TinyModels.BosTokenId + 1;

    public string Path => _folder["model"];

    public string this[string name] => _folder[name];

    public void Dispose() => _folder.Dispose();

    public SickModel Edit(string file, Action<JsonObject> change)
    {
        string path = System.IO.Path.Combine(Path, file);
        var json = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
        return this;
    }

    public SickModel Template(string source) => Edit("tokenizer_config.json", json => json["chat_template"] = source);

    /// <summary>Writes a GGUF file again with other metadata; null leaves a key out, and one may be added.</summary>
    public static void EditGguf(string path, Func<string, object, object?> change, (string Key, object Value)? added = null)
    {
        using (GgufReader file = GgufReader.Open(path))
        {
            var metadata = new GgufMetadata();
            foreach ((string key, object value) in file.Metadata)
            {
                if (change(key, value) is { } changed) metadata.Add(key, changed);
            }
            if (added is { } more) metadata.Add(more.Key, more.Value);
            GgufWriter.Write(path + ".new", metadata, [.. file.Tensors.Select(tensor => new GgufTensorToWrite(tensor.Name, tensor.Type, [.. tensor.Shape], stream => stream.Write(file.Bytes(tensor))))]);
        }
        File.Move(path + ".new", path, overwrite: true);
    }

    public IReadOnlyList<Finding> Examine(Func<Examination, Examination>? more = null)
    {
        var examination = new Examination { Model = Path };
        return ModelDoctor.Examine(more?.Invoke(examination) ?? examination);
    }

    /// <summary>The one finding that is more than a note.</summary>
    public Finding Only(string check, Severity severity, Func<Examination, Examination>? more = null)
    {
        Finding finding = Assert.Single(Examine(more), finding => finding.Severity > Severity.Note);
        Assert.Equal((check, severity), (finding.Check, finding.Severity));
        Assert.All([finding.Where, finding.What, finding.Consequence, finding.Fix], Assert.NotEmpty);
        return finding;
    }
}
