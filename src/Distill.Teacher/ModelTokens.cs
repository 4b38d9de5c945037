using Distill.Inference;
using Distill.Prompts;

namespace Distill.Teacher;

/// <summary>Counts the tokens of prompts as the teacher sees them.</summary>
/// <param name="folder">Folder of its tokenizer and chat template.</param>
internal sealed class ModelTokens(string folder)
{
    private readonly ModelChat _chat = ModelChat.Load(folder, [0]); // stop tokens do not matter here
    private (string Id, int Tokens) _last = ("", 0);

    /// <summary>The counter that the options name, or null.</summary>
    public static ModelTokens? Of(TeacherGenOptions options) => options.Tokenizer is { } folder ? new(folder) : null;

    /// <summary>Tokens of a prompt, up to where the completion starts.</summary>
    public int Count(Prompt prompt)
    {
        // The samples of a prompt come one after the other.
        if (_last.Id != prompt.Id) _last = (prompt.Id, _chat.PromptTokens(prompt.Messages).Length);
        return _last.Tokens;
    }
}
