using System.Text.RegularExpressions;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>The user's own choice of type for the tensors whose names match a pattern.</summary>
/// <param name="Pattern">Found anywhere in the tensor's name in the GGUF file.</param>
/// <param name="Type">The type they get.</param>
internal sealed record TensorOverride(Regex Pattern, GgufTensorType Type)
{
    /// <summary>Reads <c>pattern=type</c>, e.g. <c>ffn_down=Q6_K</c>.</summary>
    /// <exception cref="InputException">It is not of that form, or the type cannot be written.</exception>
    public static TensorOverride Parse(string text)
    {
        int equals = text.LastIndexOf('=');
        if (equals <= 0) throw new InputException($"`{text}` is no tensor type", "write `--tensor-type <pattern>=<type>`, e.g. `--tensor-type ffn_down=Q6_K`");
        string name = text[(equals + 1)..];
        if (!Enum.TryParse(name, ignoreCase: true, out GgufTensorType type) || !BlockQuantizer.CanWrite(type) || char.IsDigit(name[0]))
        {
            string known = string.Join(", ", Enum.GetValues<GgufTensorType>().Where(BlockQuantizer.CanWrite));
            throw new InputException($"`{text}`: `{name}` is no type that can be written", $"write one of {known}");
        }
        try
        {
            return new TensorOverride(new Regex(text[..equals], RegexOptions.NonBacktracking | RegexOptions.CultureInvariant), type);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new InputException($"`{text}`: `{text[..equals]}` is no regular expression that can be used here", "check its brackets and escapes; references back and lookarounds are not supported", inner: e);
        }
    }

    /// <summary>Refuses a pattern for no tensor: one with a typo would change nothing, and nobody would notice.</summary>
    /// <param name="overrides">The user's choices.</param>
    /// <param name="path">The model, for messages.</param>
    /// <param name="quantized">Names of its tensors that can be quantised.</param>
    /// <exception cref="InputException">A pattern matches none of them.</exception>
    public static void RequireUse(IReadOnlyList<TensorOverride> overrides, string path, IReadOnlyList<string> quantized)
    {
        if (overrides.FirstOrDefault(rule => !quantized.Any(rule.Pattern.IsMatch)) is not { } idle) return;
        throw new InputException($"{path}: `{idle.Pattern}={idle.Type}` matches none of the {quantized.Count} tensors that can be quantised",
            $"their names are like {string.Join(", ", quantized.Take(1).Append(quantized[quantized.Count / 2]).Distinct().Select(name => $"`{name}`"))}; norms and biases stay F32");
    }
}
