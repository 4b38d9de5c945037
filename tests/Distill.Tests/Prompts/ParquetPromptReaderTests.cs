using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Distill.Tests.Traces;
using Distill.Traces;
using Parquet;
using Parquet.Schema;
using Parquet.Serialization;
using Xunit;

namespace Distill.Tests.Prompts;

public sealed class ParquetPromptReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private sealed class Row
    {
        public string? Question { get; set; }
        public double? Answer { get; set; }
        public string? Solution { get; set; }
        public int Id { get; set; }
    }

    private sealed class Turn
    {
        public string? From { get; set; }
        public string? Value { get; set; }
    }

    private sealed class Conversation
    {
        public List<Turn>? Conversations { get; set; }
        public List<string>? FinalAnswer { get; set; }
    }

    [Fact]
    public async Task TextColumnsAreFoundByTheirNames()
    {
        await ParquetSerializer.SerializeAsync(
        [
            new Row { Question = "Q1", Answer = 2.5, Solution = "W", Id = 1 },
            new Row { Question = "Q2", Solution = "so \\boxed{3}", Id = 2 },
        ], _folder["t.parquet"]);
        Prompt[] prompts = [.. PromptReader.Read(_folder["t.parquet"], answerRequired: true)];
        Assert.Equal(["Q1", "Q2"], prompts.Select(prompt => prompt.Messages[0].Content));
        Assert.Equal(["2.5", "3"], prompts.Select(prompt => prompt.ReferenceAnswer));
        Assert.Equal(["W", "so \\boxed{3}"], prompts.Select(prompt => prompt.ReferenceReasoning));
        Assert.Equal(Prompt.FromUser("Q1", "2.5").Id, prompts[0].Id); // a number is no name
    }

    [Fact]
    public async Task ListsOfMessagesAreConversations()
    {
        await ParquetSerializer.SerializeAsync(
        [
            new Conversation { Conversations = [new Turn { From = "system", Value = "S" }, new Turn { From = "human", Value = "H" }, new Turn { From = "gpt", Value = "G" }], FinalAnswer = ["1", "2"] },
            new Conversation { Conversations = [new Turn { From = "human", Value = "H2" }], FinalAnswer = ["3"] },
        ], _folder["t.parquet"]);
        Prompt[] prompts = [.. PromptReader.Read(_folder["t.parquet"], new ColumnMap { Answer = "FinalAnswer" }, answerRequired: true)];
        Assert.Equal([new Message(MessageRole.System, "S"), new Message(MessageRole.User, "H")], prompts[0].Messages);
        Assert.Equal(("1, 2", "G"), (prompts[0].ReferenceAnswer, prompts[0].ReferenceReasoning));
        Assert.Equal("H2", prompts[1].Messages[0].Content);
    }

    [Fact]
    public void TracesCanBeReadAsPrompts()
    {
        Trace[] traces = [SampleTraces.Make(1), SampleTraces.Make(2)];
        TraceWriter.WritePart(_folder["t.parquet"], traces);
        Prompt[] prompts = [.. PromptReader.Read(_folder["t.parquet"], answerRequired: true)];
        for (int i = 0; i < traces.Length; i++) Assert.Equal(traces[i].Prompt with { Messages = prompts[i].Messages }, prompts[i]);
    }

    [Fact]
    public async Task WhatIsMissingIsNamed()
    {
        await ParquetSerializer.SerializeAsync([new Row { Question = "Q" }], _folder["t.parquet"]);
        var e = Assert.Throws<InputException>(() => PromptReader.Read(_folder["t.parquet"], new ColumnMap { Prompt = "text" }).ToList());
        Assert.Equal($"{_folder["t.parquet"]}: column `text` is missing", e.Message);
        Assert.Equal("the file has the columns `Question`, `Answer`, `Solution`, `Id`", e.Hint);
        e = Assert.Throws<InputException>(() => PromptReader.Read(_folder["t.parquet"], answerRequired: true).ToList());
        Assert.Equal($"{_folder["t.parquet"]}: row 1: key `answer` is missing", e.Message);
        Assert.Null(Assert.Single(PromptReader.Read(_folder["t.parquet"])).ReferenceAnswer);
    }

    [Fact]
    public async Task ColumnsOfOtherKindsAreErrors()
    {
        var schema = new ParquetSchema(new DataField<DateTime>("prompt"));
        using (FileStream stream = File.Open(_folder["t.parquet"], FileMode.Create))
        {
            await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream);
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync<DateTime>(schema.DataFields[0], new[] { new DateTime(2020, 1, 1) });
        }
        var e = Assert.Throws<InputException>(() => PromptReader.Read(_folder["t.parquet"]).ToList());
        Assert.Contains("column `prompt` holds DateTime values", e.Message);
    }
}
