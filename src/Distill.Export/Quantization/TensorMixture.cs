using Distill.Export.Gguf;
using Distill.Weights;
using static Distill.Export.Gguf.GgufFileType;

namespace Distill.Export.Quantization;

/// <summary>What the choice of types depends on besides the tensors' names.</summary>
/// <param name="Architecture">GGUF's name, e.g. <c>qwen2</c>.</param>
/// <param name="Layers">Decoder layers.</param>
/// <param name="HeadsPerKeyValueHead">Query heads that share keys and values.</param>
/// <param name="Experts">Routed experts, 0 without.</param>
internal sealed record MixtureModel(string Architecture, int Layers, int HeadsPerKeyValueHead, int Experts);

/// <summary>A tensor whose type is to be chosen.</summary>
/// <param name="Name">Name in the GGUF file.</param>
/// <param name="Shape">Dimensions, slowest first.</param>
internal sealed record MixtureTensor(string Name, IReadOnlyList<long> Shape);

/// <summary>
/// The types of a file's tensors: llama.cpp's own choice, tensor by tensor. Most get the type that names the file; those that
/// cost most quality when rounded get more bits. The counters advance in the order of layers and names, so the order matters.
/// </summary>
internal sealed class TensorMixture
{
    private readonly GgufFileType _fileType;
    private readonly GgufTensorType _default;
    private readonly MixtureModel _model;
    private readonly bool _hasImatrix;
    private readonly bool _hasOutput;
    private readonly int _valueCount;
    private readonly Dictionary<TensorCategory, int> _seen = [];

    private TensorMixture(GgufFileType fileType, MixtureModel model, IReadOnlyList<MixtureTensor> tensors, bool hasImatrix)
    {
        (_fileType, _model, _hasImatrix) = (fileType, model, hasImatrix);
        _default = fileType.MatrixType();
        _hasOutput = tensors.Any(tensor => tensor.Name == "output.weight");
        _valueCount = tensors.Count(tensor => TensorCategories.Of(tensor.Name) == TensorCategory.Value);
    }

    /// <summary>Chooses the types of those tensors that are quantised at all.</summary>
    /// <param name="fileType">The type that names the file.</param>
    /// <param name="model">The model.</param>
    /// <param name="tensors">All its tensors.</param>
    /// <param name="hasImatrix">Whether an imatrix is used, which changes some choices.</param>
    /// <param name="overrides">The user's choices; the first that matches wins.</param>
    /// <returns>By name: the type, and the one that was wanted where the tensor's rows do not fit it.</returns>
    public static IReadOnlyDictionary<string, TensorTypeChoice> Choose(
        GgufFileType fileType, MixtureModel model, IReadOnlyList<MixtureTensor> tensors, bool hasImatrix, IReadOnlyList<TensorOverride> overrides)
    {
        var mixture = new TensorMixture(fileType, model, tensors, hasImatrix);
        var choices = new Dictionary<string, TensorTypeChoice>(StringComparer.Ordinal);
        foreach (MixtureTensor tensor in tensors.OrderBy(tensor => LayerOf(tensor.Name)).ThenBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            if (!TensorCategories.IsQuantized(tensor.Name, tensor.Shape)) continue;
            GgufTensorType wanted = overrides.FirstOrDefault(rule => rule.Pattern.IsMatch(tensor.Name))?.Type ?? mixture.Choose(tensor);
            choices.Add(tensor.Name, new TensorTypeChoice(Fitting(wanted, tensor.Shape[^1]), wanted));
        }
        return choices;
    }

    private GgufTensorType Choose(MixtureTensor tensor)
    {
        if (_default is GgufTensorType.F32 or GgufTensorType.F16 or GgufTensorType.BF16) return _default;
        TensorCategory category = TensorCategories.Of(tensor.Name);
        if (category == TensorCategory.Output || (category == TensorCategory.Embedding && !_hasOutput)) return OutputType(tensor.Shape[^1]);
        if (_fileType == MXFP4_MOE) return tensor.Shape.Count == 3 && tensor.Shape[0] > 1 ? GgufTensorType.MXFP4 : GgufTensorType.Q8_0;
        if (category == TensorCategory.Embedding) return EmbeddingType();
        int index = NextIndex(category, tensor.Name);
        if (IsSmallest) return SmallestType(category, index);
        return category switch
        {
            TensorCategory.Value => ValueType(index),
            TensorCategory.Key or TensorCategory.Query => KeyOrQueryType(category),
            TensorCategory.Down => DownType(index),
            TensorCategory.AttentionOutput => AttentionOutputType(),
            TensorCategory.Gate or TensorCategory.Up when _fileType == IQ3_XS && index >= _model.Layers / 8 && index < _model.Layers * 7 / 8 => GgufTensorType.IQ3_XXS,
            _ => _default,
        };
    }

    private bool IsSmallest => _fileType is IQ2_XXS or IQ2_XS or IQ2_S or IQ2_M or IQ1_S or IQ1_M;

    // With experts a layer has several such tensors, and the number of the layer counts; otherwise their running number.
    private int NextIndex(TensorCategory category, string name)
    {
        int running = _seen.GetValueOrDefault(category);
        _seen[category] = running + 1;
        bool feedForward = category is TensorCategory.Up or TensorCategory.Gate or TensorCategory.Down;
        return feedForward && _model.Experts > 1 && !IsSmallest ? LayerOf(name) : running;
    }

    private GgufTensorType OutputType(long rowLength)
    {
        if (_fileType == MXFP4_MOE || _default == GgufTensorType.Q8_0 || rowLength % _default.BlockSize() != 0) return GgufTensorType.Q8_0;
        return IsSmallest || _fileType == IQ3_XXS ? GgufTensorType.Q5_K : GgufTensorType.Q6_K;
    }

    private GgufTensorType EmbeddingType() => _fileType switch
    {
        IQ2_XXS or IQ2_XS or IQ1_S or IQ1_M => GgufTensorType.Q2_K,
        IQ2_S or IQ2_M or IQ3_XXS => GgufTensorType.IQ3_S,
        TQ1_0 or TQ2_0 => GgufTensorType.Q4_K,
        _ => _default,
    };

    private GgufTensorType ValueType(int index)
    {
        bool shared = _model.HeadsPerKeyValueHead >= 4;
        GgufTensorType type = _fileType switch
        {
            Q2_K => shared ? GgufTensorType.Q4_K : GgufTensorType.Q3_K,
            Q2_K_S when shared => GgufTensorType.Q4_K,
            IQ3_XXS => shared ? GgufTensorType.Q4_K : _hasImatrix ? GgufTensorType.IQ3_XXS : GgufTensorType.IQ3_S,
            IQ3_XS or IQ3_S when shared => GgufTensorType.Q4_K,
            IQ3_M => GgufTensorType.Q4_K,
            Q3_K_M => index < 2 ? GgufTensorType.Q5_K : GgufTensorType.Q4_K,
            Q3_K_L => GgufTensorType.Q5_K,
            IQ4_NL or IQ4_XS when shared => GgufTensorType.Q5_K,
            Q4_K_M or Q5_K_M when IsSensitive(index, _valueCount) => GgufTensorType.Q6_K,
            Q4_K_S when index < 4 => GgufTensorType.Q5_K,
            _ => _default,
        };
        bool seventyBillion = _model is { Layers: 80, HeadsPerKeyValueHead: > 1, Architecture: "llama" or "qwen2" };
        if (seventyBillion && (type is GgufTensorType.Q3_K or GgufTensorType.Q4_K)) type = GgufTensorType.Q5_K;
        return _model.Experts == 8 ? GgufTensorType.Q8_0 : type;
    }

    private GgufTensorType KeyOrQueryType(TensorCategory category)
    {
        if (category == TensorCategory.Key && _model.Experts == 8) return GgufTensorType.Q8_0;
        return _fileType switch
        {
            IQ3_XS => GgufTensorType.IQ3_XXS,
            IQ3_XXS => GgufTensorType.IQ2_S,
            _ => _default,
        };
    }

    private GgufTensorType DownType(int index)
    {
        int layers = _model.Layers;
        bool first = index < layers / 8;
        return _fileType switch
        {
            Q2_K => GgufTensorType.Q3_K,
            Q2_K_S when first => GgufTensorType.Q4_K,
            IQ3_XXS when !_hasImatrix => first ? GgufTensorType.Q4_K : GgufTensorType.Q3_K,
            Q3_K_M => index < layers / 16 ? GgufTensorType.Q5_K : GgufTensorType.Q4_K,
            IQ3_M when first || (_model.Experts == 8 && IsSensitive(index, layers)) => GgufTensorType.Q4_K,
            Q3_K_L => GgufTensorType.Q5_K,
            Q4_K_M or Q5_K_M when IsSensitive(index, layers) => GgufTensorType.Q6_K,
            IQ4_NL or IQ4_XS when first && !_hasImatrix => GgufTensorType.Q5_K,
            Q4_K_S when first => GgufTensorType.Q5_K,
            Q4_0 when first && _hasImatrix => GgufTensorType.Q4_1,
            Q5_0 when first && _hasImatrix => GgufTensorType.Q5_1,
            _ => _default,
        };
    }

    private GgufTensorType AttentionOutputType()
    {
        bool small = _fileType is Q2_K or Q3_K_S or Q3_K_M or Q4_K_S or Q4_K_M or IQ3_XS or IQ3_XXS or IQ3_S or IQ3_M or IQ4_NL or IQ4_XS;
        if (_model.Experts == 8) return small ? GgufTensorType.Q5_K : _default;
        return _fileType switch
        {
            Q2_K => GgufTensorType.Q3_K,
            Q3_K_M or IQ3_M => GgufTensorType.Q4_K,
            Q3_K_L => GgufTensorType.Q5_K,
            IQ3_XXS => GgufTensorType.IQ3_S,
            _ => _default,
        };
    }

    private GgufTensorType SmallestType(TensorCategory category, int index)
    {
        bool larger = _fileType is IQ2_S or IQ2_M;
        GgufTensorType raised = larger ? GgufTensorType.IQ3_S : GgufTensorType.Q2_K;
        return category switch
        {
            TensorCategory.Value => _model.HeadsPerKeyValueHead >= 4 || _model.Experts >= 4 ? GgufTensorType.Q4_K : raised,
            TensorCategory.Key when _model.Experts == 8 => GgufTensorType.Q4_K,
            TensorCategory.Down when index < _model.Layers / 8 => raised,
            TensorCategory.AttentionOutput when _model.Experts == 8 => GgufTensorType.Q5_K,
            TensorCategory.AttentionOutput when _fileType is IQ1_S or IQ1_M => GgufTensorType.IQ2_XXS,
            TensorCategory.AttentionOutput when larger => GgufTensorType.IQ3_S,
            _ => _default,
        };
    }

    // The first and the last eighth, and every third between.
    private static bool IsSensitive(int index, int count) => index < count / 8 || index >= 7 * count / 8 || (index - (count / 8)) % 3 == 2;

    private static GgufTensorType Fitting(GgufTensorType type, long rowLength)
    {
        if (rowLength % type.BlockSize() == 0) return type;
        GgufTensorType smaller = type switch
        {
            GgufTensorType.Q2_K or GgufTensorType.Q3_K or GgufTensorType.TQ1_0 or GgufTensorType.TQ2_0 => GgufTensorType.Q4_0,
            GgufTensorType.Q4_K => GgufTensorType.Q5_0,
            GgufTensorType.Q5_K => GgufTensorType.Q5_1,
            GgufTensorType.Q6_K => GgufTensorType.Q8_0,
            _ => GgufTensorType.IQ4_NL,
        };
        return rowLength % smaller.BlockSize() == 0 ? smaller : GgufTensorType.F16;
    }

    private static int LayerOf(string name)
    {
        const string prefix = "blk.";
        if (!name.StartsWith(prefix, StringComparison.Ordinal)) return -1;
        int end = name.IndexOf('.', prefix.Length);
        return end > 0 && int.TryParse(name.AsSpan(prefix.Length, end - prefix.Length), out int layer) ? layer : -1;
    }
}

/// <summary>The type of one tensor.</summary>
/// <param name="Type">The type it gets.</param>
/// <param name="Wanted">The type it would get if its rows were whole numbers of blocks of that type.</param>
internal readonly record struct TensorTypeChoice(GgufTensorType Type, GgufTensorType Wanted);
