using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Prompts;
using Distill.Traces;
using Distill.Verification;

namespace Distill.Inspection;

/// <summary>A folder or file of traces, or the stage folder around it. Only the columns that are counted are read.</summary>
internal static class TraceFacts
{
    public static JsonObject Of(string path)
    {
        IReadOnlyList<string> files = TraceReader.FilesOf(path);
        TraceStatistics counts = TraceStatistics.Read(path);
        var facts = new JsonObject
        {
            ["rows"] = counts.Rows,
            ["distinct_ids"] = counts.DistinctIds,
            ["distinct_prompts"] = counts.DistinctPrompts,
            ["files"] = files.Count,
            ["bytes"] = files.Sum(file => new FileInfo(file).Length),
            ["verdicts"] = Counts(Enum.GetValues<Outcome>(), outcome => counts[outcome]),
            ["verdict_reasons"] = new JsonObject(counts.VerdictReasons.OrderByDescending(reason => reason.Value).Select(reason => KeyValuePair.Create(reason.Key, (JsonNode?)reason.Value))),
            ["end_states"] = new JsonObject(counts.EndStates.Select(state => KeyValuePair.Create(state.Key, (JsonNode?)state.Value))),
            ["finish_reasons"] = Counts(Enum.GetValues<FinishReason>(), reason => counts[reason]),
            ["tokens"] = new JsonObject
            {
                ["prompt"] = counts.PromptTokens,
                ["completion"] = counts.CompletionTokens,
                ["mean_completion"] = counts.Rows == 0 ? null : Math.Round(counts.CompletionTokens / (double)counts.Rows, 1),
                ["longest_completion"] = counts.LongestCompletion,
            },
        };
        if (Directory.Exists(path) && StageFacts.IsStage(path)) facts["stage"] = StageFacts.Of(path);
        using ParquetTable table = ParquetTable.Open(files[0]);
        facts["columns"] = ParquetFacts.Columns(table);
        return facts;
    }

    private static JsonObject Counts<T>(T[] names, Func<T, long> count) where T : struct, Enum =>
        new(names.Select(name => KeyValuePair.Create(name.ToString().ToLowerInvariant(), (JsonNode?)count(name))));
}
