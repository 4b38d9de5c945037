using Distill.Chat;
using Distill.Export.Quantization;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>A model folder in Hugging Face's layout.</summary>
internal sealed class CheckpointSource : GgufModelSource
{
    private readonly string _folder;
    private readonly ModelConfig _config;
    private readonly IWeightSource _weights;
    private readonly ModelFacts _facts;
    private readonly ModelTokenizer _tokenizer;
    private readonly string? _preTokenizer;

    private CheckpointSource(string folder, ModelConfig config, IWeightSource weights, ModelFacts facts, string? preTokenizer)
    {
        (_folder, _config, _weights, _facts, _preTokenizer) = (folder, config, weights, facts, preTokenizer);
        Tensors = GgufTensorPlan.Of(config, weights);
        _tokenizer = ModelTokenizer.Load(folder);
        int keyHeads = config.Latent is null ? config.NumKeyValueHeads : 1; // latent attention has one compressed head
        Mixture = new MixtureModel(GgufModelConfig.ArchitectureName(config), config.NumHiddenLayers,
            config.NumAttentionHeads / keyHeads, config.Mixture?.NRoutedExperts ?? 0);
    }

    public override string Path => _weights.Path;

    public override IReadOnlyList<PlannedTensor> Tensors { get; }

    public override MixtureModel Mixture { get; }

    public override long Parameters => _config.ParameterCount();

    public static CheckpointSource OpenFolder(string folder, string name, GgufExportSettings settings)
    {
        ModelConfig config = ModelConfigFile.Load(folder);
        RequireLoadable(config, folder);
        ModelFacts facts = ModelFacts.Read(folder, name);
        facts = facts with { Card = settings.Card.FilledFrom(facts.Card) };
        IWeightSource weights = WeightSource.Open(folder);
        try
        {
            return new CheckpointSource(folder, config, weights, facts, settings.PreTokenizer);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    public override GgufMetadata Metadata(GgufFileType type)
    {
        var metadata = new GgufMetadata();
        GgufModelMetadata.Append(metadata, _config, _facts, Tensors, type);
        GgufTokenizerMetadata.Append(metadata, _tokenizer, _config, ChatTemplate.Find(_folder)?.Source, _folder, _preTokenizer);
        return metadata;
    }

    public override void Dispose() => _weights.Dispose();

    // llama.cpp tells DeepSeek-V2-Lite, which has no query compression, from its siblings by the number of layers alone.
    private static void RequireLoadable(ModelConfig config, string folder)
    {
        string path = System.IO.Path.Combine(folder, ModelConfigFile.FileName);
        if (config.Latent is { QLoraRank: null } && config.NumHiddenLayers is not (26 or 27))
            throw new InputException($"{path}: llama.cpp loads a DeepSeek model without `q_lora_rank` only with 26 or 27 layers", "train the model with `q_lora_rank`");
        if (config is { Latent: not null, Mixture: null })
            throw new InputException($"{path}: llama.cpp loads a DeepSeek model only with experts", "train the model with `n_routed_experts`");
    }
}
