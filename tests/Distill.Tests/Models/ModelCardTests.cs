using Distill.Models;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Models;

public sealed class ModelCardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheHeadOfAPublishedCardIsRead()
    {
        ModelCard card = Read("""
            ---
            license: other # see below
            license_name: "llama3.1"
            license_link: LICENSE
            base_model:
            - meta-llama/Llama-3.1-8B
            - {odd: entry}
            datasets: open-r1/OpenR1-Math-220k
            language: [en, 'zh']
            tags: [ reasoning,  long-context ]
            model-index:
            - name: x
              results: [{task: {type: text-generation}, license: mit}]
            ---
            # Title
            license: apache-2.0
            """);
        Assert.Equal(("other", "llama3.1", "LICENSE"), (card.License, card.LicenseName, card.LicenseLink));
        Assert.Equal(["meta-llama/Llama-3.1-8B"], card.BaseModels);
        Assert.Equal(["open-r1/OpenR1-Math-220k"], card.Datasets);
        Assert.Equal(["en", "zh"], card.Languages);
        Assert.Equal(["reasoning", "long-context"], card.Tags);
    }

    [Fact]
    public void WhatIsWrittenComesBack()
    {
        var card = new ModelCard
        {
            License = "mit",
            LicenseName = "a \"quoted\" \\ name: with # signs",
            BaseModels = ["Qwen/Qwen2.5-1.5B", "yes", "- x"],
            Datasets = ["数学", "1e3"],
            Languages = ["en"],
            Tags = ["distill"],
        };
        Assert.Equivalent(card, Read(card.ToMarkdown("# Text\n---\n")), strict: true);
    }

    [Fact]
    public void WordsThatYamlTakesForSomethingElseAreQuoted()
    {
        string written = new ModelCard { License = "", LicenseName = "a\u001bb\tc", Languages = ["no", "en"], Tags = ["null", "1.5b"] }.ToMarkdown("");
        Assert.StartsWith("---\nlicense: \"\"\nlicense_name: \"a\\u001Bb\\tc\"\nlanguage:\n- \"no\"\n- en\ntags:\n- \"null\"\n- \"1.5b\"\n", written, StringComparison.Ordinal);
        Assert.Equal(["no", "en"], Read(written).Languages);
    }

    [Theory]
    [InlineData("# No head\n")]
    [InlineData("---\nnever closed: true\n")]
    [InlineData("---\n---\n")]
    [InlineData("---\n- a list\n---\n")]
    [InlineData("---\n? [a, b]\n: c\ntags: {a: b}\n---\n")]
    public void ACardWithoutAUsableHeadSaysNothing(string text) => Assert.Equivalent(new ModelCard(), Read(text), strict: true);

    [Theory]
    [InlineData("license: mit\ntags: [a\nb: }\n", "README.md:3:7: ")]
    [InlineData("license: mit\nbase: 'never closed\n", "README.md:")]
    [InlineData("a: b: c\n", "README.md:2:5: ")]
    public void AHeadThatIsNoYamlIsNamed(string head, string place)
    {
        InputException refused = Assert.Throws<InputException>(() => Read($"---\n{head}---\n"));
        Assert.Contains(place, refused.Message);
        Assert.Contains("not valid YAML", refused.Message);
    }

    private ModelCard Read(string text)
    {
        File.WriteAllText(_folder[ModelCard.FileName], text);
        return ModelCard.Read(_folder.Path);
    }
}
