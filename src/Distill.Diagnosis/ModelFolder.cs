using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Diagnosis;

/// <summary>A model folder's files, each read once.</summary>
internal sealed class ModelFolder
{
    public const string ConfigFile = "config.json", GenerationFile = "generation_config.json", TokenizerFile = "tokenizer.json", TokenizerConfigFile = "tokenizer_config.json",
        TemplateFile = "chat_template.jinja";

    private const string Embedding = "model.embed_tokens.weight";

    public ModelFolder(string path)
    {
        Path = path;
        Config = new(() => JsonFile.Read(File(ConfigFile)));
        Generation = new(() => JsonFile.Read(File(GenerationFile)));
        Tokenizer = new(() => ModelTokenizer.Load(path));
        TokenizerConfig = new(() => JsonFile.Read(File(TokenizerConfigFile)));
        Template = new(() => ChatTemplate.Load(path));
        EmbeddingShape = new(ReadEmbeddingShape);
        Shape = new(() => Config.Value is null ? null : ModelConfigFile.Load(path));
        Fit = new(ReadFit);
    }

    public string Path { get; }

    public Part<JsonObject> Config { get; }

    public Part<JsonObject> Generation { get; }

    public Part<ModelTokenizer> Tokenizer { get; }

    public Part<JsonObject> TokenizerConfig { get; }

    public Part<ChatTemplate> Template { get; }

    /// <summary>Shape of the embedding matrix as the weights have it; null when there are no weights.</summary>
    public Part<IReadOnlyList<long>> EmbeddingShape { get; }

    /// <summary>The model that config.json describes, if it is one that distill knows.</summary>
    public Part<ModelConfig> Shape { get; }

    /// <summary>The same, if the weights are those of such a model; null when one of the two is not there.</summary>
    public Part<ModelConfig> Fit { get; }

    /// <summary>Whether there are weights.</summary>
    public bool HasWeights => System.IO.File.Exists(File(WeightSource.SingleFileName)) || System.IO.File.Exists(File(WeightSource.IndexFileName));

    /// <summary>End-of-sequence tokens of config.json; null when it names none.</summary>
    public IReadOnlyList<int>? ConfigEos => TokenIds.Read(Config.Value, "eos_token_id");

    /// <summary>End-of-sequence tokens of generation_config.json; null when it names none.</summary>
    public IReadOnlyList<int>? GenerationEos => TokenIds.Read(Generation.Value, "eos_token_id");

    /// <summary>Every token that some file takes for the end of a completion.</summary>
    public IReadOnlySet<int> StopTokens =>
        new SortedSet<int>([.. ConfigEos ?? [], .. GenerationEos ?? [], .. Tokenizer.Value?.EosTokenId is { } eos ? [eos] : Array.Empty<int>()]);

    /// <summary>Full path of one of its files.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Where a key stands, for findings.</summary>
    public string Place(string file, string key) => $"{File(file)}: `{key}`";

    /// <summary>Where the template stands, for findings.</summary>
    public string TemplatePlace => System.IO.File.Exists(File(TemplateFile)) ? File(TemplateFile) : Place(TokenizerConfigFile, "chat_template");

    /// <summary>A token with its text, for findings.</summary>
    public string Name(int id) => Tokenizer.Value?.TokenText(id) is { Length: > 0 } text ? $"{id} ({text})" : $"{id}";

    /// <summary>Why files could not be read.</summary>
    public IEnumerable<InputException> Problems(bool tokenizerOnly)
    {
        if (!tokenizerOnly && Config is { Value: null, Problem: null })
            yield return new InputException($"{File(ConfigFile)}: missing", "a model folder in Hugging Face's layout has config.json, model.safetensors and tokenizer.json");
        foreach (InputException? problem in new[] { Config.Problem, tokenizerOnly ? null : Shape.Problem ?? Fit.Problem, Generation.Problem, EmbeddingShape.Problem, Tokenizer.Problem, Template.Problem })
        {
            if (problem is not null) yield return problem;
        }
    }

    private IReadOnlyList<long>? ReadEmbeddingShape()
    {
        if (!HasWeights) return null;
        using IWeightSource source = WeightSource.Open(Path);
        return source.TryGet(Embedding, out TensorInfo? info) ? info.Shape : null;
    }

    // Another number of rows is told of by its own check, and not here, too.
    private ModelConfig? ReadFit()
    {
        if (Shape.Value is not { } shape || !HasWeights || EmbeddingShape.Problem is not null) return null;
        using IWeightSource source = WeightSource.Open(Path);
        ModelWeights.RequireFit(EmbeddingShape.Value is [var rows, _] ? shape with { VocabSize = (int)rows } : shape, source);
        return shape;
    }
}
