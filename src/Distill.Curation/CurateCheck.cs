using Distill.Runs;
using Distill.Traces;
using Distill.Verification;

namespace Distill.Curation;

/// <summary>Refuses options that cannot be meant.</summary>
internal static class CurateCheck
{
    private const int MostSources = 255;

    /// <summary>Checks values that need no file.</summary>
    /// <exception cref="InputException">One is out of range, or two do not go together.</exception>
    public static void Check(CurateOptions options)
    {
        Refuse(options.MaxPerPrompt < 0, "`max_per_prompt` is negative", "give a number of traces, or 0 for all");
        Refuse(options.MinTokens < 0, "`min_tokens` is negative", "give a number of tokens, or 0 for no limit");
        Refuse(options.MaxTokens < 0, "`max_tokens` is negative", "give a number of tokens, or 0 for no limit");
        Refuse(options.MaxTokens > 0 && options.MinTokens > options.MaxTokens, $"`min_tokens` {options.MinTokens} is above `max_tokens` {options.MaxTokens}", "give a range that holds something");
        Refuse(options.MaxRows < 0, "`max_rows` is negative", "give a number of rows, or 0 for all");
        Refuse(options.Verdicts.Count == 0, "`verdicts` is empty", "name the verdicts to keep, e.g. correct");
        Refuse(options.Traces.Count == 0, "`traces` is empty", "name a file or folder of traces");
        Refuse(options.Traces.Count + options.General.Count > MostSources, $"more than {MostSources} sources", "put the files of one source into one folder");
        RefuseOutside(options.MinPassRate, "min_pass_rate", 0, 1);
        RefuseOutside(options.MaxPassRate, "max_pass_rate", 0, 1);
        Refuse(options.MinPassRate > options.MaxPassRate, $"`min_pass_rate` {options.MinPassRate} is above `max_pass_rate` {options.MaxPassRate}", "give a range that holds something");
        RefuseOutside(options.GeneralShare, "general_share", 0, 1);
        RefuseOutside(options.NearDuplicateSimilarity, "near_duplicate_similarity", 0.3, 1);
        RefuseOutside(options.DecontaminateCoverage, "decontaminate_coverage", 0, 1);
        RefuseOutside(options.DecontaminateNgram, "decontaminate_ngram", 3, 50);
        if (options.Verify.Count > 0) Verifiers.Create(options.Verify);
        Refuse(options.Weights.Count > 0 && options.Weights.Count != options.Traces.Count,
            $"`weights` has {options.Weights.Count} numbers for {options.Traces.Count} traces", "give one weight for each of `traces`, in their order");
        Refuse(options.Weights.Any(weight => weight < 0) || (options.Weights.Count > 0 && options.Weights.Sum() <= 0), "`weights` must not be negative, and not all 0", "give shares such as 3,1");
    }

    /// <summary>Refuses to write over what is read.</summary>
    /// <exception cref="InputException">A source is the training set's own folder.</exception>
    public static void CheckPlace(CurateOptions options)
    {
        string dataset = Path.GetFullPath(Path.Combine(options.Out, TraceCuration.DatasetFolder));
        foreach (string path in options.Traces.Concat(options.General))
            Refuse(TraceDataset.FilesOf(path).Any(file => Path.GetDirectoryName(Path.GetFullPath(file)) == dataset), $"{path}: would be overwritten by its own training set", "choose another output folder");
    }

    private static void RefuseOutside(double value, string key, double least, double most) =>
        Refuse(value < least || value > most, $"`{key}` is {value}", $"give {least} to {most}");

    private static void Refuse(bool wrong, string what, string remedy)
    {
        if (wrong) throw new InputException(what, remedy);
    }
}
