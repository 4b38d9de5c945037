using System.Globalization;
using Distill.Runs;

namespace Distill.Training;

/// <summary>How large a training set is, where it decides values of the recipe.</summary>
/// <param name="Samples">Samples.</param>
/// <param name="MeanLength">Tokens of a sample, on average.</param>
internal sealed record TrainingSetSize(int Samples, double MeanLength)
{
    /// <summary>The size of some samples.</summary>
    public static TrainingSetSize Of(IReadOnlyList<TrainingSample> samples) => new(samples.Count, samples.Average(sample => (double)sample.Length));
}

/// <summary>
/// The values that depend on what is trained. What is given (a flag goes before the pipeline file) goes before the preset's, and that before the
/// general default.
/// </summary>
internal static class TrainingRecipe
{
    public const double DefaultLearningRate = 1e-5, DefaultAdapterLearningRate = 1e-4; // adapters, which begin at nothing, learn at ten times the rate: QLoRA, arXiv:2305.14314, took 1e-4 to 2e-4
    public const int DefaultEpochs = 2, DefaultRowLength = 512, DefaultRows = 16, DefaultWarmup = 20;
    public const int LongRow = 4096, DefaultChunk = 1024; // of rows so long, a single layer's results are most of the memory

    /// <summary>The values with their sources.</summary>
    /// <param name="options">The options, preset and size of the training set filled in.</param>
    /// <param name="steps">Updates of the whole training.</param>
    public static IReadOnlyList<RecipeValue> Of(TrainOptions options, int steps)
    {
        string preset = options.Recipe is { } found ? $"preset {found.Name}" : "default";
        bool fewSamples = options.Recipe is { } recipe && options.Size is { } size && recipe.LearningRateFor(size) != recipe.LearningRate;
        return
        [
            new("learning_rate", Text(options.PeakLearningRate), options.LearningRate is not null ? "given" : fewSamples ? $"{preset}, {options.Size!.Samples:N0} samples"
                : StudentPreset.Find(options.Student) is null ? preset : $"preset {options.Student}"),
            options.MaxSteps is { } given ? new("max_steps", Text(given), "given") : new("epochs", Text(options.Passes), options.Epochs is not null ? "given" : preset),
            new("batch_size", Text(options.RowsPerUpdate), options.BatchSize is not null ? "given" : options.Recipe is null ? preset
                : $"{preset}: {BasePreset.SamplesPerUpdate} samples{(options.Gpus > 1 ? $", shared evenly by {options.Gpus} GPUs: {SamplesOf(options):0}" : "")}"),
            new("sequence_length", Text(options.RowLength), options.SequenceLength is not null ? "given" : preset),
            .. options.MaxPositions is { } positions ? [new("max_positions", Text(positions), "given")] : options.Recipe is null ? [] : new RecipeValue[] { new("max_positions", Text(BasePreset.Positions), preset) },
            .. options.RopeTheta is { } theta ? new RecipeValue[] { new("rope_theta", Text(theta), "given") } : [],
            new("warmup_steps", Text(options.WarmupOf(steps)), options.WarmupSteps is not null ? "given" : preset),
            new("min_learning_rate_ratio", Text(options.MinLearningRateRatio), options.Recipe is not null && options.MinLearningRateRatio == BasePreset.FinalLearningRateRatio ? preset : "as set"),
            new("precision", OptionSet.Of<TrainOptions>().ToResultJson(options)["precision"]!.GetValue<string>(), "as set"),
            .. options.Chunks is { } chunks ? [new("sequence_chunk", Text(chunks.Size), options.SequenceChunk is not null ? "given" : "long rows")] : Array.Empty<RecipeValue>(),
        ];
    }

    /// <summary>Samples of an update, on average: as many as its rows hold, which best fit fills to the last percent.</summary>
    public static double SamplesOf(TrainOptions options) =>
        options.Packing && options.Size is { } size ? options.RowsPerUpdate * options.RowLength / size.MeanLength : options.RowsPerUpdate;

    private static string Text(double value) => value.ToString("0.######e-0", CultureInfo.InvariantCulture) is var scientific && value is > 0 and < 1e-3 ? scientific : value.ToString("0.####", CultureInfo.InvariantCulture);
}
