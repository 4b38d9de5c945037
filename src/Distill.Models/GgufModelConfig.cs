using Distill.Models.Families;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Models;

/// <summary>
/// The shape of a model in the metadata of a GGUF file, both ways. llama.cpp is strict about types: whole numbers are u32, reals
/// are f32.
/// </summary>
public static class GgufModelConfig
{
    /// <summary>Reads the shape.</summary>
    /// <exception cref="InputException">The architecture or its rotary scaling is not known, or a key is missing or impossible.</exception>
    public static ModelConfig Read(GgufReader file)
    {
        GgufMetadata metadata = file.Metadata;
        string name = metadata.GetString("general.architecture");
        ModelFamily family = ModelFamily.OfGguf(name)
            ?? throw new InputException($"{file.Path}: architecture `{name}` is not known", $"known: {string.Join(", ", ModelFamily.All.Select(known => known.GgufName))}");
        if (!file.TryGet(GgufTensorNames.TokenEmbedding, out GgufTensorInfo? embedding) || embedding.Shape.Count != 2 || embedding.Shape[0] > int.MaxValue)
            throw new InputException($"{file.Path}: tensor `{GgufTensorNames.TokenEmbedding}` is missing or has no rows", "export the model again");

        int heads = metadata.GetCount($"{name}.attention.head_count"), hidden = metadata.GetCount($"{name}.embedding_length");
        var common = new ModelConfig
        {
            Architecture = family.Architecture,
            VocabSize = (int)embedding.Shape[0],
            HiddenSize = hidden,
            IntermediateSize = metadata.GetCount($"{name}.feed_forward_length"),
            NumHiddenLayers = metadata.GetCount($"{name}.block_count"),
            NumAttentionHeads = heads,
            NumKeyValueHeads = heads,
            HeadDim = hidden / Math.Max(heads, 1),
            RmsNormEps = metadata.GetFloat($"{name}.attention.layer_norm_rms_epsilon"),
            RopeTheta = metadata.FindFloat($"{name}.rope.freq_base") ?? 10000,
            RopeScaling = GgufRopeScaling.Read(file, name),
            MaxPositionEmbeddings = metadata.GetCount($"{name}.context_length"),
            TieWordEmbeddings = !file.TryGet(GgufTensorNames.Output, out _),
            BosTokenId = metadata.FindCount("tokenizer.ggml.bos_token_id"),
            EosTokenIds = metadata.FindCount("tokenizer.ggml.eos_token_id") is { } eos ? [eos] : [],
            PadTokenId = metadata.FindCount("tokenizer.ggml.padding_token_id"),
        };
        ModelConfig config = ModelConfigRules.Checked(family.ReadGguf(file, common), file.Path);
        if (metadata.FindCount($"{name}.rope.dimension_count") is { } rotated && rotated != config.RotaryWidth)
            throw new InputException($"{file.Path}: only {rotated} of {config.RotaryWidth} components of a head are rotated", "no model of this architecture that is known here does that");
        return config;
    }

    /// <summary>Name of the model's architecture in GGUF files.</summary>
    public static string ArchitectureName(ModelConfig config) => ModelFamily.Of(config.Architecture).GgufName;

    /// <summary>Appends the keys of the shape.</summary>
    /// <param name="metadata">Receives the keys.</param>
    /// <param name="config">The shape.</param>
    /// <exception cref="InputException">GGUF has no way to say what the model is.</exception>
    public static void Append(GgufMetadata metadata, ModelConfig config)
    {
        ModelFamily family = ModelFamily.Of(config.Architecture);
        string name = family.GgufName;
        metadata.Add($"{name}.block_count", (uint)config.NumHiddenLayers);
        metadata.Add($"{name}.context_length", (uint)config.MaxPositionEmbeddings);
        metadata.Add($"{name}.embedding_length", (uint)config.HiddenSize);
        metadata.Add($"{name}.feed_forward_length", (uint)config.IntermediateSize);
        metadata.Add($"{name}.attention.head_count", (uint)config.NumAttentionHeads);
        metadata.Add($"{name}.attention.layer_norm_rms_epsilon", (float)config.RmsNormEps);
        metadata.Add($"{name}.rope.freq_base", (float)config.RopeTheta);
        metadata.Add($"{name}.vocab_size", (uint)config.VocabSize);
        GgufRopeScaling.Append(metadata, name, config);
        family.AppendGguf(metadata, config);
    }
}
