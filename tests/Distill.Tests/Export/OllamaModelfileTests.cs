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
        string text = OllamaModelfile.Text("r1-Q4_K_M.gguf", new GgufMetadata
        {
            { "general.architecture", "qwen2" }, { "qwen2.context_length", 131072u }, { "tokenizer.chat_template", ChatFormat.DeepSeekR1 },
            { "general.sampling.temp", 0.6f }, { "general.sampling.top_p", 0.95f },
        });
        string[] lines = text.Split('\n');
        Assert.Equal("FROM ./r1-Q4_K_M.gguf", lines[0]);
        Assert.Contains("PARAMETER stop \"<｜User｜>\"", lines);
        Assert.Contains("PARAMETER stop \"<｜end▁of▁sentence｜>\"", lines);
        Assert.Contains("PARAMETER temperature 0.6", lines);
        Assert.Contains("PARAMETER top_p 0.95", lines);
        Assert.Contains("PARAMETER num_ctx 8192", lines);
        Assert.Contains("{{- if and $last (ne .Role \"assistant\") }}<｜Assistant｜><think>\n{{ end }}", text);
        Assert.DoesNotContain("REASONING", text);
        Assert.DoesNotContain("<｜begin▁of▁sentence｜>{{", text); // the engine adds it
    }

    [Fact]
    public void AnUnknownFormatIsLeftToTheFilesOwnTemplate()
    {
        string text = OllamaModelfile.Text("x.gguf", new GgufMetadata { { "general.architecture", "llama" }, { "llama.context_length", 2048u }, { "tokenizer.chat_template", "{{ messages }}" } });
        Assert.Equal("FROM ./x.gguf\nPARAMETER num_ctx 2048\n", text);
    }
}
