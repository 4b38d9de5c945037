namespace Distill.Chat;

/// <summary>
/// Tells reasoning from answer while a completion arrives in pieces. The tags themselves are left out; a piece that may be the start of a tag
/// waits for the next one.
/// </summary>
/// <param name="startsInReasoning">Whether the prompt has opened the reasoning already.</param>
/// <param name="show">Receives text, and whether it is reasoning.</param>
public sealed class ReasoningStream(bool startsInReasoning, Action<string, bool> show)
{
    private const string Open = ChatFormat.ThinkOpen, Close = ChatFormat.ThinkClose;

    private string _held = "";
    private bool _reasoning = startsInReasoning;

    /// <summary>Takes the next piece.</summary>
    public void Append(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _held += text;
        while (true)
        {
            string tag = _reasoning ? Close : Open;
            int at = _held.IndexOf(tag, StringComparison.Ordinal);
            if (at < 0) break;
            Show(_held[..at]);
            _held = _held[(at + tag.Length)..];
            _reasoning = !_reasoning;
        }
        int safe = _held.Length - PossibleStart(_held, _reasoning ? Close : Open);
        Show(_held[..safe]);
        _held = _held[safe..];
    }

    /// <summary>Shows what was held back.</summary>
    public void End()
    {
        Show(_held);
        _held = "";
    }

    private void Show(string text)
    {
        if (text.Length > 0) show(text, _reasoning);
    }

    // Length of the longest end of the text that could become the tag.
    private static int PossibleStart(string text, string tag)
    {
        for (int length = Math.Min(tag.Length - 1, text.Length); length > 0; length--)
            if (text.EndsWith(tag[..length], StringComparison.Ordinal)) return length;
        return 0;
    }
}
