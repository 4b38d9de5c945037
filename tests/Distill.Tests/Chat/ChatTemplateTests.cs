using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Chat;

public sealed class ChatTemplateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("distill-template-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static readonly Dictionary<string, string> Tokens = new() { ["bos_token"] = ChatFormat.BeginOfSentence };

    private static string Print(string template, JsonObject? variables = null) =>
        ChatTemplate.Parse(template, Tokens).Render([new Message(MessageRole.User, "hi")], false, variables);

    [Fact]
    public void R1FormatRendersAConversation()
    {
        ChatTemplate template = ChatTemplate.Parse(ChatFormat.DeepSeekR1, Tokens);
        string prompt = template.Render(
        [
            new(MessageRole.System, "Be brief."), new(MessageRole.User, "1+1?"),
            new(MessageRole.Assistant, "one and one\n</think>\n\n2"), new(MessageRole.User, "2+2?"),
        ], addGenerationPrompt: true);
        Assert.Equal("<｜begin▁of▁sentence｜>Be brief.<｜User｜>1+1?<｜Assistant｜>\n\n2<｜end▁of▁sentence｜><｜User｜>2+2?<｜Assistant｜><think>\n", prompt);
        Assert.True(template.StartsInReasoning);
        InputException e = Assert.Throws<InputException>(() => template.Render([new(MessageRole.Tool, "x")], true));
        Assert.StartsWith("chat template:15: the template refuses this conversation: this chat format has no tool messages", e.Message);
    }

    // Every expected text here is what Python's Jinja2 3.1 prints with the settings of transformers.
    [Theory]
    [InlineData("a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc")]
    [InlineData("a {%- if true -%} b {%- endif %} c", "ab c")]
    [InlineData("  {%+ if true %}x{% endif %}", "  x")]
    [InlineData("{% if true +%}\nx{% endif %}", "\nx")]
    [InlineData("a\n  {# note #}\nb", "a\nb")]
    [InlineData("{% raw %}{{ x }}{% endraw %}", "{{ x }}")]
    [InlineData("{% for x in [1,2,3] %}{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}{% endfor %}", "1/3,2/3,3/3")]
    [InlineData("{% set n = namespace(i=0) %}{% for x in 'ab' %}{% set n.i = n.i + 1 %}{% set y = x %}{% endfor %}{{ n.i }}{{ y is defined }}", "2False")]
    [InlineData("{% for x in range(9) if x is odd %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% else %}none{% endfor %}", "13")]
    [InlineData("{% for k, v in {'a': 1, 'b': none}.items() %}{{ k }}={{ v }};{% endfor %}", "a=1;b=None;")]
    [InlineData("{% macro f(a, b='y') %}[{{ a }}{{ b }}]{% endmacro %}{{ f('x') }}{{ f(b=1, a=2) }}", "[xy][21]")]
    [InlineData("{% set t | upper %}a{{ 'b' }}{% endset %}{{ t }}", "AB")]
    [InlineData("{% filter upper | trim %} a{{ 'b' }} {% endfilter %}{% for x in '12' %}{% filter replace('1', '3') %}{{ x }}{% endfilter %}{% endfor %}", "AB32")]
    [InlineData("{% generation %}x{% endgeneration %}", "x")]
    [InlineData("{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 1e16 }} {{ 0.00001 }} {{ 6 / 3 }}", "3 -4 2 3.5 1024 1e+16 1e-05 2.0")]
    [InlineData("{{ 1 < 2 < 3 }} {{ 'a' in 'abc' }} {{ 4 not in [1] }} {{ not 1 == 2 }} {{ 1 ~ 'a' ~ none }}", "True True True True 1aNone")]
    [InlineData("{{ 'abcdef'[1:4] }} {{ 'abc'[::-1] }} {{ [1,2,3][-1] }} {{ 'a😀b'[1] }} {{ 'a😀b' | length }}", "bcd cba 3 😀 3")]
    [InlineData("{{ ' x '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'a,b,c'.split(',', 1) }}|{{ ' a  b '.split() }}|{{ 'a</t>b</t>c'.split('</t>')[-1] }}", "x|a|['a', 'b,c']|['a', 'b']|c")]
    [InlineData("{{ 'a,b,c'.rsplit(',', 1) }}{{ ' a b  c '.rsplit(none, 1) }}{{ ' a b  c '.split(none, 1) }}{{ ''.split() }}{{ ''.split(',') }}{{ ('x,' * 1000000).split(',') | length }}", "['a,b', 'c'][' a b', 'c']['a', 'b  c '][]['']1000001")]
    [InlineData("{{ {'b': [1, 2.0, true, none], 'a': 'é\"\\n<'} | tojson }}", "{\"b\": [1, 2.0, true, null], \"a\": \"é\\\"\\n<\"}")]
    [InlineData("{{ {'a': [1, {}]} | tojson(indent=2) }}", "{\n  \"a\": [\n    1,\n    {}\n  ]\n}")]
    [InlineData("{{ [{'n': 'x', 'r': 1}, {'n': 'y'}] | selectattr('r', 'defined') | map(attribute='n') | join('+') }}", "x")]
    [InlineData("{{ [3, 1, 2] | sort | list }}{{ ['b', 'A'] | sort }}{{ 'abc' | first }}{{ [] | last }}{{ [1, 1, 2] | unique | list }}", "[1, 2, 3]['A', 'b']a[1, 2]")]
    [InlineData("{{ 'a\\nb\\n\\nc' | indent(2) }}|{{ 'hello wORLD' | title }}|{{ ' t ' | trim }}|{{ missing | default('d') }}|{{ '' | default('e', true) }}", "a\n  b\n\n  c|Hello World|t|d|e")]
    [InlineData("{{ x is defined }}{{ none is none }}{{ 's' is string }}{{ {} is mapping }}{{ 1 is number }}{{ true is true }}{{ 3 is divisibleby 3 }}{{ 1 is in [1] }}", "FalseTrueTrueTrueTrueTrueTrueTrue")]
    [InlineData("{{ messages[0].role }}{{ messages[0]['content'] }}{{ messages[-1].nothing }}{{ messages | length }}{{ tools is none }}", "userhi1True")]
    [InlineData("{{ '%s has %d' % ('x', 3) }} {{ '{} {b}'.format(1, b=2) }} {{ 'a' 'b' }} {{ \"\\u00e9\\x41\" }}", "x has 3 1 2 ab éA")]
    public void PrintsWhatJinjaPrints(string template, string expected) => Assert.Equal(expected, Print(template));

    [Theory]
    [InlineData("a\n{{ x | frobnicate }}", "chat template:2: unknown filter `frobnicate`")]
    [InlineData("{{ x is frobnicated }}", "chat template:1: unknown test `frobnicated`")]
    [InlineData("\n\n{{ frobnicate(1) }}", "chat template:3: unknown function `frobnicate`")]
    [InlineData("{% include 'secret.txt' %}", "chat template:1: unknown statement `include`")]
    [InlineData("{{ ''.__class__.__mro__ }}", "chat template:1: `__class__` is undefined and has no `__mro__`")]
    [InlineData("{{ x.y.z }}", "chat template:1: `x` is undefined and has no `y`")]
    [InlineData("{% if x %}", "chat template:1: `endif` is missing for the block that starts here")]
    [InlineData("{{ 'abc", "chat template:1: a string is never closed")]
    [InlineData("{{ 1 +", "chat template:1: a tag is never closed by `}}`")]
    [InlineData("{{ 1 / 0 }}", "chat template:1: division by zero")]
    [InlineData("{{ [1].append(2) }}", "chat template:1: unknown function `append`")]
    [InlineData("\n{{ '[1' | from_json }}", "chat template:2: from_json is given a text that is no JSON")]
    [InlineData("{{ '\"\\\\ud800\"' | from_json }}", "chat template:1: from_json is given a text that is no JSON")]
    [InlineData("{% filter frobnicate %}{% endfilter %}", "chat template:1: unknown filter `frobnicate`")]
    public void ComplaintsNameTheLine(string template, string message) => Assert.Equal(message, Assert.Throws<InputException>(() => Print(template)).Message);

    [Theory]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")]
    [InlineData("{{ 'x' * 999999999 }}")]
    [InlineData("{{ range(10 ** 9) }}")]
    [InlineData("{{ [0] * 10 ** 12 }}")]
    [InlineData("{% set n = namespace(s='xxxxxxxxxxxxxxxx') %}{% for i in range(99999) %}{% set n.s = n.s + n.s %}{% endfor %}")]
    [InlineData("{% set n = namespace(l=[], s='x' * 9999999) %}{% for i in range(99999) %}{% set n.l = n.l + [n.s ~ i] %}{% endfor %}")]
    [InlineData("{% for i in range(99999) %}{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }}{% endfor %}")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")]
    [InlineData("{% set n = namespace(l=[]) %}{% for i in range(99999) %}{% set n.l = [n.l] %}{% endfor %}{{ n.l }}")]
    [InlineData("{{ 'x'.replace('', 'y' * 9999999) }}")]
    public void HostileTemplatesEndInAComplaint(string template) => Assert.Throws<InputException>(() => Print(template));

    [Fact]
    public void JsonIsTakenApart() => Assert.Equal("{'a': [1, 2.5, None, 'é']}", Print("""{{ '{"a": [1, 2.5, null, "\\u00e9"]}' | from_json }}"""));

    [Fact]
    public void DeepNestingEndsInAComplaint()
    {
        Assert.Throws<InputException>(() => Print("{{ " + new string('(', 200_000) + "1" + new string(')', 200_000) + " }}"));
        Assert.Throws<InputException>(() => Print("{{ " + string.Concat(Enumerable.Repeat("not ", 1_000_000)) + "1 }}"));
        Assert.Throws<InputException>(() => Print("{{ 1" + string.Concat(Enumerable.Repeat("+1", 500_000)) + " }}"));
    }

    [Fact]
    public void DatesComeFromTheClock()
    {
        ChatTemplate template = ChatTemplate.Parse("{{ strftime_now('%d %b %Y %-d') }}", null, new FixedClock());
        Assert.Equal("07 Mar 2025 7", template.Render([new Message(MessageRole.User, "")], false));
    }

    [Fact]
    public void LoadsFromTheSeparateFileElseFromTheConfig()
    {
        string config = Path.Combine(_folder, "tokenizer_config.json"), separate = Path.Combine(_folder, "chat_template.jinja");
        Assert.Contains("has no chat template", Assert.Throws<InputException>(() => ChatTemplate.Load(_folder)).Message);
        File.WriteAllText(separate, "separate{{ bos_token }}");
        File.WriteAllText(config, """{"bos_token": {"content": "<s>"}}""");
        Assert.Equal("separate<s>", ChatTemplate.Load(_folder).Render([new Message(MessageRole.User, "")], false));
        File.WriteAllText(config, """{"bos_token": "<s>", "chat_template": "in the config"}""");
        Assert.Equal("separate{{ bos_token }}", ChatTemplate.Load(_folder).Source); // as transformers has it
        File.Delete(separate);
        Assert.Equal("in the config", ChatTemplate.Load(_folder).Source);
        File.WriteAllText(config, """{"chat_template": [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "named"}]}""");
        Assert.Equal("named", ChatTemplate.Load(_folder).Source);
        File.WriteAllText(config, """{"chat_template": "{{ x | nope }}"}""");
        Assert.Equal($"{config}:1: unknown filter `nope`", Assert.Throws<InputException>(() => ChatTemplate.Load(_folder)).Message);
    }

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2025, 3, 7, 12, 0, 0, TimeSpan.Zero);

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    }
}
