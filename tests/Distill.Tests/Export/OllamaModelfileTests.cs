using Distill.Chat;
using Distill.Export.Gguf;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

public sealed class OllamaModelfileTests
{
    [Fact]
    public void AReasoningModelGetsTemplateStopsAndContext()
    {
        string text = OllamaModelfile.Text(["r1-Q4_K_M.gguf"], new GgufMetadata
        {
            { "general.architecture", "qwen2" }, { "qwen2.context_length", 131072u }, { "tokenizer.chat_template", ChatFormat.DeepSeekR1 },
            { "general.sampling.temp", 0.6f }, { "general.sampling.top_p", 0.95f }, { "general.sampling.min_p", 0.05f }, { "general.sampling.penalty_repeat", 1.05f },
            { "general.license", "mit" },
        });
        string[] lines = text.Split('\n');
        Assert.Equal("FROM ./r1-Q4_K_M.gguf", lines[0]);
        Assert.Contains("PARAMETER stop \"<｜User｜>\"", lines);
        Assert.Contains("PARAMETER stop \"<｜end▁of▁sentence｜>\"", lines);
        Assert.Contains("PARAMETER temperature 0.6", lines);
        Assert.Contains("PARAMETER top_p 0.95", lines);
        Assert.Contains("PARAMETER min_p 0.05", lines);
        Assert.Contains("PARAMETER repeat_penalty 1.05", lines);
        Assert.Contains("PARAMETER num_ctx 8192", lines);
        Assert.Contains("LICENSE \"\"\"mit\"\"\"", lines);
        Assert.Contains("{{- if and $last (ne .Role \"assistant\") }}<｜Assistant｜><think>\n{{ end }}", text);
        Assert.DoesNotContain("REASONING", text);
        Assert.DoesNotContain("<｜begin▁of▁sentence｜>{{", text); // the engine adds it
    }

    [Fact]
    public void AnUnknownFormatIsLeftToTheFilesOwnTemplate()
    {
        string text = OllamaModelfile.Text(["x.gguf"], new GgufMetadata { { "general.architecture", "llama" }, { "llama.context_length", 2048u }, { "tokenizer.chat_template", "{{ messages }}" } });
        Assert.Equal("FROM ./x.gguf\nPARAMETER num_ctx 2048\n", text);
    }

    // Ollama refuses a first shard alone ("split GGUF has 1 shards, expected 3"), source: its server/create.go.
    [Fact]
    public void EveryShardIsNamed()
    {
        string[] shards = ["x-00001-of-00003.gguf", "x-00002-of-00003.gguf", "x-00003-of-00003.gguf"];
        Assert.StartsWith("FROM ./x-00001-of-00003.gguf\nFROM ./x-00002-of-00003.gguf\nFROM ./x-00003-of-00003.gguf\n", OllamaModelfile.Text(shards, Of("{{ messages }}")));
    }

    // Ollama takes a model for one that reasons when its template speaks of `.Thinking`, source: its thinking/template.go.
    [Theory]
    [InlineData("<|im_start|>")]
    [InlineData("<|start_header_id|>")]
    public void OnlyAModelThatReasonsIsSaidToReason(string mark)
    {
        string plain = OllamaModelfile.Text(["x.gguf"], Of(mark)), reasons = OllamaModelfile.Text(["x.gguf"], Of(mark + "<think>"));
        Assert.DoesNotContain("Thinking", plain);
        Assert.Contains("{{ if and $last .Thinking }}<think>\n{{ .Thinking }}\n</think>\n\n{{ end }}{{ .Content }}", reasons);
        Assert.DoesNotContain("THINKING", plain + reasons);
    }

    private static GgufMetadata Of(string template) => new() { { "general.architecture", "llama" }, { "llama.context_length", 2048u }, { "tokenizer.chat_template", template } };
}
