namespace Distill.Chat.Jinja;

/// <summary>A template is malformed or failed; <see cref="ChatTemplate"/> turns it into an <see cref="Runs.InputException"/> that names the template.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="line">Line of the template, from 1; 0 when the place where it was thrown does not know it.</param>
internal sealed class JinjaError(string message, int line = 0) : Exception(message)
{
    /// <summary>Line of the template, from 1; 0 when unknown.</summary>
    public int Line { get; } = line;
}
