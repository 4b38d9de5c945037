using System.IO.Compression;
using System.Text.Json;
using Distill.Tests.Verification.Sandboxing;
using Distill.Verification.Code;
using Xunit;

namespace Distill.Tests.Verification.Code;

/// <summary>The reference solutions of HumanEval and MBPP pass their tests, and broken ones fail.</summary>
public sealed class BenchmarkProgramTests
{
    [Fact]
    public void EverySolutionOfHumanEvalPassesAndEveryBrokenOneFails()
    {
        var verifier = new CodeVerifier(SandboxMachine.Support);
        string[] wrong = [.. HumanEval().AsParallel().WithDegreeOfParallelism(4).SelectMany(row => Wrong(verifier, row))];

        Assert.Empty(wrong);
    }

    [Fact]
    public void SolutionsOfSanitizedMbppPass()
    {
        var verifier = new CodeVerifier(SandboxMachine.Support);
        using JsonDocument rows = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("mbpp", "sanitized-mbpp.json")));
        string[] wrong = [.. rows.RootElement.EnumerateArray().Where((_, i) => i % 16 == 0).AsParallel().WithDegreeOfParallelism(4)
            .Select(row => (Id: row.GetProperty("task_id").GetRawText(), Verdict: Programs.Judge(row.GetRawText(), $"```python\n{row.GetProperty("code").GetString()}\n```", verifier)))
            .Where(judged => judged.Verdict.Reason != "tests_passed").Select(judged => $"{judged.Id}: {judged.Verdict.Reason}")];

        Assert.Empty(wrong);
    }

    private static IEnumerable<string> Wrong(CodeVerifier verifier, JsonElement row)
    {
        string id = row.GetProperty("task_id").GetString()!, prompt = row.GetProperty("prompt").GetString()!, body = row.GetProperty("canonical_solution").GetString()!;
        string entry = row.GetProperty("entry_point").GetString()!, tests = row.GetRawText();
        (string Answer, bool Right)[] answers =
        [
            ($"```python\n{prompt}{body}\n```", true),
            ($"```python\n{prompt}{body}\n\n{entry}__right = {entry}\ndef {entry}(*a):\n    r = {entry}__right(*a)\n    return (not r) if isinstance(r, bool) else None if r is not None else 0\n```", false),
        ];
        foreach ((string answer, bool right) in answers)
        {
            string reason = Programs.Judge(tests, answer, verifier).Reason;
            if ((reason == "tests_passed") != right) yield return $"{id}: {reason} for {(right ? "the solution" : "a broken one")}";
        }
    }

    private static List<JsonElement> HumanEval()
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(SharedData.Path("humaneval", "HumanEval.jsonl.gz")), CompressionMode.Decompress));
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
