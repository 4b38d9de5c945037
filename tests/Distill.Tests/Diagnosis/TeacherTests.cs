using Distill.Diagnosis;
using Xunit;

namespace Distill.Tests.Diagnosis;

/// <summary>A student beside its teacher.</summary>
public sealed class TeacherTests : IDisposable
{
    private readonly SickModel _student = new(), _teacher = new();

    public void Dispose()
    {
        _student.Dispose();
        _teacher.Dispose();
    }

    [Fact]
    public void OfOneFamilyLogitsCanBeDistilledToo() => Assert.Equal("traces and logits can both be distilled", Note().Consequence);

    [Fact]
    public void WithAnotherTokenizerOnlyTracesCan()
    {
        _teacher.Edit("tokenizer.json", json => json["added_tokens"]![3]!["content"] = "<|user|>");

        Assert.Equal(("gives other ids than the student's: 1 tokens differ", "traces are text and can be distilled; the teacher's logits cannot"), (Note().What, Note().Consequence));
    }

    [Fact]
    public void PaddingRowsMakeLogitsOfAnotherWidth()
    {
        TinyModels.Qwen2(_teacher.Path, extraRows: 13);

        Assert.Contains($"is {TinyModels.TokenCount + 13}, the student's {TinyModels.TokenCount + 5}", _student.Only("teacher", Severity.Warning, With).What);
    }

    [Fact]
    public void WhoOpensTheReasoningIsTold()
    {
        _teacher.Template(TinyModels.ChatTemplate.Replace("<think>\n", ""));

        Assert.Contains(_student.Examine(With), finding => finding.Check == "teacher" && finding.What == "leaves `<think>` to the completion, the student's opens `<think>` in the prompt");
    }

    [Fact]
    public void ATokenizerAloneIsEnoughOfATeacher()
    {
        foreach (string file in new[] { "config.json", "generation_config.json", "model.safetensors" }) File.Delete(Path.Combine(_teacher.Path, file));

        Assert.DoesNotContain(_student.Examine(With), finding => finding.Severity > Severity.Note);
    }

    private Finding Note() => Assert.Single(_student.Examine(With), finding => finding.Check == "teacher");

    private Examination With(Examination examination) => examination with { Teacher = _teacher.Path };
}
