using System.Text.Json;
using Parquet.Serialization;

namespace Distill.Tests.Rescoring;

/// <summary>Ten rows in each of the layouts of public sets; the content is made up. Rows 0, 3, 6 and 9 are wrong, the others right.</summary>
internal static class PublicShapes
{
    public const int Rows = 10, Right = 6;

    public static readonly IReadOnlyList<string> Lines = ["pairs", "messages", "sharegpt", "open-thoughts", "alpaca", "r1-pairs"];

    public static string Question(int row) => $"What is {row} times {row + 1}?";

    public static int Gold(int row) => row * (row + 1);

    public static int Said(int row) => Gold(row) + (row % 3 == 0 ? 1 : 0);

    public static string Completion(int row) => $"<think>\n{row}*{row + 1} is easy.\n</think>\n\nIt is \\boxed{{{Said(row)}}}.";

    /// <summary>The rows of a shape as JSON lines.</summary>
    public static string LinesOf(string shape) => string.Concat(Enumerable.Range(0, Rows).Select(row => JsonSerializer.Serialize(RowOf(shape, row)) + "\n"));

    /// <summary>Writes OpenR1-Math's columns: several generations in a row, lists beside them, structs in lists.</summary>
    public static Task WriteOpenR1Math(string path) => ParquetSerializer.SerializeAsync(Enumerable.Range(0, Rows).Select(row => new OpenR1Row
    {
        problem = Question(row),
        solution = $"Multiply. The answer is {Gold(row)}.",
        answer = $"{Gold(row)}",
        problem_type = row == 5 ? null : "Algebra",
        uuid = $"u-{row}",
        is_reasoning_complete = [true, false],
        generations = [Completion(row), "<think>\nHm, let me"],
        correctness_math_verify = [true, false],
        finish_reasons = row % 2 == 0 ? null : ["stop", "length"],
        correctness_count = 1,
        messages = [new Turn { role = "user", content = Question(row) }, new Turn { role = "assistant", content = Completion(row) }],
    }), path);

    private static object RowOf(string shape, int row) => shape switch
    {
        "pairs" => new { id = row, gold = $"{Gold(row)}", pred = $"\\boxed{{{Said(row)}}}", note = "kept – ⟨as it is⟩" },
        "messages" => new { messages = new[] { new { role = "user", content = Question(row) }, new { role = "assistant", content = Completion(row) } }, answer = Gold(row) },
        "sharegpt" => new { conversations = new[] { new { from = "human", value = Question(row) }, new { from = "gpt", value = Completion(row) } }, ground_truth = $"{Gold(row)}" },
        "open-thoughts" => new
        {
            system = "Think.",
            conversations = new[]
            {
                new { from = "user", value = Question(row) },
                new { from = "assistant", value = $"<|begin_of_thought|>\n\nIt is {Gold(row)}.\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\n\\boxed{{{Said(row)}}}\n\n<|end_of_solution|>" },
            },
            ground_truth_solution = $"\\boxed{{{Gold(row)}}}",
        },
        "alpaca" => new { instruction = "Multiply.", input = Question(row), output = $"The answer is {Said(row)}.", answer = $"{Gold(row)}" },
        "r1-pairs" => (object)new { question = Question(row), deepseek_reasoning = "Easy.", deepseek_solution = $"\\boxed{{{Said(row)}}}", answer = $"{Gold(row)}" },
        _ => throw new ArgumentOutOfRangeException(nameof(shape)),
    };

#pragma warning disable IDE1006 // names of the public set
    private sealed class OpenR1Row
    {
        public string problem { get; set; } = "";
        public string solution { get; set; } = "";
        public string answer { get; set; } = "";
        public string? problem_type { get; set; }
        public string uuid { get; set; } = "";
        public List<bool>? is_reasoning_complete { get; set; }
        public List<string>? generations { get; set; }
        public List<bool>? correctness_math_verify { get; set; }
        public List<string>? finish_reasons { get; set; }
        public int? correctness_count { get; set; }
        public List<Turn>? messages { get; set; }
    }

    private sealed class Turn
    {
        public string? role { get; set; }
        public string? content { get; set; }
    }
#pragma warning restore IDE1006
}
