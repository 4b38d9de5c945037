using System.Text;
using Distill.Runs;

namespace Distill.Chat;

/// <summary>Learns a byte-level byte-pair vocabulary from text. The same text gives the same vocabulary, whatever the order of its lines.</summary>
public static class BpeTrainer
{
    /// <summary>
    /// Merges the most frequent neighbouring pair until the vocabulary is full (Sennrich et al. 2016, "Neural Machine Translation of
    /// Rare Words with Subword Units"). Ids: the 256 bytes in the order of the byte alphabet, then merges, then <paramref name="addedTokens"/>.
    /// </summary>
    /// <param name="corpus">The text. Added tokens that occur in it are left out of the counts.</param>
    /// <param name="vocabularySize">Ids in all, added tokens included.</param>
    /// <param name="addedTokens">Tokens at the end; their ids are given here, those of the argument are ignored.</param>
    /// <param name="splitPattern">One of <see cref="SplitPatterns"/>, or a regular expression; no merge crosses its pieces.</param>
    /// <exception cref="InputException">The vocabulary is too small for the bytes and added tokens, or too large for the corpus.</exception>
    public static TokenizerDefinition Train(
        IEnumerable<string> corpus, int vocabularySize, IReadOnlyList<AddedToken> addedTokens, string splitPattern)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(addedTokens);
        int merged = vocabularySize - addedTokens.Count;
        if (merged < 256)
        {
            throw new InputException($"a vocabulary of {vocabularySize} is too small for 256 bytes and {addedTokens.Count} added tokens",
                $"ask for {256 + addedTokens.Count} or more");
        }
        var tokens = new List<string>(Enumerable.Range(0, 256).Select(value => ByteAlphabet.ToCharacter((byte)value).ToString())
            .Order(StringComparer.Ordinal));
        var learner = new PairLearner(tokens, CountPieces(corpus, addedTokens, splitPattern));
        var merges = new List<TokenMerge>();
        while (tokens.Count < merged)
        {
            merges.Add(learner.MergeMostFrequent() ?? throw new InputException(
                $"the corpus has only {tokens.Count - 256} pairs to merge, a vocabulary of {vocabularySize} needs {merged - 256}",
                "give more text or ask for a smaller vocabulary"));
        }
        return new TokenizerDefinition
        {
            Tokens = tokens,
            Merges = merges,
            AddedTokens = [.. addedTokens.Select((token, index) => token with { Id = merged + index })],
            SplitPatterns = [new SplitPattern(splitPattern)],
        };
    }

    private static Dictionary<string, long> CountPieces(IEnumerable<string> corpus, IReadOnlyList<AddedToken> addedTokens, string splitPattern)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var preTokenizer = new PreTokenizer([new SplitPattern(splitPattern)]);
        var lists = new PieceLists();
        var added = new AddedTokenMatcher(addedTokens);
        foreach (string text in corpus)
        {
            var place = new AddedTokenPlace();
            do
            {
                int position = place.End;
                place = added.Next(text, place);
                ReadOnlySpan<char> stretch = text.AsSpan(position, Math.Max(0, place.Start - position));
                foreach (TextPiece piece in preTokenizer.Split(stretch, lists))
                {
                    string word = stretch[piece.Start..piece.End].ToString();
                    counts[word] = counts.GetValueOrDefault(word) + 1;
                }
            }
            while (place.Token is not null);
        }
        return counts;
    }

    /// <summary>Counts of neighbouring pairs, kept up to date while pairs merge.</summary>
    private sealed class PairLearner
    {
        private readonly List<string> _tokens;
        private readonly Dictionary<string, int> _ids;
        private readonly List<(List<int> Symbols, long Count)> _words = [];
        private readonly Dictionary<(int Left, int Right), long> _counts = [];
        private readonly Dictionary<(int Left, int Right), HashSet<int>> _places = [];
        private readonly PriorityQueue<(int Left, int Right), (long NegativeCount, int Left, int Right)> _queue = new();

        public PairLearner(List<string> tokens, Dictionary<string, long> pieces)
        {
            _tokens = tokens;
            _ids = tokens.Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id, StringComparer.Ordinal);
            foreach ((string piece, long count) in pieces)
            {
                string letters = ByteAlphabet.Encode(Encoding.UTF8.GetBytes(piece));
                _words.Add(([.. letters.Select(letter => _ids[letter.ToString()])], count));
                CountWord(_words.Count - 1, +1);
            }
            foreach ((int Left, int Right) pair in _counts.Keys) Enqueue(pair);
        }

        /// <summary>Merges the most frequent pair, of equals the one with the lowest ids; null when no pair is left.</summary>
        public TokenMerge? MergeMostFrequent()
        {
            while (_queue.TryDequeue(out (int Left, int Right) pair, out (long NegativeCount, int, int) priority))
            {
                long count = _counts.GetValueOrDefault(pair);
                if (count <= 0) continue;
                if (count != -priority.NegativeCount)
                {
                    Enqueue(pair);
                    continue;
                }
                string left = _tokens[pair.Left], right = _tokens[pair.Right];
                if (!_ids.TryGetValue(left + right, out int merged))
                {
                    merged = _tokens.Count;
                    _tokens.Add(left + right);
                    _ids.Add(left + right, merged);
                }
                Replace(pair, merged);
                return new TokenMerge(left, right);
            }
            return null;
        }

        private void Replace((int Left, int Right) pair, int merged)
        {
            var changed = new HashSet<(int, int)>();
            foreach (int word in _places[pair].ToArray())
            {
                CountWord(word, -1);
                List<int> symbols = _words[word].Symbols;
                int count = 0;
                for (int i = 0; i < symbols.Count; i++)
                {
                    bool joins = i + 1 < symbols.Count && (symbols[i], symbols[i + 1]) == pair;
                    symbols[count++] = joins ? merged : symbols[i];
                    if (joins) i++;
                }
                symbols.RemoveRange(count, symbols.Count - count);
                CountWord(word, +1);
                for (int i = 0; i + 1 < symbols.Count; i++)
                {
                    if (symbols[i] == merged || symbols[i + 1] == merged) changed.Add((symbols[i], symbols[i + 1]));
                }
            }
            foreach ((int, int) neighbour in changed) Enqueue(neighbour);
        }

        private void CountWord(int word, int sign)
        {
            (List<int> symbols, long count) = _words[word];
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                (int, int) pair = (symbols[i], symbols[i + 1]);
                _counts[pair] = _counts.GetValueOrDefault(pair) + sign * count;
                if (!_places.TryGetValue(pair, out HashSet<int>? places)) _places[pair] = places = [];
                if (sign > 0) places.Add(word);
                else places.Remove(word);
            }
        }

        private void Enqueue((int Left, int Right) pair) => _queue.Enqueue(pair, (-_counts[pair], pair.Left, pair.Right));
    }
}
