using Distill.Chat;
using Distill.Runs;
using Distill.Traces;

namespace Distill.Training;

/// <summary>
/// A sample whose completion is the teacher's own tokens, so that each has its distribution beside it. The text, tokenized again, might
/// come out in other tokens than the teacher drew.
/// </summary>
internal static class DistilledSample
{
    private const float SmallestExcess = 1e-2f; // what rounding may put above a probability of 1

    /// <summary>Makes the sample.</summary>
    /// <param name="chat">Tokenizer and template of the student.</param>
    /// <param name="trace">The trace.</param>
    /// <param name="likeliest">Its log-probabilities.</param>
    /// <exception cref="InputException">They are of another tokenizer, or say something else than the trace's text, or are no log-probabilities.</exception>
    public static TrainingSample Of(StudentChat chat, Trace trace, TopLogProbabilities likeliest)
    {
        if (likeliest.Vocabulary != chat.Tokenizer.VocabularyIdentity)
            throw new InputException($"trace {trace.Id}: the teacher {trace.Teacher} has another tokenizer than the student, so their distributions cannot be compared",
                "take a student with the teacher's tokenizer (for a tiny preset: `--tokenizer` with the teacher's folder), or train on the texts with `--objective cross-entropy`");
        CheckValues(chat, trace, likeliest);
        int[] completion = CompletionOf(chat, trace, likeliest.Tokens), prompt = chat.Prompt(trace.Prompt.Messages);
        return new((int[])[.. prompt, .. completion], prompt.Length, trace.Id) { Teacher = new(likeliest.Width, likeliest.TopTokens, likeliest.Values) };
    }

    // The end-of-sequence token is added where the teacher's record leaves it out; its distribution is then not known.
    private static int[] CompletionOf(StudentChat chat, Trace trace, ReadOnlyMemory<int> tokens)
    {
        ReasoningParts said = ReasoningSplit.Split(chat.Tokenizer.Decode(tokens.Span), chat.Template.StartsInReasoning);
        if (said.Reasoning != trace.Completion.Reasoning || said.Answer != trace.Completion.Answer)
            throw new InputException($"trace {trace.Id}: the teacher's tokens say something else than its text, read with the student's chat template",
                "the student's template must open the reasoning as the teacher's does; traces whose text was changed can only be trained on with `--objective cross-entropy`");
        if (trace.Completion.FinishReason != FinishReason.Stop || tokens.Span[^1] == chat.EndOfSequence) return tokens.ToArray();
        if (!chat.Tokenizer.IsSpecial(tokens.Span[^1])) return [.. tokens.Span, chat.EndOfSequence];
        throw new InputException($"trace {trace.Id}: the teacher ends with {chat.Tokenizer.TokenText(tokens.Span[^1])}, the student with {chat.Tokenizer.TokenText(chat.EndOfSequence)}",
            "set `eos_token` in the student's tokenizer_config.json to the teacher's");
    }

    private static void CheckValues(StudentChat chat, Trace trace, TopLogProbabilities likeliest)
    {
        if (likeliest.Tokens.IsEmpty || likeliest.Tokens.Span.ContainsAnyExceptInRange(0, chat.Tokenizer.VocabularySize - 1)) throw Bad("hold a token that does not exist, or none");
        var seen = new HashSet<int>();
        for (int start = 0; start < likeliest.TopTokens.Length; start += likeliest.Width)
        {
            seen.Clear();
            bool ended = false;
            for (int i = start; i < start + likeliest.Width; i++)
            {
                int token = likeliest.TopTokens.Span[i];
                ended |= token == TopLogProbabilities.Missing;
                if (ended ? token != TopLogProbabilities.Missing : token < 0 || token >= chat.Tokenizer.VocabularySize || !seen.Add(token)) throw Bad($"name token {token} where it cannot be");
                if (!ended && !((float)likeliest.Values.Span[i] <= SmallestExcess)) throw Bad($"have a value of {likeliest.Values.Span[i]}");
            }
        }

        InputException Bad(string what) => new($"trace {trace.Id}: its log-probabilities {what}", "make the traces again with `distill teacher-gen --top-logprobs`");
    }
}
