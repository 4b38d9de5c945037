using Distill.Pipelines.Report;
using Xunit;

namespace Distill.Tests.Pipelines;

public sealed class HtmlTests
{
    [Fact]
    public void TextInAHoleIsEscapedAndMarkupIsNot()
    {
        Html inner = Html.Of($"<b>{"<script>alert('x') & \"y\"</script>"}</b>");

        Assert.Equal("<p><b>&lt;script&gt;alert(&#39;x&#39;) &amp; &quot;y&quot;&lt;/script&gt;</b></p>", Html.Of($"<p>{inner}</p>").ToString());
    }

    [Fact]
    public void NumbersAreInvariantAndListsAreJoined() =>
        Assert.Equal("1.50 <i>a</i><i>b</i>", Html.Of($"{1.5:0.00} {new[] { "a", "b" }.Select(text => Html.Of($"<i>{text}</i>"))}").ToString());

    [Fact]
    public void ControlCharactersOfAModelAreShownAsReplaced() =>
        Assert.Equal("a\uFFFDb\n", Html.Of($"{"a\u0000b\n"}").ToString());
}
