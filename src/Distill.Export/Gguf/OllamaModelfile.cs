using System.Globalization;
using System.Text;
using Distill.Chat;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>
/// The Modelfile for <c>ollama create</c>. Ollama knows no template for R1-style models, and its default context cuts reasoning off, so
/// both are spelled out. No template starts with the begin-of-sentence token: the engine adds it.
/// </summary>
internal static class OllamaModelfile
{
    private const int Context = 8192;

    // Turn by turn; the reasoning of earlier turns is left out, as in training. $last and .Thinking are what Ollama looks for to
    // see that a model reasons.
    private const string DeepSeekTemplate = """
        {{- if .System }}{{ .System }}{{ end }}
        {{- range $i, $_ := .Messages }}
        {{- $last := eq (len (slice $.Messages $i)) 1 }}
        {{- if eq .Role "user" }}<｜User｜>{{ .Content }}
        {{- else if eq .Role "assistant" }}<｜Assistant｜>
        {{- if and $last .Thinking }}<think>
        {{ .Thinking }}
        </think>
        {{ end }}{{ .Content }}{{ if not $last }}<｜end▁of▁sentence｜>{{ end }}
        {{- end }}
        {{- if and $last (ne .Role "assistant") }}<｜Assistant｜>REASONING{{ end }}
        {{- end }}
        """;

    private const string ChatMLTemplate = """
        {{- range $i, $_ := .Messages }}
        {{- $last := eq (len (slice $.Messages $i)) 1 }}<|im_start|>{{ .Role }}
        THINKING{{ .Content }}{{ if or (not $last) (ne .Role "assistant") }}<|im_end|>
        {{ end }}
        {{- if and $last (ne .Role "assistant") }}<|im_start|>assistant
        REASONING{{ end }}
        {{- end }}
        """;

    private const string Llama3Template = """
        {{- range $i, $_ := .Messages }}
        {{- $last := eq (len (slice $.Messages $i)) 1 }}<|start_header_id|>{{ .Role }}<|end_header_id|>

        THINKING{{ .Content }}{{ if or (not $last) (ne .Role "assistant") }}<|eot_id|>{{ end }}
        {{- if and $last (ne .Role "assistant") }}<|start_header_id|>assistant<|end_header_id|>

        REASONING{{ end }}
        {{- end }}
        """;

    private const string Thinking = """
        {{ if and $last .Thinking }}<think>
        {{ .Thinking }}
        </think>

        {{ end }}
        """;

    // By what the chat template of the file contains; the first that matches.
    private static readonly (string Mark, string Template, string[] Stops)[] Formats =
    [
        (ChatFormat.User, DeepSeekTemplate, [ChatFormat.BeginOfSentence, ChatFormat.EndOfSentence, ChatFormat.User, ChatFormat.Assistant]),
        ("<|im_start|>", ChatMLTemplate, ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]),
        ("<|start_header_id|>", Llama3Template, ["<|start_header_id|>", "<|eot_id|>", "<|end_of_text|>"]),
    ];

    /// <summary>Writes the text.</summary>
    /// <param name="files">Names of the GGUF files, which lie beside the Modelfile: Ollama wants every shard named.</param>
    /// <param name="metadata">Head of the first.</param>
    public static string Text(IReadOnlyList<string> files, GgufMetadata metadata)
    {
        var text = new StringBuilder();
        foreach (string file in files) text.Append($"FROM ./{file}\n");
        string chat = metadata.FindString("tokenizer.chat_template") ?? "";
        (_, string? template, string[]? stops) = Formats.FirstOrDefault(format => chat.Contains(format.Mark, StringComparison.Ordinal));
        if (template is not null)
        {
            // Where the chat template opens the reasoning, the model was never taught to open it itself.
            bool opens = chat.Contains("<think>\\n'", StringComparison.Ordinal) || chat.Contains("<think>\\n\"", StringComparison.Ordinal);
            string thinking = chat.Contains("<think>", StringComparison.Ordinal) ? Thinking : "";
            text.Append($"TEMPLATE \"\"\"{template.Replace("THINKING", thinking).Replace("REASONING", opens ? "<think>\n" : "")}\"\"\"\n");
            foreach (string stop in stops!) text.Append($"PARAMETER stop \"{stop}\"\n");
        }
        if (metadata.FindFloat("general.sampling.temp") is { } temperature) Number("temperature", temperature);
        if (metadata.FindFloat("general.sampling.top_p") is { } topP) Number("top_p", topP);
        if (metadata.FindCount("general.sampling.top_k") is { } topK) Number("top_k", topK);
        if (metadata.FindFloat("general.sampling.min_p") is { } minP) Number("min_p", minP);
        if (metadata.FindFloat("general.sampling.penalty_repeat") is { } penalty) Number("repeat_penalty", penalty);
        int longest = metadata.FindCount($"{metadata.GetString("general.architecture")}.context_length") ?? Context;
        Number("num_ctx", Math.Min(longest, Context));
        string[] license = [.. new[] { "general.license", "general.license.name", "general.license.link" }.Select(metadata.FindString).OfType<string>().Select(part => part.Replace("\"\"\"", "", StringComparison.Ordinal))];
        if (license.Length > 0) text.Append($"LICENSE \"\"\"{string.Join('\n', license)}\"\"\"\n");
        return text.ToString();

        void Number(string name, double value) => text.Append(CultureInfo.InvariantCulture, $"PARAMETER {name} {Math.Round(value, 4)}\n");
    }
}
