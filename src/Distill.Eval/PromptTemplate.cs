using Distill.Chat;
using Distill.Prompts;

namespace Distill.Eval;

/// <summary>What is added to a problem before the model sees it.</summary>
public enum PromptTemplate
{
    /// <summary>Nothing: the prompt as it stands.</summary>
    None,

    /// <summary>DeepSeek-R1's instruction for mathematics, behind the problem. Source: the model card of deepseek-ai/DeepSeek-R1.</summary>
    Boxed,
}

/// <summary>Applies templates.</summary>
internal static class PromptTemplates
{
    private const string BoxedInstruction = "\nPlease reason step by step, and put your final answer within \\boxed{}.";

    public static Prompt Apply(this PromptTemplate template, Prompt prompt)
    {
        if (template == PromptTemplate.None) return prompt;
        Message problem = prompt.Messages[^1];
        return prompt with { Messages = [.. prompt.Messages.SkipLast(1), problem with { Content = problem.Content + BoxedInstruction }] };
    }
}
