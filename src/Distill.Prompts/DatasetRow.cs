using System.Text.Json;
using Distill.Chat;
using Distill.Runs;

namespace Distill.Prompts;

/// <summary>
/// One row of a dataset, whatever its file format: a JSON object or a Parquet row. Names are compared without regard to case;
/// a field of a struct is <c>struct.field</c>.
/// </summary>
public abstract class DatasetRow
{
    /// <summary>File and line or row, for errors.</summary>
    public abstract string Where { get; }

    /// <summary>The names under which the row has something.</summary>
    public abstract IEnumerable<string> Names { get; }

    /// <summary>Whether the row has a value of that name that is not null.</summary>
    public abstract bool Has(string name);

    /// <summary>The value as text, or null: numbers with the digits of the file, lists joined by the separator.</summary>
    /// <exception cref="InputException">The value cannot be read as text.</exception>
    public abstract string? Text(string name, string separator = "\n\n");

    /// <summary>The elements of a list of plain values, or null when the value is missing or no such list.</summary>
    /// <exception cref="InputException">The value cannot be read.</exception>
    public abstract IReadOnlyList<string?>? Texts(string name);

    /// <summary>The value as a conversation (OpenAI's <c>role</c> and <c>content</c> or ShareGPT's <c>from</c> and <c>value</c>), or null when it is none.</summary>
    /// <exception cref="InputException">A message has no role or content, or an unknown role.</exception>
    public abstract IReadOnlyList<Message>? Messages(string name);

    /// <summary>The value as JSON, or null when it is missing.</summary>
    /// <exception cref="InputException">The value cannot be read.</exception>
    internal abstract string? Json(string name);

    /// <summary>The value when it can be the row's own name, else null: a number is often unique in its file only.</summary>
    internal abstract string? Id(string name);

    /// <summary>The first of some names under which the row has a value, or null.</summary>
    /// <param name="chosen">The name that was set, or null; then only that one counts.</param>
    /// <param name="known">Names in common use, best first.</param>
    public string? Find(string? chosen, IReadOnlyList<string> known) => ColumnMap.Find(chosen, known, Has);

    /// <summary>The row as a problem.</summary>
    /// <param name="columns">Which names hold what.</param>
    /// <param name="source">Source of rows that name none.</param>
    /// <param name="answerRequired">Whether a row without reference answer is an error.</param>
    /// <param name="answerFromConversation">Whether the last assistant turn counts as a worked solution; not where it is what is to be judged.</param>
    /// <param name="promptRequired">Whether a row without a problem is an error; not where only answers are compared.</param>
    /// <exception cref="InputException">The row lacks something.</exception>
    public Prompt ToPrompt(ColumnMap columns, string source, bool answerRequired = false, bool answerFromConversation = true, bool promptRequired = true)
    {
        string? prompt = Find(columns.Prompt, ColumnMap.PromptNames);
        IReadOnlyList<Message>? messages = prompt is null ? null : Messages(prompt);
        return PromptChecks.AddTo(new PromptFields
        {
            Where = Where,
            Id = Find(columns.Id, ColumnMap.IdNames) is { } id ? Id(id) : null,
            Messages = messages,
            Text = prompt is null || messages is not null ? null : Text(prompt),
            Context = Value(null, ColumnMap.ContextNames, "\n\n"),
            Input = prompt == "instruction" ? Text("input") : null,
            Answer = Value(columns.Answer, ColumnMap.AnswerNames, ", "),
            Solution = Value(columns.Solution, ColumnMap.SolutionNames, "\n\n"),
            Source = Value(columns.Source, ColumnMap.SourceNames, "/"),
            Tests = VerificationColumns.TestsOf(this),
            Choices = VerificationColumns.ChoicesOf(this),
            Verifier = VerificationColumns.VerifierOf(this),
        }.ToPrompt(columns, source, answerRequired, answerFromConversation, promptRequired), Text("checks"));
    }

    /// <summary>
    /// The reference answer as it is written, where it is nothing but an answer; null where the column holds a worked solution, or there is none.
    /// </summary>
    /// <param name="columns">Which names hold what.</param>
    public string? AnswerAsWritten(ColumnMap columns) => Value(columns.Answer, ColumnMap.AnswerNames, ", ") is { } answer
        && !answer.Contains('\n') && !answer.Contains("####", StringComparison.Ordinal) && !string.IsNullOrWhiteSpace(answer) ? answer.Trim() : null;

    /// <summary>Reads a row from a line of JSON.</summary>
    /// <param name="where">File and line, for errors.</param>
    /// <param name="utf8">The line.</param>
    /// <exception cref="InputException">It is not a JSON object.</exception>
    public static DatasetRow FromJson(string where, ReadOnlyMemory<byte> utf8) => new JsonRow(where, JsonDocuments.Parse(where, () => JsonDocument.Parse(utf8)).RootElement);

    private string? Value(string? chosen, string[] known, string separator) => Find(chosen, known) is { } name ? Text(name, separator) : null;
}
