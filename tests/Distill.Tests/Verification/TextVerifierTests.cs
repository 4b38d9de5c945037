using Distill.Prompts;
using Distill.Tests.Verification.Code;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Verification;

/// <summary>The verifiers that compare texts: regex and JSON, and which verifier a prompt gets.</summary>
public sealed class TextVerifierTests
{
    [Theory]
    [InlineData(@"\b4[02]\b", "It is 42.", Outcome.Correct, "pattern_found")]
    [InlineData(@"\b4[02]\b", "It is 421.", Outcome.Incorrect, "pattern_not_found")]
    [InlineData(@"(", "It is 42.", Outcome.Unverifiable, "bad_pattern")]
    [InlineData(@"(?=x)x", "x", Outcome.Unverifiable, "bad_pattern")]
    [InlineData(@"(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", Outcome.Incorrect, "pattern_not_found")]
    public void APatternDecides(string pattern, string answer, Outcome outcome, string reason) => Assert.Equal((outcome, reason), Judge("regex", pattern, answer));

    [Theory]
    [InlineData("""{"a": [1, 2.0], "b": null}""", "```json\n{\"b\": null, \"a\": [1.0, 2]}\n```", Outcome.Correct, "equal_json")]
    [InlineData("""{"a": 1}""", """{"a": 1,}""", Outcome.Correct, "equal_json")]
    [InlineData("""{"a": 1}""", """{"a": "1"}""", Outcome.Incorrect, "different_json")]
    [InlineData("""{"a": 1}""", "a = 1", Outcome.Incorrect, "not_json")]
    [InlineData("not json", "{}", Outcome.Unverifiable, "reference_not_json")]
    [InlineData(null, "[]", Outcome.Correct, "valid_json")]
    public void AValueDecides(string? reference, string answer, Outcome outcome, string reason) => Assert.Equal((outcome, reason), Judge("json", reference, answer));

    [Theory]
    [InlineData("auto", null, null, "math")]
    [InlineData("auto", null, "exact", "exact")]
    [InlineData("math", null, "exact", "exact")]
    [InlineData("auto", """{"instruction_id_list":["punctuation:no_comma"],"kwargs":[{}]}""", null, "ifeval")]
    [InlineData("auto", """{"pattern":"4."}""", null, "regex")]
    [InlineData("auto", """{"answers_spans":{"spans":["42"]}}""", null, "drop")]
    [InlineData("auto", """{"tests":[]}""", null, "code")]
    [InlineData("none", null, "exact", "none")]
    public void EachPromptGetsTheVerifierThatItAsksFor(string stage, string? tests, string? wanted, string verifier)
    {
        Prompt prompt = Prompt.FromUser("What?", "42") with { Tests = tests, Verifier = wanted };

        Assert.StartsWith(verifier + "/", Verifiers.Create([stage]).Verify(prompt, Programs.Completion("\\boxed{42}")).Verifier);
    }

    [Fact]
    public void AWishForAnUnknownVerifierIsUnverifiable() =>
        Assert.Equal("unknown_verifier", Verifiers.Create(["auto"]).Verify(Prompt.FromUser("What?", "42") with { Verifier = "oracle" }, Programs.Completion("42")).Reason);

    private static (Outcome, string) Judge(string verifier, string? reference, string answer)
    {
        Verdict verdict = Verifiers.Create([verifier]).Verify(Prompt.FromUser("What?", reference), Programs.Completion(answer));
        return (verdict.Outcome, verdict.Reason);
    }
}
