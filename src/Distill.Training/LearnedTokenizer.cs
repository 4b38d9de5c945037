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
        IEnumerable<string> corpus = TraceDataset.Read(options.Data).Take(TracesToLearnFrom)
            .SelectMany(trace => trace.Prompt.Messages.Select(message => message.Content)
                .Append(ReasoningSplit.Join(trace.Completion.Reasoning, trace.Completion.Answer, startsInReasoning: true)));
        TokenizerDefinition definition = BpeTrainer.Train(corpus, StudentPreset.VocabularySize, ChatFormat.DeepSeekR1Tokens, SplitPatterns.Qwen2);
        AtomicFile.WriteFolder(folder, target => TokenizerFiles.Save(definition, target, ChatFormat.DeepSeekR1Config(contextLength: 1024)));
        return folder;
    }
}
