using Distill.Chat;

namespace Distill.Diagnosis.Checks;

/// <summary>What the student's tokenizer and template have in common with the teacher's. Traces are text, so differences are allowed; logits are not text.</summary>
internal sealed class TeacherCheck : ICheck
{
    public string Name => "teacher";

    public IEnumerable<Finding> Look(Patient patient)
    {
        if (patient.Teacher is not { } teacher || patient.Model is not { } model) yield break;
        if (teacher.Tokenizer.Value is { } theirs && model.Tokenizer.Value is { } ours)
        {
            TokenizerComparison comparison = TokenizerComparison.Of(ours, theirs);
            bool equal = comparison.IsEqual && ours.VocabularySize == theirs.VocabularySize;
            yield return equal
                ? new(Name, Severity.Note, teacher.File(ModelFolder.TokenizerFile), "gives the student's ids", "traces and logits can both be distilled", "")
                : new(Name, Severity.Note, teacher.File(ModelFolder.TokenizerFile), $"gives other ids than the student's: {Told(comparison, ours, theirs)}", "traces are text and can be distilled; the teacher's logits cannot", "distil from traces, or choose a student of the teacher's family");
            if (equal && Rows(teacher) is { } wide && Rows(model) is { } narrow && wide != narrow)
                yield return new(Name, Severity.Warning, teacher.Place(ModelFolder.ConfigFile, "vocab_size"), $"is {wide}, the student's {narrow}: padding rows behind the same {ours.VocabularySize} tokens", "logits of teacher and student differ in width", $"compare the first {ours.VocabularySize} columns only");
        }
        if (teacher.Template.Value is not { } said || model.Template.Value is not { } heard) yield break;
        bool? prefilled = Starts(said), expected = Starts(heard);
        if (prefilled is not null && expected is not null && prefilled != expected)
            yield return new(Name, Severity.Note, teacher.TemplatePlace, $"{Opening(prefilled.Value)}, the student's {Opening(expected.Value)}", "distill writes the tags of every trace as the student's template needs them; other tools copy the teacher's text", "");
    }

    private static string Told(TokenizerComparison comparison, ModelTokenizer ours, ModelTokenizer theirs) =>
        comparison.DifferentTokens > 0 ? $"{comparison.DifferentTokens} tokens differ" : comparison.FirstText ?? $"it has {theirs.VocabularySize}, the student {ours.VocabularySize}";

    private static string Opening(bool prefilled) => prefilled ? $"opens `{ChatFormat.ThinkOpen}` in the prompt" : $"leaves `{ChatFormat.ThinkOpen}` to the completion";

    private static bool? Starts(ChatTemplate template) => new Part<object>(() => template.StartsInReasoning).Value as bool?;

    private static long? Rows(ModelFolder folder) => folder.EmbeddingShape.Value is [var rows, _] ? rows : TokenIds.Number(folder.Config.Value?["vocab_size"]);
}
