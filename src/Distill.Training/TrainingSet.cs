using System.Runtime.ExceptionServices;
using Distill.Chat;
using Distill.Runs;
using Distill.Traces;

namespace Distill.Training;

/// <summary>The samples of a training set, tokenized, and what was left out.</summary>
public sealed class TrainingSet : IDisposable
{
    private readonly TokenStore _store;

    private TrainingSet(TokenStore store, IReadOnlyList<TrainingSample> samples, IReadOnlyList<TrainingSample> dropped) =>
        (_store, Samples, Dropped) = (store, samples, dropped);

    /// <summary>The samples that fit into a row, in the order of the files.</summary>
    public IReadOnlyList<TrainingSample> Samples { get; }

    /// <summary>The samples that do not fit, longest first.</summary>
    public IReadOnlyList<TrainingSample> Dropped { get; }

    /// <summary>
    /// Reads traces and turns each into a sample: the prompt as the chat template writes it, then the completion. The tokens
    /// are kept in a file named after everything they depend on, so that a second training finds them there.
    /// </summary>
    /// <param name="path">Parquet file or folder.</param>
    /// <param name="chat">Tokenizer and template of the student.</param>
    /// <param name="options">Row length and what to do with longer samples.</param>
    /// <param name="progress">Receives readings while tokens are made.</param>
    /// <param name="cancellation">Stops; the next call begins anew.</param>
    /// <exception cref="InputException">The files cannot be read, nothing is in them, nothing fits, or a sample is too long and must not be.</exception>
    public static TrainingSet Load(string path, StudentChat chat, TrainOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        TokenStore store = Tokens(path, chat, options, progress, cancellation);
        try
        {
            TrainingSample[] samples = [.. store.Samples.Where(sample => sample.Length <= options.RowLength)];
            TrainingSample[] dropped = [.. store.Samples.Where(sample => sample.Length > options.RowLength).OrderByDescending(sample => sample.Length)];
            RequireSamples(path, options, store.Samples, samples, dropped);
            return new(store, samples, dropped);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    private static TokenStore Tokens(string path, StudentChat chat, TrainOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        bool distilled = options.Objective != TrainingObjective.CrossEntropy;
        string content = Fingerprint.OfTexts([chat.Fingerprint, options.Turns.ToString(), .. distilled ? ["log-probabilities"] : (string[])[], .. TraceDataset.FilesOf(path).Select(Fingerprint.OfFile)]);
        string file = Path.Combine(options.TokenCache ?? CacheFolder.Of("tokens", Path.Combine(options.Out, ".tokens")), content + ".tokens");
        if (TokenStore.Open(file) is { } known) return known;
        long total = TraceDataset.CountRows(path) ?? 0, done = 0;
        try
        {
            TokenStore.Write(file, TraceDataset.Read(path).AsParallel().AsOrdered().WithCancellation(cancellation).SelectMany(trace => chat.Samples(Counted(trace), options.Turns, distilled)));
        }
        catch (AggregateException several) when (several.InnerExceptions.FirstOrDefault(e => e is InputException) is { } mistake)
        {
            ExceptionDispatchInfo.Throw(mistake);
        }
        return TokenStore.Open(file) ?? throw new InputException($"{file}: could not be read back", "check the disk, or choose another `token_cache`");

        Trace Counted(Trace trace)
        {
            if (Interlocked.Increment(ref done) is var now && now % 256 == 0) progress.Report(new("train: tokenizing", now, total, "traces"));
            return trace;
        }
    }

    /// <summary>What is said of a training set without a row.</summary>
    internal static InputException Empty(string path)
    {
        string funnel = Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) ?? "", "funnel.json");
        return new($"{path}: the training set is empty", File.Exists(funnel) ? $"look at {funnel}: every row that was dropped has its reason there" : "name a file or folder with at least one trace or conversation");
    }

    private static void RequireSamples(string path, TrainOptions options, IReadOnlyList<TrainingSample> all, TrainingSample[] samples, TrainingSample[] dropped)
    {
        if (all.Count == 0) throw Empty(path);
        if (dropped.Length > 0 && options.ExcessLength == ExcessLength.Raise)
            throw new InputException($"{path}: {dropped.Length} of {all.Count} samples are longer than sequence_length {options.RowLength} (longest: {dropped[0].Length} tokens)",
                $"set sequence_length to {dropped[0].Length} or more, or excess_length to drop");
        if (samples.Length == 0)
            throw new InputException($"{path}: every sample is longer than sequence_length {options.RowLength} (longest: {dropped[0].Length} tokens)",
                $"set sequence_length to {dropped[0].Length} or more");
        if (options.Objective != TrainingObjective.CrossEntropy && !samples.Any(sample => sample.Teacher is not null))
            throw new InputException($"{path}: no trace carries the teacher's log-probabilities, which the objective needs",
                "make the traces with `distill teacher-gen --top-logprobs 20`, or train on the texts with `--objective cross-entropy`");
        if (samples.All(sample => sample.LossTokens == 0))
            throw new InputException($"{path}: no token counts in the loss: every completion is empty", "check that the traces hold completions");
    }
}

/// <summary>Tokenizer and chat template of a student.</summary>
/// <param name="Tokenizer">Text to tokens.</param>
/// <param name="Template">Messages to text.</param>
/// <param name="Fingerprint">Hash of the files that both were read from.</param>
public sealed record StudentChat(ModelTokenizer Tokenizer, ChatTemplate Template, string Fingerprint)
{
    private static readonly string[] Files = ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"];

    /// <summary>The end-of-sequence token that closes every completion.</summary>
    public int EndOfSequence { get; } = Tokenizer.EosTokenId
        ?? throw new InputException("the tokenizer names no end-of-sequence token", "set `eos_token` in tokenizer_config.json: without it the student never learns to stop");

    /// <summary>Reads both from a model folder.</summary>
    /// <exception cref="InputException">A file is missing or cannot be used.</exception>
    public static StudentChat Load(string folder) => new(ModelTokenizer.Load(folder), ChatTemplate.Load(folder),
        Runs.Fingerprint.OfTexts([.. Files.Select(file => Path.Combine(folder, file)).Where(File.Exists).Select(Runs.Fingerprint.OfFile)]));

    /// <summary>Turns a trace into samples: one of its completion, and one of each earlier assistant turn when those count too.</summary>
    /// <remarks>
    /// Each turn is a sample of its own, with the history as the template writes it at that point. In one row together, the
    /// history would keep reasoning that the template drops when the model is used, or lose what must be learned.
    /// </remarks>
    /// <param name="trace">The trace.</param>
    /// <param name="turns">Which assistant turns count.</param>
    /// <param name="distilled">Whether the completion is to be the teacher's own tokens with its log-probabilities, where the trace carries them.</param>
    /// <exception cref="InputException">The log-probabilities do not fit this student.</exception>
    public IEnumerable<TrainingSample> Samples(Trace trace, TrainedTurns turns, bool distilled = false)
    {
        IReadOnlyList<Message> messages = trace.Prompt.Messages;
        if (turns == TrainedTurns.All)
        {
            for (int turn = 0; turn < messages.Count; turn++)
            {
                if (messages[turn].Role != MessageRole.Assistant) continue;
                ReasoningParts parts = ReasoningSplit.Split(messages[turn].Content, messages[turn].Reasoning, startsInReasoning: false);
                yield return Sample([.. messages.Take(turn)], parts.Reasoning, parts.Answer, $"{trace.Id}/{turn}");
            }
        }
        yield return distilled && trace.Completion.TopLogProbabilities is { } likeliest ? DistilledSample.Of(this, trace, likeliest)
            : Sample(messages, trace.Completion.Reasoning, trace.Completion.Answer, trace.Id);
    }

    /// <summary>Tokens of a prompt, up to where the completion starts.</summary>
    internal int[] Prompt(IReadOnlyList<Message> history) => Tokenizer.Encode(Template.Render(history, addGenerationPrompt: true));

    private TrainingSample Sample(IReadOnlyList<Message> history, string reasoning, string answer, string id)
    {
        int[] prompt = Prompt(history);
        return new((int[])[.. prompt, .. Tokenizer.Encode(ReasoningSplit.Join(reasoning, answer, Template.StartsInReasoning)), EndOfSequence], prompt.Length, id);
    }
}
