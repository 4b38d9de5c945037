namespace Distill.Pipelines.Report;

/// <summary>What a scored model is in the experiment.</summary>
public enum ScoreRole
{
    /// <summary>The model that wrote the traces.</summary>
    Teacher,

    /// <summary>A student before training.</summary>
    Untrained,

    /// <summary>A student trained on answers without reasoning.</summary>
    AnswersOnly,

    /// <summary>A student trained on traces.</summary>
    Distilled,

    /// <summary>An exported file.</summary>
    Artifact,

    /// <summary>Any other model.</summary>
    Other,
}

/// <summary>The score of one model on one suite.</summary>
/// <param name="Label">What the model is called in charts.</param>
/// <param name="Role">What it is in the experiment.</param>
/// <param name="Suite">Prompts it was scored on.</param>
/// <param name="PassAt1">Share of problems solved, mean over samples, 0 to 1.</param>
/// <param name="Low">Lower end of the 95 % interval.</param>
/// <param name="High">Upper end of the 95 % interval.</param>
/// <param name="Problems">Problems.</param>
/// <param name="Samples">Samples of each problem.</param>
/// <param name="TruncationRate">Share of samples cut off by the token limit.</param>
/// <param name="MeanTokens">Mean tokens of a completion.</param>
/// <param name="TokensPerSecond">Tokens produced per second of the whole evaluation, or null when not measured.</param>
/// <param name="Model">Path of the model.</param>
public sealed record ScoreRow(
    string Label, ScoreRole Role, string Suite, double PassAt1, double Low, double High, int Problems, int Samples,
    double TruncationRate, double MeanTokens, double? TokensPerSecond, string Model);
