using System.Runtime.InteropServices;
using Distill.Curation.Text;

namespace Distill.Curation.Duplicates;

/// <summary>
/// Finds texts that are nearly the same among millions: MinHash bands bring candidates together, their sketches confirm them, and what
/// is connected is one group. Two problems with different reference answers are two problems, however alike they read.
/// Holds 232 bytes for each text.
/// </summary>
/// <param name="similarity">Estimated Jaccard similarity from which on two texts are the same.</param>
internal sealed class NearDuplicates(double similarity)
{
    private const int TextsPerBlock = 1 << 12;

    // Texts in one bucket that are unlike each other; more than a few are the sign of a meaningless bucket.
    private const int MostLeaders = 16;

    private readonly List<ulong[]> _bands = [];
    private readonly List<byte[]> _sketches = [];
    private readonly List<ulong> _answers = [];
    private int[] _parents = [];

    /// <summary>Texts added.</summary>
    public int Count => _answers.Count;

    /// <summary>Adds the next text.</summary>
    /// <param name="signature">Its signature.</param>
    /// <param name="answer">Hash of its reference answer, 0 where it has none.</param>
    public void Add(Signature signature, ulong answer)
    {
        int place = Count % TextsPerBlock;
        if (place == 0)
        {
            _bands.Add(new ulong[TextsPerBlock * MinHash.Bands]);
            _sketches.Add(new byte[TextsPerBlock * MinHash.Hashes]);
        }
        signature.Bands.CopyTo(_bands[^1], place * MinHash.Bands);
        signature.Sketch.CopyTo(_sketches[^1], place * MinHash.Hashes);
        _answers.Add(answer);
    }

    /// <summary>Groups the texts. Called once, after the last one was added.</summary>
    /// <param name="progress">Told the bands done.</param>
    public void Group(Action<int>? progress = null)
    {
        _parents = [.. Enumerable.Range(0, Count)];
        var keys = new ulong[Count];
        var texts = new int[Count];
        for (int band = 0; band < MinHash.Bands; band++)
        {
            for (int i = 0; i < Count; i++) (keys[i], texts[i]) = (_bands[i / TextsPerBlock][(i % TextsPerBlock * MinHash.Bands) + band], i);
            Array.Sort(keys, texts);
            for (int start = 0; start < Count;)
            {
                int end = start + 1;
                while (end < Count && keys[end] == keys[start]) end++;
                if (end - start > 1) Connect(texts.AsSpan(start, end - start));
                start = end;
            }
            progress?.Invoke(band + 1);
        }
        _bands.Clear(); // no longer needed, and the greater half of the memory
    }

    /// <summary>The group of a text: the index of its first member.</summary>
    public int GroupOf(int text)
    {
        while (_parents[text] != text) text = _parents[text] = _parents[_parents[text]];
        return text;
    }

    /// <summary>Estimated similarity of two texts, 0 to 1.</summary>
    public double Similarity(int a, int b) => MinHash.Similarity(SketchOf(a), SketchOf(b));

    private void Connect(Span<int> bucket)
    {
        bucket.Sort();
        Span<int> leaders = stackalloc int[MostLeaders];
        int count = 0;
        foreach (int text in bucket)
        {
            bool joined = false;
            for (int i = 0; i < count && !joined; i++)
            {
                int leader = leaders[i];
                joined = GroupOf(leader) == GroupOf(text) || (Agree(leader, text) && Similarity(leader, text) >= similarity);
                if (joined) Join(leader, text);
            }
            if (!joined && count < MostLeaders) leaders[count++] = text;
        }
    }

    private bool Agree(int a, int b)
    {
        ReadOnlySpan<ulong> answers = CollectionsMarshal.AsSpan(_answers);
        return answers[a] == answers[b] || answers[a] == 0 || answers[b] == 0;
    }

    private void Join(int a, int b)
    {
        (a, b) = (GroupOf(a), GroupOf(b));
        if (a != b) _parents[Math.Max(a, b)] = Math.Min(a, b);
    }

    private ReadOnlySpan<byte> SketchOf(int text) => _sketches[text / TextsPerBlock].AsSpan(text % TextsPerBlock * MinHash.Hashes, MinHash.Hashes);
}

/// <summary>A text's MinHash signature.</summary>
/// <param name="Bands">One hash for each band.</param>
/// <param name="Sketch">Eight bits of each hash.</param>
internal sealed record Signature(ulong[] Bands, byte[] Sketch)
{
    /// <summary>Signs a text. A text without words is like no other.</summary>
    public static Signature Of(PromptText text)
    {
        var signature = new Signature(new ulong[MinHash.Bands], new byte[MinHash.Hashes]);
        if (text.Words.Length > 0) MinHash.Sign(text.Words, signature.Bands, signature.Sketch);
        else signature.Bands.AsSpan().Fill(StableHash.Of(text.Text));
        return signature;
    }
}
