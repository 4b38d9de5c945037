using Distill.Chat;
using Distill.Runs;
using Distill.Traces;

namespace Distill.Training;

/// <summary>The samples of a training set, tokenized, and what was left out.</summary>
public sealed class TrainingSet
{
    private TrainingSet(IReadOnlyList<TrainingSample> samples, int dropped, int longest) =>
        (Samples, Dropped, LongestDropped) = (samples, dropped, longest);

    /// <summary>The samples, in the order of the files.</summary>
    public IReadOnlyList<TrainingSample> Samples { get; }

    /// <summary>Samples that did not fit into a row.</summary>
    public int Dropped { get; }

    /// <summary>Tokens of the longest sample that did not fit, or 0.</summary>
    public int LongestDropped { get; }

    /// <summary>Reads traces and turns each into a sample: the prompt as the chat template writes it, then the completion.</summary>
    /// <param name="path">Parquet file or folder.</param>
    /// <param name="chat">Tokenizer and template of the student.</param>
    /// <param name="options">Row length and what to do with longer samples.</param>
    /// <exception cref="InputException">The files cannot be read, nothing is in them, nothing fits, or a sample is too long and must not be.</exception>
    public static TrainingSet Load(string path, StudentChat chat, TrainOptions options)
    {
        TrainingSample[] all = [.. TraceReader.Read(path).AsParallel().AsOrdered().Select(chat.Sample)];
        if (all.Length == 0) throw new InputException($"{path}: the training set is empty", "look at funnel.json beside it: every row that was dropped has its reason there");
        TrainingSample[] samples = [.. all.Where(sample => sample.Tokens.Length <= options.SequenceLength)];
        int longest = all.Max(sample => sample.Tokens.Length), dropped = all.Length - samples.Length;
        if (dropped > 0 && options.ExcessLength == ExcessLength.Raise)
            throw new InputException($"{path}: {dropped} of {all.Length} samples are longer than sequence_length {options.SequenceLength} (longest: {longest} tokens)",
                $"set sequence_length to {longest} or more, or excess_length to drop");
        if (samples.Length == 0)
            throw new InputException($"{path}: every sample is longer than sequence_length {options.SequenceLength} (longest: {longest} tokens)",
                $"set sequence_length to {longest} or more");
        return new(samples, dropped, dropped == 0 ? 0 : longest);
    }
}

/// <summary>Tokenizer and chat template of a student.</summary>
/// <param name="Tokenizer">Text to tokens.</param>
/// <param name="Template">Messages to text.</param>
public sealed record StudentChat(ModelTokenizer Tokenizer, ChatTemplate Template)
{
    /// <summary>The end-of-sequence token that closes every completion.</summary>
    public int EndOfSequence { get; } = Tokenizer.EosTokenId
        ?? throw new InputException("the tokenizer names no end-of-sequence token", "set `eos_token` in tokenizer_config.json: without it the student never learns to stop");

    /// <summary>Turns a trace into a sample.</summary>
    public TrainingSample Sample(Trace trace)
    {
        int[] prompt = Tokenizer.Encode(Template.Render(trace.Prompt.Messages, addGenerationPrompt: true));
        string completion = ReasoningSplit.Join(trace.Completion.Reasoning, trace.Completion.Answer, Template.StartsInReasoning);
        return new([.. prompt, .. Tokenizer.Encode(completion), EndOfSequence], prompt.Length);
    }
}
