using System.Runtime.InteropServices;
using System.Text;

namespace Distill.Curation.Text;

/// <summary>The instructions of <see cref="InstructionPhrases"/>, found as sequences of words.</summary>
internal static class Instructions
{
    private static readonly Dictionary<ulong, ulong[][]> ByFirstWord = InstructionPhrases.All.Select(Hashes).GroupBy(hashes => hashes[0])
        .ToDictionary(group => group.Key, group => group.OrderByDescending(hashes => hashes.Length).ToArray());

    /// <summary>Words of the longest instruction that starts at a word, or 0.</summary>
    public static int LengthAt(List<Word> words, int start)
    {
        if (!ByFirstWord.TryGetValue(words[start].Hash, out ulong[][]? phrases)) return 0;
        foreach (ulong[] phrase in phrases)
        {
            ReadOnlySpan<Word> here = CollectionsMarshal.AsSpan(words)[start..];
            if (here.Length < phrase.Length) continue;
            int same = 0;
            while (same < phrase.Length && here[same].Hash == phrase[same]) same++;
            if (same == phrase.Length) return same;
        }
        return 0;
    }

    private static ulong[] Hashes(string phrase)
    {
        var words = new List<Word>();
        WordScanner.Scan(phrase, new StringBuilder(), words, []);
        return [.. words.Select(word => word.Hash)];
    }
}
