using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Chat;
using Distill.Runs;

namespace Distill.Prompts;

/// <summary>Writes prompts as JSON lines that <see cref="JsonlPromptReader"/> reads back with the same ids.</summary>
public static class JsonlPromptWriter
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a file, whole or not at all.</summary>
    /// <returns>How many prompts were written.</returns>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public static long Write(string path, IEnumerable<Prompt> prompts)
    {
        long count = 0;
        AtomicFile.Write(path, stream =>
        {
            var line = new ArrayBufferWriter<byte>();
            using var writer = new Utf8JsonWriter(line, Json);
            foreach (Prompt prompt in prompts)
            {
                line.ResetWrittenCount();
                writer.Reset();
                WritePrompt(writer, prompt);
                writer.Flush();
                stream.Write(line.WrittenSpan);
                stream.WriteByte((byte)'\n');
                count++;
            }
        });
        return count;
    }

    private static void WritePrompt(Utf8JsonWriter writer, Prompt prompt)
    {
        writer.WriteStartObject();
        writer.WriteString("prompt_id", prompt.Id);
        if (prompt.Messages is [{ Role: MessageRole.User, Reasoning: null } only])
        {
            writer.WriteString("prompt", only.Content);
        }
        else
        {
            writer.WriteStartArray("messages");
            foreach (Message message in prompt.Messages)
            {
                writer.WriteStartObject();
                writer.WriteString("role", message.Role.ToString().ToLowerInvariant());
                writer.WriteString("content", message.Content);
                if (message.Reasoning is not null) writer.WriteString("reasoning", message.Reasoning);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        if (prompt.ReferenceAnswer is not null) writer.WriteString("reference_answer", prompt.ReferenceAnswer);
        if (prompt.ReferenceReasoning is not null) writer.WriteString("reference_reasoning", prompt.ReferenceReasoning);
        if (prompt.Choices.Count > 0)
        {
            writer.WriteStartArray("choices");
            foreach (string choice in prompt.Choices) writer.WriteStringValue(choice);
            writer.WriteEndArray();
        }
        if (prompt.Verifier is not null) writer.WriteString("verifier", prompt.Verifier);
        if (prompt.Tests is not null) WriteTests(writer, prompt.Tests);
        writer.WriteString("source", prompt.Source);
        writer.WriteEndObject();
    }

    // The columns that the tests were read from, so that they are read again; `prompt` is there already.
    private static void WriteTests(Utf8JsonWriter writer, string tests)
    {
        using JsonDocument columns = JsonDocument.Parse(tests);
        foreach (JsonProperty column in columns.RootElement.EnumerateObject())
            if (column.Name != "prompt") column.WriteTo(writer);
    }
}
