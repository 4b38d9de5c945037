namespace Distill.Chat;

/// <summary>A completion's text, taken apart at its think tags.</summary>
/// <param name="Reasoning">Text between the tags, trimmed; empty when there was none.</param>
/// <param name="Answer">Text behind the reasoning, trimmed; empty when the reasoning never closed.</param>
/// <param name="Unclosed">Whether reasoning was opened, by the prompt or by the text, and never closed.</param>
public readonly record struct ReasoningParts(string Reasoning, string Answer, bool Unclosed);
