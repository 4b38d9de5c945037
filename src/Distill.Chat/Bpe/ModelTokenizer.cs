using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using Distill.Runs;

namespace Distill.Chat;

/// <summary>
/// A model's byte-level byte-pair tokenizer: text to token ids and back, with the ids of Hugging Face's own library.
/// Safe for use from several threads.
/// </summary>
public sealed class ModelTokenizer
{
    private const int MostCachedPieces = 100_000;
    private const int LongestCachedPiece = 64;
    private const int LongestOnStack = 256;
    private const int IdentityLength = 16;

    private readonly PreTokenizer _preTokenizer;
    private readonly BytePairMerges _merges;
    private readonly AddedTokenMatcher _addedInText;
    private readonly AddedTokenMatcher _addedInNormalized;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _idsBySpan;
    private readonly string?[] _texts;
    private readonly byte[]?[] _bytes;
    private readonly bool[] _special;
    private readonly int[] _byteIds = new int[256];
    private readonly int[] _prefix, _suffix;

    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cacheBySpan;
    private int _cachedPieces;
    private string? _identity;
    private PieceLists? _spareLists;

    private ModelTokenizer(TokenizerDefinition definition, TokenizerConfig config)
    {
        Definition = definition;
        Config = config;
        _cacheBySpan = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
        _idsBySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();

        VocabularySize = Math.Max(definition.Tokens.Count, definition.AddedTokens.Select(token => token.Id + 1).DefaultIfEmpty().Max());
        _texts = new string?[VocabularySize];
        _special = new bool[VocabularySize];
        for (int id = 0; id < definition.Tokens.Count; id++) Name(id, definition.Tokens[id]);
        _merges = new BytePairMerges(ResolveMerges(definition));
        for (int value = 0; value < 256; value++)
        {
            _byteIds[value] = TokenId(ByteAlphabet.ToCharacter((byte)value).ToString())
                ?? throw new InputException($"tokenizer: the vocabulary has no token for byte {value}", "only byte-level vocabularies are supported");
        }
        foreach (AddedToken token in definition.AddedTokens)
        {
            Name(token.Id, token.Content);
            _special[token.Id] = token.Special;
        }
        _bytes = [.. _texts.Select(text => text is null ? null : ByteAlphabet.Decode(text))];

        _preTokenizer = new PreTokenizer(definition.SplitPatterns);
        _addedInText = new AddedTokenMatcher(definition.AddedTokens.Where(token => !token.Normalized));
        _addedInNormalized = new AddedTokenMatcher(definition.AddedTokens.Where(token => token.Normalized)
            .Select(token => token with { Content = Normalize(token.Content) }));

        BosTokenId = Resolve(config.BosToken, "bos_token");
        EosTokenId = Resolve(config.EosToken, "eos_token");
        PadTokenId = Resolve(config.PadToken, "pad_token");
        AddBosToken = config.AddBosToken ?? definition.TemplatePrefix.Count > 0;
        _prefix = [.. definition.TemplatePrefix.Select(text => Resolve(text, "post_processor")!.Value)];
        _suffix = [.. definition.TemplateSuffix.Select(text => Resolve(text, "post_processor")!.Value)];
        if (_prefix.Length == 0 && AddBosToken && BosTokenId is int bos) _prefix = [bos];
        if (config.AddBosToken == false && _prefix is [var only] && only == BosTokenId) _prefix = [];
    }

    /// <summary>What the tokenizer was built from.</summary>
    public TokenizerDefinition Definition { get; }

    /// <summary>What tokenizer_config.json says.</summary>
    public TokenizerConfig Config { get; }

    /// <summary>Highest id + 1. A model may have more rows than this in its embedding (padding), never fewer.</summary>
    public int VocabularySize { get; }

    /// <summary>Id of the beginning-of-sequence token.</summary>
    public int? BosTokenId { get; }

    /// <summary>Id of the end-of-sequence token.</summary>
    public int? EosTokenId { get; }

    /// <summary>Id of the padding token.</summary>
    public int? PadTokenId { get; }

    /// <summary>Whether tokenizing for the model puts the beginning-of-sequence token in front.</summary>
    public bool AddBosToken { get; }

    /// <summary>Hash of all tokens by their ids: two tokenizers of the same identity mean the same text by the same id.</summary>
    public string VocabularyIdentity => _identity ??= Fingerprint.OfTexts([.. _texts.Select(text => text ?? "")])[..IdentityLength];

    /// <summary>Reads tokenizer.json and, where it is there, tokenizer_config.json of a Hugging Face folder.</summary>
    /// <exception cref="InputException">A file is missing, malformed, or describes a tokenizer that is not byte-level BPE.</exception>
    public static ModelTokenizer Load(string folder)
    {
        TokenizerDefinition definition = TokenizerReader.ReadDefinition(JsonInput.Read(Path.Combine(folder, "tokenizer.json")));
        TokenizerConfig config = TokenizerReader.ReadConfig(Path.Combine(folder, "tokenizer_config.json"));
        try
        {
            return new ModelTokenizer(definition, config);
        }
        catch (InputException e)
        {
            throw new InputException($"{folder}: {e.Message}", e.Hint, e.ExitCode, e);
        }
    }

    /// <summary>Builds a tokenizer from a definition, for example the one inside a GGUF file.</summary>
    /// <exception cref="InputException">The definition contradicts itself.</exception>
    public static ModelTokenizer FromDefinition(TokenizerDefinition definition, TokenizerConfig? config = null)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return new ModelTokenizer(definition, config ?? new TokenizerConfig());
    }

    /// <summary>Token ids of a text. Added tokens (special ones too) that occur in it are recognised.</summary>
    /// <param name="text">The text; half surrogate pairs count as U+FFFD.</param>
    /// <param name="addSpecialTokens">Whether to add what the tokenizer adds for the model, as a rule the beginning-of-sequence token.
    /// A rendered chat template already contains it.</param>
    /// <exception cref="InputException">A split pattern from the tokenizer's own file takes too long.</exception>
    public int[] Encode(string text, bool addSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        PieceLists lists = Interlocked.Exchange(ref _spareLists, null) ?? new PieceLists();
        var ids = new List<int>(text.Length / 3 + 4);
        if (addSpecialTokens) ids.AddRange(_prefix);
        text = Wellformed(text);
        var place = new AddedTokenPlace();
        do
        {
            int position = place.End;
            place = _addedInText.Next(text, place);
            if (place.Start > position) EncodeNormalized(Normalize(position == 0 && place.Start == text.Length ? text : text[position..place.Start]), ids, lists);
            if (place.Token is not null) ids.Add(place.Token.Id);
        }
        while (place.Token is not null);
        if (addSpecialTokens) ids.AddRange(_suffix);
        _spareLists = lists;
        return [.. ids];
    }

    /// <summary>Token ids of a text in which nothing is recognised as an added token: what looks like one stays text.</summary>
    /// <exception cref="InputException">A split pattern from the tokenizer's own file takes too long.</exception>
    public int[] EncodeOrdinary(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length / 3 + 4);
        EncodePieces(Normalize(Wellformed(text)), ids, new PieceLists());
        return [.. ids];
    }

    /// <summary>Text of token ids. Bytes that are not UTF-8 become U+FFFD; ids without a token (padding rows) are left out.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var bytes = new List<byte>(ids.Length * 4);
        foreach (int id in ids) bytes.AddRange(BytesOf(id, skipSpecialTokens));
        return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes));
    }

    /// <summary>Id of a token in the form in which it is written down (byte alphabet, or an added token's text).</summary>
    public int? TokenId(string token) => _ids.TryGetValue(token, out int id) ? id : null;

    /// <summary>The token in the form in which it is written down; empty for an id without a token.</summary>
    public string TokenText(int id) => (uint)id < (uint)_texts.Length ? _texts[id] ?? "" : "";

    /// <summary>Whether the token belongs to the chat format and is left out of decoded text.</summary>
    public bool IsSpecial(int id) => (uint)id < (uint)_special.Length && _special[id];

    /// <summary>Bytes that a token adds to decoded text.</summary>
    /// <param name="id">The token.</param>
    /// <param name="skipSpecialTokens">Whether tokens of the chat format add nothing.</param>
    public ReadOnlySpan<byte> BytesOf(int id, bool skipSpecialTokens) =>
        (uint)id >= (uint)_bytes.Length || (skipSpecialTokens && _special[id]) ? [] : _bytes[id];

    private void EncodeNormalized(string text, List<int> ids, PieceLists lists)
    {
        var place = new AddedTokenPlace();
        do
        {
            int position = place.End;
            place = _addedInNormalized.Next(text, place);
            if (place.Start > position) EncodePieces(text.AsSpan(position, place.Start - position), ids, lists);
            if (place.Token is not null) ids.Add(place.Token.Id);
        }
        while (place.Token is not null);
    }

    private void EncodePieces(ReadOnlySpan<char> text, List<int> ids, PieceLists lists)
    {
        if (Definition.AddPrefixSpace && !text.IsEmpty && text[0] != ' ') text = $" {text}";
        foreach (TextPiece piece in _preTokenizer.Split(text, lists)) EncodePiece(text[piece.Start..piece.End], ids);
    }

    private void EncodePiece(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (piece.Length == 1 && piece[0] < 0x80)
        {
            ids.Add(_byteIds[piece[0]]);
            return;
        }
        if (piece.Length > LongestCachedPiece)
        {
            ids.AddRange(Merge(piece));
            return;
        }
        if (!_cacheBySpan.TryGetValue(piece, out int[]? merged))
        {
            merged = Merge(piece);
            if (Volatile.Read(ref _cachedPieces) < MostCachedPieces && _cacheBySpan.TryAdd(piece, merged)) Interlocked.Increment(ref _cachedPieces);
        }
        ids.AddRange(merged);
    }

    private int[] Merge(ReadOnlySpan<char> piece)
    {
        int most = piece.Length * 3; // bytes of UTF-8 in a UTF-16 unit
        Span<byte> bytes = most <= LongestOnStack ? stackalloc byte[LongestOnStack] : new byte[most];
        bytes = bytes[..Encoding.UTF8.GetBytes(piece, bytes)];
        if (Definition.IgnoreMerges && WholePiece(bytes) is int whole) return [whole];

        Span<int> ids = most <= LongestOnStack ? stackalloc int[LongestOnStack] : new int[most];
        ids = ids[..bytes.Length];
        for (int i = 0; i < ids.Length; i++) ids[i] = _byteIds[bytes[i]];
        return ids[.._merges.Apply(ids)].ToArray();
    }

    private int? WholePiece(ReadOnlySpan<byte> bytes)
    {
        Span<char> letters = bytes.Length <= LongestOnStack ? stackalloc char[LongestOnStack] : new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++) letters[i] = ByteAlphabet.ToCharacter(bytes[i]);
        return _idsBySpan.TryGetValue(letters[..bytes.Length], out int id) && id < Definition.Tokens.Count && Definition.Tokens[id] is not null ? id : null;
    }

    private string Normalize(string text) => Definition.Normalization == TextNormalization.Nfc ? CanonicalComposition.Compose(text) : text;

    private static string Wellformed(string text)
    {
        ReadOnlySpan<char> rest = text;
        for (int half = rest.IndexOfAnyInRange('\uD800', '\uDFFF'); half >= 0; half = rest.IndexOfAnyInRange('\uD800', '\uDFFF'))
        {
            rest = rest[half..];
            if (rest.Length < 2 || !char.IsSurrogatePair(rest[0], rest[1])) return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            rest = rest[2..];
        }
        return text;
    }

    private void Name(int id, string? token)
    {
        if (token is null) return;
        if (_texts[id] is { } other && other != token)
        {
            throw new InputException($"tokenizer: the id {id} belongs to two tokens, `{other}` and `{token}`", "give each token an id of its own, or take the files from one download");
        }
        if (!_ids.TryAdd(token, id) && _ids[token] != id)
        {
            throw new InputException($"tokenizer: the token `{token}` has two ids, {_ids[token]} and {id}", "leave one of the two entries out, or take the files from one download");
        }
        _texts[id] = token;
    }

    private int? Resolve(string? token, string key)
    {
        if (token is null) return null;
        return TokenId(token) ?? throw new InputException($"tokenizer: {key} `{token}` is not in the vocabulary",
            "add it to added_tokens in tokenizer.json or correct tokenizer_config.json");
    }

    private List<(int, int, int)> ResolveMerges(TokenizerDefinition definition)
    {
        var merges = new List<(int, int, int)>(definition.Merges.Count);
        Span<char> joined = stackalloc char[LongestOnStack];
        foreach ((string left, string right) in definition.Merges)
        {
            int length = left.Length + right.Length;
            if (length > joined.Length) joined = new char[length];
            left.CopyTo(joined);
            right.CopyTo(joined[left.Length..]);
            merges.Add((MergePart(left), MergePart(right), MergePart(joined[..length])));
        }
        return merges;

        int MergePart(ReadOnlySpan<char> token) => _idsBySpan.TryGetValue(token, out int id) ? id
            : throw new InputException($"tokenizer: merges[{merges.Count}] needs the token `{token}`, which is not in the vocabulary",
                "the vocabulary and the merges are of different tokenizers");
    }
}
