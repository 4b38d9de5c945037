using Distill.Chat;
using Distill.Inference;
using Distill.Runs;
using Distill.Traces;

namespace Distill.Eval;

/// <summary>Tokens to be read, and the positions whose predictions count.</summary>
/// <param name="Tokens">The tokens.</param>
/// <param name="First">Index of the first token whose successor is predicted for the record.</param>
internal readonly record struct EvalChunk(int[] Tokens, int First);

/// <summary>A text that models are compared on: plain, in chunks of which the second half counts, as llama.cpp's perplexity tool does it; or traces, of which the completion counts.</summary>
/// <param name="Name">Name in the report.</param>
/// <param name="Chunks">The pieces.</param>
internal sealed record EvalText(string Name, IReadOnlyList<EvalChunk> Chunks)
{
    private const int ChunkSize = 512;

    /// <summary>Reads a text file, or a folder or file of traces.</summary>
    /// <param name="path">Where it lies.</param>
    /// <param name="model">The model whose tokenizer and template are used.</param>
    /// <param name="limit">Most chunks.</param>
    /// <exception cref="InputException">Nothing is there, or it is too short.</exception>
    public static EvalText Load(string path, SequenceModel model, int limit)
    {
        int length = Math.Min(ChunkSize, model.ContextLength);
        bool isTraces = Directory.Exists(path) || path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);
        EvalChunk[] chunks = [.. (isTraces ? OfTraces(path, model.Chat, length) : OfText(path, model.Chat.Tokenizer, length)).Take(limit)];
        if (chunks.Length == 0) throw new InputException($"{path}: is too short to compare models on (chunks have {length} tokens)", "give a longer text, or traces with completions");
        return new EvalText(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))), chunks);
    }

    private static IEnumerable<EvalChunk> OfTraces(string path, ModelChat chat, int length)
    {
        foreach (Trace trace in TraceReader.Read(path))
        {
            int[] prompt = chat.PromptTokens(trace.Prompt.Messages);
            int[] completion = chat.Tokenizer.Encode(ReasoningSplit.Join(trace.Completion.Reasoning, trace.Completion.Answer, chat.Template.StartsInReasoning));
            int[] tokens = [.. prompt.Concat(completion).Take(length)];
            if (tokens.Length > prompt.Length) yield return new EvalChunk(tokens, Math.Max(prompt.Length - 1, 0));
        }
    }

    private static IEnumerable<EvalChunk> OfText(string path, ModelTokenizer tokenizer, int length)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", "give a text file, or a folder of traces", inner: e);
        }
        int? begin = tokenizer.AddBosToken ? tokenizer.BosTokenId : null;
        int[] tokens = tokenizer.Encode(text);
        if (begin is not null) tokens = [begin.Value, .. tokens];
        for (int start = 0; start + length <= tokens.Length; start += length)
        {
            int[] chunk = tokens[start..(start + length)];
            if (begin is not null) chunk[0] = begin.Value;
            yield return new EvalChunk(chunk, length / 2);
        }
    }
}
