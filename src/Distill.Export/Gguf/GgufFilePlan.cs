using Distill.Export.Quantization;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>One GGUF model to be written: every tensor's type is chosen and every size known.</summary>
internal sealed class GgufFilePlan
{
    private static readonly GgufTensorType[] NeedImportance =
        [GgufTensorType.IQ3_XXS, GgufTensorType.IQ2_XXS, GgufTensorType.IQ2_XS, GgufTensorType.IQ2_S, GgufTensorType.IQ1_S, GgufTensorType.IQ1_M];

    /// <summary>Chooses the types.</summary>
    /// <exception cref="InputException">The type needs an imatrix that is not there, or the imatrix is another model's.</exception>
    public GgufFilePlan(GgufModelSource source, GgufFileType type, GgufExportSettings settings)
    {
        (Source, Type, Settings) = (source, type, settings);
        var choices = TensorMixture.Choose(type, source.Mixture, [.. source.Tensors.Select(tensor => new MixtureTensor(tensor.Name, tensor.Shape))],
            settings.Importance is not null, settings.Overrides);
        Choices = [.. source.Tensors.Select(tensor => choices.GetValueOrDefault(tensor.Name, new TensorTypeChoice(GgufTensorType.F32, GgufTensorType.F32)))];
        Layouts = [.. source.Tensors.Zip(Choices, (tensor, choice) => new GgufTensorLayout(tensor.Name, choice.Type, tensor.Shape))];
        RequireImportance();
    }

    /// <summary>The model.</summary>
    public GgufModelSource Source { get; }

    /// <summary>The type that names the file.</summary>
    public GgufFileType Type { get; }

    /// <summary>Settings.</summary>
    public GgufExportSettings Settings { get; }

    /// <summary>Type of each tensor, in the order of the source.</summary>
    public IReadOnlyList<TensorTypeChoice> Choices { get; }

    /// <summary>Name, type and shape of each tensor.</summary>
    public IReadOnlyList<GgufTensorLayout> Layouts { get; }

    /// <summary>Bytes of all tensors, padding not counted.</summary>
    public long TensorBytes => Layouts.Sum(layout => layout.ByteCount);

    /// <summary>Bits per weight.</summary>
    public double BitsPerWeight => 8.0 * TensorBytes / Source.Parameters;

    /// <summary>The head of the file.</summary>
    public GgufMetadata Metadata()
    {
        GgufMetadata metadata = Source.Metadata(Type);
        if (Settings.Importance is not { } importance) return metadata;
        metadata.Add("quantize.imatrix.file", Path.GetFileName(importance.Source));
        if (importance.Datasets.Count > 0) metadata.Add("quantize.imatrix.dataset", string.Join(", ", importance.Datasets.Select(dataset => Path.GetFileName(dataset))));
        metadata.Add("quantize.imatrix.entries_count", (uint)importance.Entries.Count);
        metadata.Add("quantize.imatrix.chunks_count", (uint)importance.Chunks);
        return metadata;
    }

    /// <summary>The tensors whose rows are no whole number of blocks of the type they should have had.</summary>
    public IReadOnlyList<string> FallbackTensors => [.. Layouts.Where((_, i) => Choices[i].Type != Choices[i].Wanted).Select(layout => layout.Name)];

    /// <summary>One sentence about them, or null when there are none.</summary>
    public string? FallbackNote()
    {
        TensorTypeChoice[] fallbacks = [.. Choices.Where(choice => choice.Type != choice.Wanted)];
        if (fallbacks.Length == 0) return null;
        IEnumerable<string> kinds = fallbacks.GroupBy(choice => choice).OrderByDescending(group => group.Count()).Select(group => $"{group.Count()} from {group.Key.Wanted} to {group.Key.Type}");
        return $"{Type}: rows of {fallbacks.Length} of {Layouts.Count} tensors are no whole blocks ({string.Join(", ", kinds)}); {BitsPerWeight:0.00} bits per weight";
    }

    // Without knowing what counts, types of so few bits give a model that only babbles; llama.cpp refuses them too.
    private void RequireImportance()
    {
        for (int i = 0; i < Layouts.Count; i++)
        {
            GgufTensorLayout layout = Layouts[i];
            ImportanceEntry? entry = Settings.Importance?.Entries.GetValueOrDefault(layout.Name);
            long expected = layout.Shape.Count < 3 ? layout.Shape[^1] : layout.Shape[^1] * layout.Shape[0];
            if (entry is not null && entry.Sums.Length != expected && layout.Name != "token_embd.weight")
            {
                throw new InputException($"{Settings.Importance!.Source}: `{layout.Name}` has {entry.Sums.Length} values, this model needs {expected}",
                    "use the imatrix of this model, or `--imatrix auto` to compute it");
            }
            bool usedOnce = layout.Name is "token_embd.weight" or "output.weight"; // llama.cpp writes these without, where it can be done
            bool needs = usedOnce ? BlockQuantizer.NeedsImportance(layout.Type) : NeedImportance.Contains(layout.Type) || (layout.Type == GgufTensorType.Q2_K && Type == GgufFileType.Q2_K_S);
            if (needs && layout.Name == "token_embd.weight")
            {
                throw new InputException($"`{layout.Name}` cannot be {layout.Type}: it needs an imatrix, and an embedding multiplies nothing that could be measured",
                    "leave it out of `--tensor-type`, or choose a larger type for it");
            }
            if (entry is null && needs)
            {
                throw new InputException($"{Type} needs an imatrix, and there is none for `{layout.Name}`",
                    "add `--imatrix auto --calibration <traces or text>`, or `--imatrix <file>`, or choose a larger type");
            }
        }
        if (Settings.Importance is { } importance && !Layouts.Any(layout => importance.Entries.ContainsKey(layout.Name)))
            throw new InputException($"{importance.Source}: has no entry for any tensor of this model", "use the imatrix of this model, or `--imatrix auto` to compute it");
    }
}
