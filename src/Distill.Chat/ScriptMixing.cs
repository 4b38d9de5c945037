using System.Text;

namespace Distill.Chat;

/// <summary>
/// Tells a text that strays into another script than its prompt's, as R1 does when it thinks in Chinese about an English
/// problem. Latin and Greek letters are at home everywhere: formulas and code are written in them.
/// </summary>
public static class ScriptMixing
{
    private const int WindowLetters = 1000;
    private const int FewestStrayLetters = 20;
    private const double StrayShare = 0.05;

    private enum Script
    {
        Neutral,
        Han,
        Kana,
        Hangul,
        Cyrillic,
        Arabic,
        Hebrew,
        Devanagari,
        Thai,
    }

    /// <summary>Whether any stretch of a thousand letters has more than a twentieth in scripts that the prompt does not use.</summary>
    /// <param name="prompt">What the model was shown.</param>
    /// <param name="text">The text.</param>
    /// <param name="isWhole">Whether nothing follows, so that the last stretch counts although it is shorter.</param>
    public static bool IsMixed(IReadOnlyList<Message> prompt, string text, bool isWhole = true)
    {
        if (System.Text.Ascii.IsValid(text)) return false;
        int allowed = 0;
        foreach (Message message in prompt)
            foreach (Rune rune in message.Content.EnumerateRunes())
                allowed |= 1 << (int)ScriptOf(rune);
        if ((allowed & (1 << (int)Script.Kana)) != 0) allowed |= 1 << (int)Script.Han; // Japanese is written in both
        int letters = 0, stray = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!Rune.IsLetter(rune)) continue;
            letters++;
            Script script = ScriptOf(rune);
            if (script != Script.Neutral && (allowed & (1 << (int)script)) == 0) stray++;
            if (letters < WindowLetters) continue;
            if (IsTooMuch(stray, letters)) return true;
            letters = stray = 0;
        }
        return isWhole && IsTooMuch(stray, letters);
    }

    private static bool IsTooMuch(int stray, int letters) => stray >= FewestStrayLetters && stray > StrayShare * letters;

    private static Script ScriptOf(Rune rune) => rune.Value switch
    {
        < 0x400 => Script.Neutral,
        <= 0x52F => Script.Cyrillic,
        >= 0x590 and <= 0x5FF => Script.Hebrew,
        >= 0x600 and <= 0x77F => Script.Arabic,
        >= 0x900 and <= 0x97F => Script.Devanagari,
        >= 0xE00 and <= 0xE7F => Script.Thai,
        >= 0x1100 and <= 0x11FF or >= 0xAC00 and <= 0xD7AF => Script.Hangul,
        >= 0x3040 and <= 0x30FF => Script.Kana,
        >= 0x3400 and <= 0x4DBF or >= 0x4E00 and <= 0x9FFF or >= 0x20000 and <= 0x323AF => Script.Han,
        _ => Script.Neutral,
    };
}
