using Distill.Models;
using Distill.Runs;
using Distill.Traces;

namespace Distill.Training;

/// <summary>
/// The card of a trained model: what it was made from, whose traces it learned, and the license that its base leaves it. Export copies it into GGUF metadata.
/// </summary>
internal static class TrainingCard
{
    private const int MostNames = 20;

    /// <summary>Reads what will be needed of the student's own card, so that a mistake in it is told before the training and not after it.</summary>
    /// <exception cref="Runs.InputException">The card's head is not YAML.</exception>
    public static void Check(TrainOptions options) => _ = Inherited(options);

    /// <summary>Writes the card into a model folder.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="options">The training.</param>
    public static void Write(string folder, TrainOptions options)
    {
        bool isFresh = StudentPreset.Find(options.Student) is not null;
        ModelCard inherited = Inherited(options);
        string? baseModel = isFresh ? null : NameOf(options.Student);
        (string[] teachers, string[] sources) = Origins(options.Data);
        var card = new ModelCard
        {
            License = inherited.License,
            LicenseName = inherited.LicenseName,
            LicenseLink = inherited.LicenseLink,
            BaseModels = baseModel is null ? [] : [baseModel],
            Datasets = sources,
            Languages = inherited.Languages,
            Tags = ["distill", "reasoning"],
        };
        string start = baseModel is null ? $"Trained from fresh weights (`{options.Student}`)" : $"Fine-tuned from {baseModel}";
        string taught = teachers.Length == 0 ? "" : $" on reasoning traces of {string.Join(", ", teachers)}";
        AtomicFile.WriteText(Path.Combine(folder, ModelCard.FileName), card.ToMarkdown($"{start}{taught} by distill.{KeptIn(options.Precision)}\n"));
    }

    private static ModelCard Inherited(TrainOptions options) => StudentPreset.Find(options.Student) is null ? ModelCard.Read(options.Student) : new();

    private static string KeptIn(Precision precision) => precision switch
    {
        Precision.BFloat16 => " Weights were trained in bfloat16, updates made on 32-bit originals.",
        Precision.BFloat16Stochastic => " Weights were trained in bfloat16 alone, updates rounded stochastically.",
        _ => "",
    };

    // A folder does not say which repository it was downloaded from; that of a preset is known by its name.
    private static string NameOf(string folder)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        return BasePreset.Names.Select(preset => BasePreset.Find(preset)!.BaseModel).FirstOrDefault(id => id.Split('/')[1] == name) ?? name;
    }

    // Told from the first piece of the data: one set comes from few teachers and few sets of problems.
    private static (string[] Teachers, string[] Sources) Origins(string data)
    {
        IReadOnlyList<Trace> first = TraceDataset.Chunks(data, rawText: false).FirstOrDefault()?.Invoke() ?? [];
        return (Names(trace => trace.Teacher.Split('@')[0]), Names(trace => trace.Prompt.Source));

        string[] Names(Func<Trace, string> name) => [.. first.Select(name).Where(text => text.Length > 0).Distinct().Order(StringComparer.Ordinal).Take(MostNames)];
    }
}
