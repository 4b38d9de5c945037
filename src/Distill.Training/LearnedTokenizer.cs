using Distill.Chat;
using Distill.Runs;
using Distill.Traces;

namespace Distill.Training;

/// <summary>A tokenizer learned from a training set, for a model that is trained from nothing.</summary>
internal static class LearnedTokenizer
{
    private const int TracesToLearnFrom = 20_000;

    /// <summary>Learns a tokenizer and returns its folder within the stage folder; a second call finds it there.</summary>
    public static string Prepare(TrainOptions options)
    {
        string folder = Path.Combine(options.Out, "tokenizer");
        if (Directory.Exists(folder)) return folder;
        string[] corpus = [.. TraceDataset.Read(options.Data).Take(TracesToLearnFrom)
            .SelectMany(trace => trace.Prompt.Messages.Select(message => message.Content)
                .Append(ReasoningSplit.Join(trace.Completion.Reasoning, trace.Completion.Answer, startsInReasoning: true)))];
        if (corpus.Length == 0) throw TrainingSet.Empty(options.Data);
        TokenizerDefinition definition = Learn(corpus, options.Data);
        AtomicFile.WriteFolder(folder, target => TokenizerFiles.Save(definition, target, ChatFormat.DeepSeekR1Config(contextLength: 1024)));
        return folder;
    }

    private static TokenizerDefinition Learn(string[] corpus, string data)
    {
        try
        {
            return BpeTrainer.Train(corpus, StudentPreset.VocabularySize, ChatFormat.DeepSeekR1Tokens, SplitPatterns.Qwen2);
        }
        catch (InputException e)
        {
            throw new InputException($"{data}: is too little text to learn a tokenizer from: {e.Message}", "give more samples, or name a tokenizer's folder with `--tokenizer`", inner: e);
        }
    }
}
