using System.Text.Json;
using System.Text.Json.Nodes;

namespace Distill.Prompts;

/// <summary>
/// What a row brings for the verification of completions beside its reference answer, under the names of HumanEval, MBPP, LiveCodeBench, APPS,
/// code_contests, Codeforces, IFEval, DROP and MMLU.
/// </summary>
internal static class VerificationColumns
{
    // A row with one of these brings checks; the others only say more about them.
    private static readonly string[] Checks =
    [
        "tests", "test", "test_list", "input_output", "public_test_cases", "private_test_cases", "official_tests", "public_tests", "private_tests",
        "generated_tests", "instruction_id_list", "pattern", "answers_spans", "validated_answers",
    ];

    private static readonly string[] Details =
    [
        "entry_point", "fn_name", "test_imports", "test_setup_code", "metadata", "starter_code", "time_limit", "memory_limit", "input_mode",
        "generated_checker", "checker", "comparison", "language", "kwargs",
    ];

    private static readonly string[] ChoiceNames = ["choices", "options", "choices.text"];

    /// <summary>The checks as a JSON object of the row's own columns, or null when it brings none.</summary>
    public static string? TestsOf(DatasetRow row)
    {
        var tests = new JsonObject();
        foreach (string name in Checks) Add(name);
        if (tests.Count == 0) return null;
        foreach (string name in Details) Add(name);
        // HumanEval's prompt is the beginning of the program that its tests run.
        if (tests.ContainsKey("entry_point") && row.Messages("prompt") is null) Add("prompt");
        try
        {
            return tests.ToJsonString();
        }
        catch (InvalidOperationException e)
        {
            throw JsonDocuments.NotUnicode(row.Where, e);
        }

        void Add(string name)
        {
            if (row.Json(name) is { } value) tests[name] = JsonNode.Parse(value);
        }
    }

    /// <summary>The answers to choose from; none when the row is no multiple-choice problem.</summary>
    public static IReadOnlyList<string> ChoicesOf(DatasetRow row) =>
        row.Find(null, ChoiceNames) is { } name && row.Texts(name) is { Count: > 1 } choices && choices.All(choice => choice is not null) ? [.. choices!] : [];

    /// <summary>The verifier that the row asks for. What a verdict was made by, name and version, is no wish.</summary>
    public static string? VerifierOf(DatasetRow row) => row.Has("verifier") && row.Text("verifier") is { Length: > 0 } name && !name.Contains('/') ? name : null;

    /// <summary>A text as JSON.</summary>
    public static string Quote(string text) => JsonSerializer.Serialize(text);
}
