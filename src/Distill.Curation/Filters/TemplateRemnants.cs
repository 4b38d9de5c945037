using Distill.Chat;
using Distill.Traces;

namespace Distill.Curation.Filters;

/// <summary>
/// Marks of a chat format left in a text, think tags where none belong, and system prompts pasted into a turn. A student would learn to
/// write them.
/// </summary>
internal static class TemplateRemnants
{
    private static readonly string[] Marks =
    [
        "<|im_start|>", "<|im_end|>", "<|im_sep|>", "<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>",
        ChatFormat.BeginOfSentence, ChatFormat.EndOfSentence, ChatFormat.User, ChatFormat.Assistant, "<｜tool▁calls▁begin｜>",
        "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>",
        "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|begin_of_thought|>", "<|end_of_thought|>", "<|begin_of_solution|>", "<|end_of_solution|>",
        "### Instruction:", "### Response:", "\n\nHuman:", "\n\nAssistant:",
    ];

    private static readonly string[] SystemPrompts =
    [
        "Your role as an assistant involves thoroughly exploring questions through a systematic long thinking process",
        "You are a helpful assistant", "You are Qwen, created by Alibaba Cloud", "You are an AI assistant", "You are DeepSeek",
        "A conversation between User and Assistant. The user asks a question, and the Assistant solves it",
        "Below is an instruction that describes a task", "Respond in the following format:", "You are a helpful and harmless assistant",
    ];

    /// <summary>The first mark in what the student would learn, or null.</summary>
    public static string? Find(Trace trace)
    {
        Completion completion = trace.Completion;
        return MarkIn(completion.Answer) ?? MarkIn(completion.Reasoning) ?? TagIn(completion.Answer)
            ?? (completion.ReasoningUnclosed ? null : TagIn(completion.Reasoning)) ?? SystemPromptIn(completion.Answer)
            ?? trace.Prompt.Messages.Select(message => MarkIn(message.Content)).FirstOrDefault(mark => mark is not null);
    }

    /// <summary>The first mark of a chat format in a text, or null.</summary>
    public static string? MarkIn(string text) => Array.Find(Marks, mark => text.Contains(mark, StringComparison.Ordinal))?.Trim();

    /// <summary>The known system prompt in a text, or null.</summary>
    public static string? SystemPromptIn(string text) => Array.Find(SystemPrompts, prompt => text.Contains(prompt, StringComparison.Ordinal));

    private static string? TagIn(string text) => !text.Contains('<') ? null
        : text.Contains(ChatFormat.ThinkOpen, StringComparison.Ordinal) ? ChatFormat.ThinkOpen
        : text.Contains(ChatFormat.ThinkClose, StringComparison.Ordinal) ? ChatFormat.ThinkClose : null;
}
