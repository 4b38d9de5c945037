using Distill.Chat;
using Distill.Inference;
using Distill.Weights;

namespace Distill.Diagnosis;

/// <summary>What a GGUF file says about the model that it was made from; the file itself is closed again.</summary>
internal sealed class GgufCopy
{
    private const string Embedding = "token_embd.weight";

    private readonly GgufMetadata _metadata;
    private readonly string _architecture;

    private GgufCopy(GgufReader file)
    {
        Path = file.Path;
        _metadata = file.Metadata;
        _architecture = file.Metadata.GetString("general.architecture");
        var shapes = file.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Shape, StringComparer.Ordinal);
        Tensors = shapes.Keys.ToHashSet(StringComparer.Ordinal);
        EmbeddingRows = shapes.TryGetValue(Embedding, out IReadOnlyList<long>? shape) && shape.Count == 2 ? shape[0] : null;
        IsForeignSplit = GgufTokenizer.IsForeign(file);
        var read = new Part<ModelTokenizer>(() => GgufTokenizer.Read(file, otherSplit: "gpt-2"));
        _ = read.Value; // now, while the file is open
        Tokenizer = read;
        Template = new(ReadTemplate);
    }

    public string Path { get; }

    public IReadOnlySet<string> Tensors { get; }

    public long? EmbeddingRows { get; }

    public Part<ModelTokenizer> Tokenizer { get; }

    /// <summary>Whether llama.cpp splits its text in a way that is not known here, so that <see cref="Tokenizer"/> has the right tokens, but may cut text otherwise.</summary>
    public bool IsForeignSplit { get; }

    public Part<ChatTemplate> Template { get; }

    /// <summary>Number of tokens that it lists.</summary>
    public int TokenCount => _metadata.TryGet("tokenizer.ggml.tokens", out object? tokens) && tokens is string[] list ? list.Length : 0;

    public static GgufCopy Read(string path)
    {
        using GgufReader file = GgufReader.Open(path);
        return new GgufCopy(file);
    }

    /// <summary>Where a key stands, for findings.</summary>
    public string Place(string key) => $"{Path}: `{key}`";

    /// <summary>Full name of a key of the architecture.</summary>
    public string Key(string name) => $"{_architecture}.{name}";

    /// <summary>Whether its attention works on a compressed state, as DeepSeek's.</summary>
    public bool IsLatent => Number("attention.kv_lora_rank") is not null;

    /// <summary>A text of the architecture, or null.</summary>
    public string? Text(string name) => _metadata.TryGet(Key(name), out object? value) ? value as string : null;

    /// <summary>A number of the architecture, or null.</summary>
    public double? Number(string name) => _metadata.TryGet(Key(name), out object? value) && value is float or double or uint or int or ulong or long ? Convert.ToDouble(value) : null;

    /// <summary>A token that has a role, or null.</summary>
    public int? TokenOf(string role) => _metadata.TryGet($"tokenizer.ggml.{role}_token_id", out object? value) && value is uint id && id < int.MaxValue ? (int)id : null;

    private ChatTemplate? ReadTemplate()
    {
        if (Tokenizer.Value?.Config is not { ChatTemplate: { } source } config) return null;
        (string Key, string? Token)[] special = [("bos_token", config.BosToken), ("eos_token", config.EosToken), ("pad_token", config.PadToken), ("unk_token", config.UnkToken)];
        return ChatTemplate.Parse(source, special.Where(item => item.Token is not null).ToDictionary(item => item.Key, item => item.Token!));
    }
}
