using Distill.Runs;
using Distill.Verification;

namespace Distill.Rescoring;

/// <summary>What to do with a row that cannot be read.</summary>
public enum BadRow
{
    /// <summary>Stop and name it.</summary>
    Stop,

    /// <summary>Count it, and go on: a line that is no JSON is left out, any other row is kept without verdict.</summary>
    Skip,
}

/// <summary>Options of <c>distill verify</c>.</summary>
public sealed record VerifyOptions : ICheckedOptions
{
    /// <summary>The rows: a file of traces, or of any public shape; <c>-</c> is standard input, JSON lines.</summary>
    public string Input { get; init; } = "";

    /// <summary>File that receives the rows with their verdicts; null judges without writing.</summary>
    [Option("file to write the rows with their verdicts to, Parquet for Parquet and else JSON lines (else nothing is written; with `-` as input, standard output)")]
    public string? Out { get; init; }

    /// <summary>Names of verifiers, tried in order.</summary>
    [Option("how completions are judged: auto (as each row asks, else math), math, code, choice, exact, regex, json, ifeval, drop")]
    public IReadOnlyList<string> Verifier { get; init; } = ["auto"];

    /// <summary>Column with the reference answer; null finds it by the names in common use.</summary>
    [Option("column with the reference answer")]
    public string? GoldColumn { get; init; }

    /// <summary>Column with what a model wrote; null finds it by the names in common use.</summary>
    [Option("column with the completion: a text, a list of texts, or a conversation that ends with it")]
    public string? CompletionColumn { get; init; }

    /// <summary>Column with the problem; null finds it by the names in common use.</summary>
    [Option("column with the problem")]
    public string? PromptColumn { get; init; }

    /// <summary>Stands before the names of the columns that are added.</summary>
    [Option("put this before the names of the added columns, e.g. distill_")]
    public string ColumnPrefix { get; init; } = "";

    /// <summary>What to do with a row that cannot be read.</summary>
    [Option("what to do with a row that cannot be read")]
    public BadRow OnBadRow { get; init; }

    /// <summary>Judge only so many rows from the front; the others are written without verdict.</summary>
    [Option("judge only the first N rows; the others are written without verdict")]
    public long? Limit { get; init; }

    /// <summary>Rows judged at the same time; null is one for each processor.</summary>
    [Option("threads that judge")]
    public int? Threads { get; init; }

    /// <summary>Examples shown for each reason.</summary>
    [Option("examples to show for each reason")]
    public int Examples { get; init; } = 2;

    /// <summary>Address of an OpenAI-compatible server that judges what the rules cannot.</summary>
    [Option("address of an OpenAI-compatible server that judges what is unverifiable, in columns of its own; its key comes from DISTILL_API_KEY or OPENAI_API_KEY")]
    public string? Judge { get; init; }

    /// <summary>Model of the judge.</summary>
    [Option("name of the judging model")]
    public string? JudgeModel { get; init; }

    /// <summary>Most tokens that the judge may produce for one completion.</summary>
    [Option("most tokens of one of the judge's replies, reasoning included")]
    public int JudgeMaxTokens { get; init; } = 4096;

    /// <summary>Requests to the judge at the same time.</summary>
    [Option("requests to the judge at the same time")]
    public int JudgeConcurrency { get; init; } = 8;

    /// <inheritdoc/>
    public void Check()
    {
        Verifiers.Create(Verifier);
        Require(Limit is null or >= 1, "limit", Limit);
        Require(Threads is null or >= 1, "threads", Threads);
        Require(Examples >= 0, "examples", Examples, 0);
        Require(JudgeMaxTokens >= 1, "judge-max-tokens", JudgeMaxTokens);
        Require(JudgeConcurrency >= 1, "judge-concurrency", JudgeConcurrency);
    }

    private static void Require(bool holds, string option, long? value, int least = 1)
    {
        if (!holds) throw new InputException($"--{option} {value} is out of range", $"give {least} or more");
    }
}
