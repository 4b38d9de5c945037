using System.IO.Compression;
using System.Text;
using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Prompts;

public sealed class JsonlPromptReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"question":"How many?","answer":"2+2=<<2+2=4>>4\n#### 1,234"}""", "How many?", "1,234", "2+2=<<2+2=4>>4")]
    [InlineData("""{"problem":"P","solution":"So \\boxed{\\frac{1}{2}}."}""", "P", "\\frac{1}{2}", "So \\boxed{\\frac{1}{2}}.")]
    [InlineData("""{"problem":"P","answer":"7","solution":"long"}""", "P", "7", "long")]
    [InlineData("""{"Problem":"P","Answer":33}""", "P", "33", null)]
    [InlineData("""{"question":"Q","answer":27.0}""", "Q", "27.0", null)]
    [InlineData("""{"Body":"B","Question":"Q","Answer":145.0}""", "B\n\nQ", "145.0", null)]
    [InlineData("""{"instruction":"I","input":"X","gold":"yes"}""", "I\n\nX", "yes", null)]
    [InlineData("""{"instruction":"I","input":"","target":true}""", "I", "true", null)]
    [InlineData("""{"prompt":"P"}""", "P", null, null)]
    [InlineData("""{"question":"Q","final_answer":["$1$","$2$"],"context":null}""", "Q", "$1$, $2$", null)]
    [InlineData("""{"prompt":[{"role":"user","content":"Hi"}],"answer":"a"}""", "Hi", "a", null)]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]},{"role":"assistant","content":"\\boxed{5}"}]}""", "Hi", "5", "\\boxed{5}")]
    [InlineData("""{"conversations":[{"from":"human","value":"Hi"},{"from":"gpt","value":"A long talk.\nNo box."}]}""", "Hi", null, "A long talk.\nNo box.")]
    public void TheShapesOfCommonDatasetsAreUnderstood(string line, string text, string? answer, string? reasoning)
    {
        Prompt prompt = Assert.Single(Read(line));
        Assert.Equal([new Message(MessageRole.User, text)], prompt.Messages);
        Assert.Equal(answer, prompt.ReferenceAnswer);
        Assert.Equal(reasoning, prompt.ReferenceReasoning);
        Assert.Equal(Prompt.FromUser(text, answer).Id, prompt.Id);
    }

    [Fact]
    public void ConversationsKeepTheirTurns()
    {
        Prompt prompt = Assert.Single(Read("""{"id":"x/1","source":"s","messages":[{"role":"system","content":"S"},{"role":"user","content":"1"},{"role":"assistant","content":"2","reasoning_content":"R"},{"role":"user","content":"3"}]}"""));
        Assert.Equal([new Message(MessageRole.System, "S"), new Message(MessageRole.User, "1"), new Message(MessageRole.Assistant, "2", "R"), new Message(MessageRole.User, "3")], prompt.Messages);
        Assert.Equal(("x/1", "s"), (prompt.Id, prompt.Source));
    }

    [Fact]
    public void NamesCanBeChosen()
    {
        var map = new ColumnMap { Prompt = "q", Answer = "a2", Solution = "why", Source = "from", Id = "key" };
        Prompt prompt = Assert.Single(Read("""{"q":"Q","question":"other","answer":"1","a2":"2","why":"W","from":"F","key":"K","id":"I"}""", map));
        Assert.Equal(("Q", "2", "W", "F", "K"), (prompt.Messages[0].Content, prompt.ReferenceAnswer, prompt.ReferenceReasoning, prompt.Source, prompt.Id));
    }

    [Fact]
    public void LinesEndAtLineFeedsOnly()
    {
        Prompt[] prompts = [.. Read("\uFEFF{\"prompt\":\"a\u2028b\u0085c\"}\r\n\r\n   \n{\"prompt\":\"d\"}")];
        Assert.Equal(["a\u2028b\u0085c", "d"], prompts.Select(prompt => prompt.Messages[0].Content));
    }

    [Theory]
    [InlineData("""{"question":"Q"}""", "prompts.jsonl:2: key `answer` is missing")]
    [InlineData("""{"question":"Q","answer":null}""", "prompts.jsonl:2: key `answer` is missing")]
    [InlineData("""{"question":"Q","answer":" "}""", "prompts.jsonl:2: key `answer` is missing")]
    [InlineData("""{"answer":"1"}""", "prompts.jsonl:2: key `prompt` is missing")]
    [InlineData("""{"prompt":" ","answer":"1"}""", "prompts.jsonl:2: key `prompt` is empty")]
    [InlineData("""{"messages":[],"answer":"1"}""", "prompts.jsonl:2: key `prompt` is empty")]
    [InlineData("""{"messages":[{"role":"assistant","content":"x"}],"answer":"1"}""", "prompts.jsonl:2: key `prompt` is empty")]
    [InlineData("""{"messages":[{"role":"boss","content":"x"}],"answer":"1"}""", "prompts.jsonl:2: a message has the unknown role `boss`")]
    [InlineData("""{"messages":["x"],"answer":"1"}""", "prompts.jsonl:2: a message has no `role`")]
    [InlineData("""{"messages":[{"role":"user"}],"answer":"1"}""", "prompts.jsonl:2: a message has no `content`")]
    [InlineData("""{"prompt":"\ud800","answer":"1"}""", "prompts.jsonl:2: holds text that is not valid Unicode")]
    [InlineData("""{"\ud800":"1","prompt":"Q","answer":"1"}""", "prompts.jsonl:2: holds text that is not valid Unicode")]
    [InlineData("""{"prompt":"Q","answer":"1","tests":[{"input":"\ud800","output":"1"}]}""", "prompts.jsonl:2: holds text that is not valid Unicode")]
    [InlineData("""["prompt"]""", "prompts.jsonl:2: is not a JSON object")]
    [InlineData("""{"prompt":"cut""", "prompts.jsonl:2: is not JSON")]
    public void ErrorsNameTheLine(string line, string message)
    {
        var e = Assert.Throws<InputException>(() => Read("{\"prompt\":\"ok\",\"answer\":\"1\"}\n" + line, required: true));
        Assert.StartsWith(_folder[message], e.Message);
        Assert.NotNull(e.Hint);
    }

    [Fact]
    public void MissingAnswersAreAllowedWhenNothingIsVerified() => Assert.Null(Assert.Single(Read("""{"question":"Q"}""")).ReferenceAnswer);

    [Fact]
    public void LongLinesAreReadAndEndlessOnesRefused()
    {
        string text = new('x', 300_000);
        File.WriteAllText(_folder["a.jsonl"], $"{{\"prompt\":\"{text}\"}}\n{{\"prompt\":\"b\"}}\n{{\"prompt\":\"{text}c\"}}\n");
        Assert.Equal([text, "b", text + "c"], PromptReader.Read(_folder["a.jsonl"]).Select(prompt => prompt.Messages[0].Content));

        using (FileStream stream = File.Open(_folder["b.jsonl.gz"], FileMode.Create)) // a small file of one endless line
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
            for (int i = 0; i < 70; i++) gzip.Write(new byte[1 << 20]);
        var e = Assert.Throws<InputException>(() => PromptReader.Read(_folder["b.jsonl.gz"]).ToList());
        Assert.Equal($"{_folder["b.jsonl.gz"]}:1: the line is longer than 64 MB", e.Message);
    }

    [Fact]
    public void DocumentsAreReadAsArraysOfRows()
    {
        File.WriteAllText(_folder["a.json"], """[{"input":"1","target":"x"},{"input":"2","target":"y"}]""");
        File.WriteAllText(_folder["b.json"], """{"canary":"c","examples":[{"input":"1","target":"x"},{"target":"y"}]}""");
        File.WriteAllText(_folder["c.json"], """{"rows":3}""");
        Assert.Equal(["x", "y"], PromptReader.Read(_folder["a.json"]).Select(prompt => prompt.ReferenceAnswer));
        Assert.StartsWith($"{_folder["b.json"]}: row 2: key `prompt` is missing", Assert.Throws<InputException>(() => PromptReader.Read(_folder["b.json"]).ToList()).Message);
        Assert.Contains("is not an array of rows", Assert.Throws<InputException>(() => PromptReader.Read(_folder["c.json"]).ToList()).Message);
    }

    [Fact]
    public void FoldersAreReadInOrderOfTheirNames()
    {
        File.WriteAllText(_folder["b.jsonl"], """{"prompt":"2"}""");
        File.WriteAllText(_folder["a.jsonl"], """{"prompt":"1"}""");
        File.WriteAllText(_folder["manifest.json"], "{}");
        Assert.Equal(["1", "2"], PromptReader.Read(_folder.Path).Select(prompt => prompt.Messages[0].Content));
        Assert.Equal(["a", "b"], PromptReader.Read(_folder.Path).Select(prompt => prompt.Source));
        Assert.Throws<InputException>(() => PromptReader.Read(_folder["manifest.txt"]).ToList());
    }

    [Fact]
    public void WrittenPromptsAreReadBack()
    {
        Prompt[] prompts =
        [
            Prompt.FromUser("größe\n\u2028😀", "1", "arithmetic/basic", "1=1"),
            Prompt.FromUser("no answer", null, "s"),
            Prompt.FromUser("x", "2", "s") with { Id = "own", Messages = [new Message(MessageRole.System, "s"), new Message(MessageRole.User, "u")] },
        ];
        Assert.Equal(3, JsonlPromptWriter.Write(_folder["prompts.jsonl"], prompts));
        Prompt[] read = [.. PromptReader.Read(_folder["prompts.jsonl"])];
        for (int i = 0; i < prompts.Length; i++)
        {
            Assert.Equal(prompts[i].Messages, read[i].Messages);
            Assert.Equal(prompts[i] with { Messages = read[i].Messages }, read[i]);
        }
        Assert.StartsWith("{\"prompt_id\":\"", File.ReadAllText(_folder["prompts.jsonl"]));
    }

    [Fact]
    public void RealBenchmarksAreReadWhole()
    {
        Prompt[] gsm8k = [.. PromptReader.Read(SharedData.Path("gsm8k", "test.jsonl"), answerRequired: true)];
        Assert.Equal(1319, gsm8k.Length);
        Assert.Equal(("18", "gsm8k/test"), (gsm8k[0].ReferenceAnswer, gsm8k[0].Source));
        Assert.StartsWith("Janet sells 16 - 3 - 4", gsm8k[0].ReferenceReasoning);
        Assert.All(gsm8k, prompt => Assert.Matches(@"^-?[\d,.]+$", prompt.ReferenceAnswer));
        Assert.Equal(1319, gsm8k.Select(prompt => prompt.Id).Distinct().Count());
        Assert.Equal(675, PromptReader.Read(SharedData.Path("math-extra", "olympiadbench.jsonl.gz"), answerRequired: true).Count());
        Assert.Contains("290 bananas", PromptReader.Read(SharedData.Path("math-extra", "svamp.jsonl"), answerRequired: true).First().Messages[0].Content);
        Assert.Equal(250, PromptReader.Read(SharedData.Path("bbh", "word_sorting.json"), answerRequired: true).Count());
    }

    private List<Prompt> Read(string text, ColumnMap? map = null, bool required = false)
    {
        File.WriteAllText(_folder["prompts.jsonl"], text, new UTF8Encoding(false));
        return [.. PromptReader.Read(_folder["prompts.jsonl"], map, required)];
    }
}
