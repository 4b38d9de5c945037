using System.Text.Json;
using Distill.Chat;
using Parquet.Schema;

namespace Distill.Traces;

/// <summary>
/// The columns of a trace file. <c>messages</c> is a list of structs, as the <c>datasets</c> library and pandas write
/// conversations; everything else is one value per row. Readers accept any further columns.
/// </summary>
internal static class TraceSchema
{
    public const string Id = "id";
    public const string PromptId = "prompt_id";
    public const string Messages = "messages";
    public const string MessageRole = "messages.role";
    public const string MessageContent = "messages.content";
    public const string MessageReasoning = "messages.reasoning";
    public const string ReferenceAnswer = "reference_answer";
    public const string ReferenceReasoning = "reference_reasoning";
    public const string Source = "source";
    public const string Checks = "checks";
    public const string SampleIndex = "sample_index";
    public const string Teacher = "teacher";
    public const string Temperature = "temperature";
    public const string TopP = "top_p";
    public const string TopK = "top_k";
    public const string MaxTokens = "max_tokens";
    public const string Seed = "seed";
    public const string Reasoning = "reasoning";
    public const string Answer = "answer";
    public const string RawText = "raw_text";
    public const string ReasoningUnclosed = "reasoning_unclosed";
    public const string FinishReason = "finish_reason";
    public const string PromptTokens = "prompt_tokens";
    public const string CompletionTokens = "completion_tokens";
    public const string Verdict = "verdict";
    public const string VerdictReason = "verdict_reason";
    public const string ExtractedAnswer = "extracted_answer";
    public const string Verifier = "verifier";
    public const string JudgeVerdict = "judge_verdict";
    public const string JudgeReason = "judge_reason";
    public const string JudgeAnswer = "judge_extracted_answer";
    public const string Judge = "judge";
    public const string Seconds = "seconds";
    public const string EndState = "end_state";
    public const string Endpoint = "endpoint";
    public const string ServedModel = "served_model";
    public const string Fingerprint = "system_fingerprint";
    public const string Attempts = "attempts";
    public const string FirstTextSeconds = "first_text_seconds";
    public const string CachedTokens = "cached_tokens";

    public const string Vocabulary = "vocabulary";
    public const string TopLogProbabilityCount = "top_logprob_count";
    public const string CompletionTokenIds = "completion_token_ids";
    public const string TopTokenIds = "top_token_ids";
    public const string TopLogProbabilities = "top_logprobs";

    /// <summary>
    /// Columns of files whose traces carry log-probabilities: identity of the tokens, how many likeliest ones each has, and three lists, of which the
    /// last two hold that many values for each of the first.
    /// </summary>
    public static readonly IReadOnlyList<string> LogProbabilityColumns = [Vocabulary, TopLogProbabilityCount, CompletionTokenIds, TopTokenIds, TopLogProbabilities];

    /// <summary>Every column but <see cref="LogProbabilityColumns"/>, in file order.</summary>
    public static readonly IReadOnlyList<string> Columns =
    [
        Id, PromptId, MessageRole, MessageContent, MessageReasoning, ReferenceAnswer, ReferenceReasoning, Source, Checks, SampleIndex,
        Teacher, Temperature, TopP, TopK, MaxTokens, Seed, Reasoning, Answer, RawText, ReasoningUnclosed, FinishReason,
        PromptTokens, CompletionTokens, Verdict, VerdictReason, ExtractedAnswer, Verifier, JudgeVerdict,
        JudgeReason, JudgeAnswer, Judge, Seconds,
        EndState, Endpoint, ServedModel, Fingerprint, Attempts, FirstTextSeconds, CachedTokens,
    ];

    private static readonly string[] StateNames = [.. Enum.GetNames<EndState>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];

    /// <summary>An end state as it is written, e.g. <c>unclosed_think</c>.</summary>
    public static string NameOf(EndState state) => StateNames[(int)state];

    /// <summary>The schema that is written.</summary>
    /// <param name="logProbabilities">Whether any trace of the file carries log-probabilities.</param>
    public static ParquetSchema Create(bool logProbabilities = false) => new((Field[])[.. Fields(), .. logProbabilities ? LogProbabilityFields() : []]);

    private static Field[] LogProbabilityFields() =>
    [
        Text(Vocabulary, optional: true), new DataField<int>(TopLogProbabilityCount), ListOf<int>(CompletionTokenIds), ListOf<int>(TopTokenIds), ListOf<float>(TopLogProbabilities),
    ];

    private static ListField ListOf<T>(string name) where T : struct => new(name, new DataField<T>(ListField.ElementName));

    private static Field[] Fields() =>
    [
        Text(Id), Text(PromptId),
        new ListField(Messages, new StructField(ListField.ElementName, Text("role"), Text("content"), Text("reasoning", optional: true))),
        Text(ReferenceAnswer, optional: true), Text(ReferenceReasoning, optional: true), Text(Source), Text(Checks, optional: true), new DataField<int>(SampleIndex),
        Text(Teacher), new DataField<double>(Temperature), new DataField<double>(TopP), new DataField<int>(TopK),
        new DataField<int>(MaxTokens), new DataField<long>(Seed), Text(Reasoning), Text(Answer), Text(RawText),
        new DataField<bool>(ReasoningUnclosed), Text(FinishReason), new DataField<int>(PromptTokens), new DataField<int>(CompletionTokens),
        Text(Verdict), Text(VerdictReason), Text(ExtractedAnswer, optional: true), Text(Verifier),
        Text(JudgeVerdict, optional: true), Text(JudgeReason, optional: true), Text(JudgeAnswer, optional: true), Text(Judge, optional: true), new DataField<double>(Seconds),
        Text(EndState), Text(Endpoint), Text(ServedModel), Text(Fingerprint), new DataField<int>(Attempts), new DataField<double>(FirstTextSeconds),
        new DataField<int>(CachedTokens),
    ];

    private static DataField Text(string name, bool optional = false) => new(name, typeof(string), isNullable: optional);
}
