using Distill.Chat;
using Distill.Eval;
using Distill.Export;
using Distill.Export.Gguf;
using Distill.Inference;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Eval;

/// <summary>What is scored is the artifact: its weights, its tokenizer, its template, its stop tokens.</summary>
public sealed class ArtifactScoringTests : IDisposable
{
    private static readonly string[] Questions = ["Compute 37*46+58-29.", "Compute 1+1.", "the other one", "ä中"];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task TheModelAndItsExportsCompletePromptsAlike()
    {
        await ExportAsync(seed: 1);
        Completion[] trained = await CompleteAsync("model");
        Assert.Equal(Questions.Length, trained.Select(completion => completion.RawText).Distinct().Count());
        Assert.Equal(trained, await CompleteAsync(Path.Combine("export", "onnx")));
        Assert.Equal(trained, await CompleteAsync(Path.Combine("export", "onnx", "onnx", "model.onnx")));
        Assert.Equal(trained, await CompleteAsync(Directory.EnumerateFiles(folder["export"], "*.gguf", SearchOption.AllDirectories).Single()));

        await ExportAsync(seed: 2);
        Assert.NotEqual(trained, await CompleteAsync("model"));
    }

    [Fact]
    public async Task OtherWeightsAreAnotherModel()
    {
        await ExportAsync(seed: 1);
        string[] forms = ["model", Path.Combine("export", "onnx"), Path.Combine("export", "onnx", "onnx", "model.onnx")];
        string[] before = [.. forms.Select(form => ModelIdentity.Of(folder[form]))];
        await ExportAsync(seed: 2);
        Assert.All(forms.Zip(before), pair => Assert.NotEqual(pair.Second, ModelIdentity.Of(folder[pair.First])));
        await ExportAsync(seed: 1);
        Assert.All(forms.Zip(before), pair => Assert.Equal(pair.Second, ModelIdentity.Of(folder[pair.First])));
    }

    [Fact]
    public async Task AnExportedModelIsEvaluated()
    {
        await ExportAsync(seed: 1);
        File.WriteAllText(folder["s.yaml"], "name: s\nversion: 1\ngenerate: { kind: arithmetic, split: basic, count: 6, seed: 1 }\nsamples: 2\nmax_tokens: 16\n");
        var options = new EvalOptions { Model = Path.Combine(folder["export"], "onnx"), Suites = [folder["s.yaml"]], BatchSize = 8, Out = folder["eval"] };
        EvalReport report = await new Evaluation().RunAsync(options, new Progress<ProgressEvent>(), TestContext.Current.CancellationToken);
        SuiteScore score = Assert.Single(report.Suites);
        Assert.Equal((6, 2, 0.0), (score.Problems, score.Samples, score.PassAt1.Value));
        Assert.Equal(("onnx", 8), (report.Name, report.BatchSize));
        Assert.Equal(12, File.ReadLines(Path.Combine(folder["eval"], "completions", "s.jsonl")).Count());
        Assert.InRange(score.CompletionTokens, 12, 12 * 16);
    }

    private async Task ExportAsync(int seed)
    {
        foreach (string name in new[] { "model", "export" })
        {
            if (Directory.Exists(folder[name])) Directory.Delete(folder[name], recursive: true);
        }
        TinyModels.Qwen2(folder["model"], seed, tied: false); // a tied model of random weights repeats its last token
        var options = new ExportOptions { Model = folder["model"], Gguf = [GgufFileType.F32], Onnx = [OnnxPrecision.Fp32], Out = folder["export"] };
        await ModelExport.RunAsync(options, new Progress<ProgressEvent>(), TestContext.Current.CancellationToken);
    }

    private async Task<Completion[]> CompleteAsync(string path)
    {
        await using ICompletionSource model = CompletionSources.Open(folder[path]);
        var sampling = new SamplingOptions { Temperature = 0, MaxTokens = 24 };
        CompletionRequest[] requests = [.. Questions.Select((text, i) => new CompletionRequest(i.ToString(), [new Message(MessageRole.User, text)], sampling))];
        var completions = new Completion[requests.Length];
        await foreach (CompletedRequest completed in model.CompleteAsync(requests, TestContext.Current.CancellationToken))
            completions[int.Parse(completed.Request.Id)] = completed.Completion;
        return completions;
    }
}
