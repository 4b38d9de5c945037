using System.IO.Compression;
using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Parquet;
using Parquet.Schema;

namespace Distill.Traces;

/// <summary>Writes trace files: Parquet, Zstandard-compressed, in row groups small enough to be read one at a time.</summary>
public static class TraceWriter
{
    private const int MostRowsPerGroup = 1024;
    private const long MostCharactersPerGroup = 16 << 20;

    /// <summary>Name of a part: <c>part-00007.parquet</c>. Ordinal order of the names is the order of the parts.</summary>
    public static string PartName(int index) => $"part-{index:D5}.parquet";

    /// <summary>
    /// Writes one file, whole or not at all. The same traces give the same bytes.
    /// </summary>
    /// <param name="path">The file; missing folders are made.</param>
    /// <param name="traces">Its rows, in order.</param>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public static void WritePart(string path, IReadOnlyList<Trace> traces) =>
        AtomicFile.Write(path, stream => WriteAsync(stream, traces).GetAwaiter().GetResult());

    private static async Task WriteAsync(Stream stream, IReadOnlyList<Trace> traces)
    {
        // The library's own default level takes a hundred times as long for a few percent.
        var options = new ParquetOptions { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Optimal };
        bool logProbabilities = traces.Any(trace => trace.Completion.TopLogProbabilities is not null);
        ParquetSchema schema = TraceSchema.Create(logProbabilities);
        // They have 16 significant bits, so that half of each group's bytes compress to nothing.
        foreach (DataField field in schema.DataFields.Where(field => field.ClrType == typeof(float))) options.ColumnEncodingHints[field.Path.ToString()] = EncodingHint.ByteSplitStream;
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream, options);
        for (int start = 0; start < traces.Count;)
        {
            int end = EndOfGroup(traces, start);
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            Trace[] rows = [.. traces.Skip(start).Take(end - start)];
            await WriteGroupAsync(group, schema.DataFields, rows);
            if (logProbabilities) await LogProbabilityColumnWriter.WriteAsync(group, schema.DataFields[^TraceSchema.LogProbabilityColumns.Count..], rows);
            start = end;
        }
    }

    private static int EndOfGroup(IReadOnlyList<Trace> traces, int start)
    {
        long characters = 0;
        int end = start;
        while (end < traces.Count && end - start < MostRowsPerGroup && characters < MostCharactersPerGroup)
        {
            Completion completion = traces[end++].Completion;
            characters += completion.RawText.Length + completion.Reasoning.Length + completion.Answer.Length + (3 * (completion.TopLogProbabilities?.Values.Length ?? 0));
        }
        return end;
    }

    private static async Task WriteGroupAsync(ParquetRowGroupWriter group, DataField[] fields, Trace[] traces)
    {
        int next = 0;
        await Text(trace => trace.Id);
        await Text(trace => trace.Prompt.Id);
        await Messages(message => message.Role.ToString().ToLowerInvariant());
        await Messages(message => message.Content);
        await Messages(message => message.Reasoning);
        await Text(trace => trace.Prompt.ReferenceAnswer);
        await Text(trace => trace.Prompt.ReferenceReasoning);
        await Text(trace => trace.Prompt.Source);
        await Text(trace => PromptChecks.ToJson(trace.Prompt));
        await Number(trace => trace.SampleIndex);
        await Text(trace => trace.Teacher);
        await Number(trace => trace.Sampling.Temperature);
        await Number(trace => trace.Sampling.TopP);
        await Number(trace => trace.Sampling.TopK);
        await Number(trace => trace.Sampling.MaxTokens);
        await Number(trace => trace.Sampling.Seed);
        await Text(trace => trace.Completion.Reasoning);
        await Text(trace => trace.Completion.Answer);
        await Text(trace => trace.Completion.RawText);
        await Number(trace => trace.Completion.ReasoningUnclosed);
        await Text(trace => trace.Completion.FinishReason.ToString().ToLowerInvariant());
        await Number(trace => trace.Completion.PromptTokens);
        await Number(trace => trace.Completion.CompletionTokens);
        await Text(trace => trace.Verdict.Outcome.ToString().ToLowerInvariant());
        await Text(trace => trace.Verdict.Reason);
        await Text(trace => trace.Verdict.ExtractedAnswer);
        await Text(trace => trace.Verdict.Verifier);
        await Text(trace => trace.JudgeVerdict?.Outcome.ToString().ToLowerInvariant());
        await Text(trace => trace.JudgeVerdict?.Reason);
        await Text(trace => trace.JudgeVerdict?.ExtractedAnswer);
        await Text(trace => trace.JudgeVerdict?.Verifier);
        await Number(trace => trace.Seconds);
        await Text(trace => TraceSchema.NameOf(trace.Completion.EndState));
        await Text(trace => trace.Completion.Origin.Endpoint);
        await Text(trace => trace.Completion.Origin.Model);
        await Text(trace => trace.Completion.Origin.Fingerprint);
        await Number(trace => trace.Completion.Origin.Attempts);
        await Number(trace => trace.Completion.Origin.FirstTextSeconds);
        await Number(trace => trace.Completion.Origin.CachedTokens);

        Task Text(Func<Trace, string?> value) => group.WriteAsync(fields[next++], Array.ConvertAll(traces, trace => value(trace)));
        Task Number<T>(Func<Trace, T> value) where T : struct => group.WriteAsync<T>(fields[next++], Array.ConvertAll(traces, trace => value(trace)));
        Task Messages(Func<Message, string?> value) => WriteMessagesAsync(group, fields[next++], traces, value);
    }

    // One field of the messages list, with the Parquet format's levels: a repetition level of 0 starts a row, the highest
    // definition level is a value, one less is a message without it (optional fields), 1 is a row without messages.
    private static Task WriteMessagesAsync(ParquetRowGroupWriter group, DataField field, Trace[] traces, Func<Message, string?> value)
    {
        var values = new List<ReadOnlyMemory<char>>();
        List<int> definitions = [], repetitions = [];
        foreach (Trace trace in traces)
        {
            IReadOnlyList<Message> messages = trace.Prompt.Messages;
            if (messages.Count == 0)
            {
                definitions.Add(1);
                repetitions.Add(0);
            }
            for (int i = 0; i < messages.Count; i++)
            {
                string? text = value(messages[i]);
                definitions.Add(text is null ? field.MaxDefinitionLevel - 1 : field.MaxDefinitionLevel);
                repetitions.Add(i == 0 ? 0 : 1);
                if (text is not null) values.Add(text.AsMemory());
            }
        }
        return group.WriteAllPartsAsync<ReadOnlyMemory<char>>(field, values.ToArray(), definitions.ToArray(), repetitions.ToArray(), CancellationToken.None);
    }
}
