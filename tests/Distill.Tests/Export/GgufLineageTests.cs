using System.Text.RegularExpressions;
using Distill.Export.Gguf;
using Distill.Models;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

public sealed partial class GgufLineageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void LineageIsWrittenAsLlamaCppsConverterWritesIt()
    {
        TinyModels.Qwen2(_folder["model"]);
        File.WriteAllText(_folder["model/README.md"], "---\nlicense: other\nlicense_name: qwen\nbase_model: Qwen/Qwen2.5-Math-1.5B\ndatasets: [open-r1/OpenR1-Math-220k, my problems]\ntags: [distill]\nlanguage: en\n---\n");
        GgufExport.Write(_folder["model"], _folder["out.gguf"], GgufFileType.F16, "tiny", new GgufExportSettings { Card = new ModelCard { Languages = ["en", "zh"] } });
        var expected = new Dictionary<string, object>
        {
            ["general.license"] = "other",
            ["general.license.name"] = "qwen",
            ["general.base_model.count"] = 1u,
            ["general.base_model.0.name"] = "Qwen2.5 Math 1.5B",
            ["general.base_model.0.organization"] = "Qwen",
            ["general.base_model.0.repo_url"] = "https://huggingface.co/Qwen/Qwen2.5-Math-1.5B",
            ["general.dataset.count"] = 2u,
            ["general.dataset.0.name"] = "OpenR1 Math 220k",
            ["general.dataset.0.organization"] = "Open R1",
            ["general.dataset.0.repo_url"] = "https://huggingface.co/datasets/open-r1/OpenR1-Math-220k",
            ["general.dataset.1.name"] = "My Problems",
            ["general.tags"] = new[] { "distill" },
            ["general.languages"] = new[] { "en", "zh" },
        };
        using (GgufReader file = GgufReader.Open(_folder["out.gguf"]))
        {
            Assert.Equivalent(expected, file.Metadata.Where(pair => LineageKey().IsMatch(pair.Key)).ToDictionary(pair => pair.Key, pair => pair.Value), strict: true);
        }

        GgufExport.Write(_folder["out.gguf"], _folder["again.gguf"], GgufFileType.Q8_0, "tiny", new GgufExportSettings { Card = new ModelCard { License = "mit", BaseModels = ["mine"] } });
        using GgufReader again = GgufReader.Open(_folder["again.gguf"]);
        Assert.Equal("mit", again.Metadata.GetString("general.license"));
        Assert.False(again.Metadata.Contains("general.license.name"));
        Assert.Equal("Mine", again.Metadata.GetString("general.base_model.0.name"));
        Assert.False(again.Metadata.Contains("general.base_model.0.repo_url"));
        Assert.Equal(2, again.Metadata.GetCount("general.dataset.count"));
    }

    [GeneratedRegex(@"^general\.(license|base_model|dataset|tags|languages)")]
    private static partial Regex LineageKey();
}
