namespace Distill.Chat;

/// <summary>A token that is recognised in the text itself, before any splitting: one entry of <c>added_tokens</c> in tokenizer.json.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="Special">Whether it belongs to the chat format and is left out of decoded text.</param>
/// <param name="Normalized">Whether it is searched for in the normalized text instead of the text as given.</param>
/// <param name="LeftStrip">Whether it swallows the whitespace before it.</param>
/// <param name="RightStrip">Whether it swallows the whitespace after it.</param>
/// <param name="SingleWord">Whether it is recognised only where no word character touches it.</param>
public sealed record AddedToken(
    int Id,
    string Content,
    bool Special,
    bool Normalized = false,
    bool LeftStrip = false,
    bool RightStrip = false,
    bool SingleWord = false);
