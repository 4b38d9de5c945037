namespace Distill.Verification.Instructions;

/// <summary>
/// Guesses the language of a text among those that IFEval asks for, and a few that are taken for them: by its script, and by its most frequent small
/// words where several languages share one.
/// </summary>
internal static partial class LanguageGuess
{
    /// <summary>ISO 639-1 code of the language, or null when the text has too few words to tell.</summary>
    public static string? Of(string text)
    {
        Dictionary<string, int> letters = [];
        foreach (char c in text)
            if (char.IsLetter(c)) letters[ScriptOf(c)] = letters.GetValueOrDefault(ScriptOf(c)) + 1;
        if (letters.Count == 0) return null;
        string script = letters.MaxBy(entry => entry.Value).Key;
        if (letters.ContainsKey("kana") && script is "han" or "kana") return "ja";
        return Languages.TryGetValue(script, out var candidates) ? Best(text, candidates) : script;
    }

    private static string? Best(string text, (string Language, string[] Words)[] candidates)
    {
        string[] words = text.ToLowerInvariant().Split([.. " \t\r\n.,;:!?\"'()[]{}<>*_-/|«»“”’،؟।"], StringSplitOptions.RemoveEmptyEntries);
        var scores = candidates.Select(candidate => (candidate.Language, Score: words.Count(candidate.Words.Contains))).OrderByDescending(entry => entry.Score).ToArray();
        return scores[0].Score > 0 ? scores[0].Language : null;
    }

    // A script that one language uses here is that language.
    private static string ScriptOf(char c) => c switch
    {
        <= '\u024f' or (>= '\u1e00' and <= '\u1eff') => "latin",
        >= '\u0400' and <= '\u052f' => "cyrillic",
        >= '\u0370' and <= '\u03ff' => "el",
        >= '\u0590' and <= '\u05ff' => "he",
        >= '\u0600' and <= '\u06ff' => "arabic",
        >= '\u0900' and <= '\u097f' => "devanagari",
        >= '\u0980' and <= '\u09ff' => "bn",
        >= '\u0a00' and <= '\u0a7f' => "pa",
        >= '\u0a80' and <= '\u0aff' => "gu",
        >= '\u0b80' and <= '\u0bff' => "ta",
        >= '\u0c00' and <= '\u0c7f' => "te",
        >= '\u0c80' and <= '\u0cff' => "kn",
        >= '\u0d00' and <= '\u0d7f' => "ml",
        >= '\u0e00' and <= '\u0e7f' => "th",
        >= '\u3040' and <= '\u30ff' => "kana",
        >= '\u4e00' and <= '\u9fff' => "han",
        >= '\uac00' and <= '\ud7af' => "ko",
        _ => "latin",
    };
}
