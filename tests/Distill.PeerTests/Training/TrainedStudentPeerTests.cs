using Distill.Export.Gguf;
using Distill.PeerTests.Export;
using Distill.Runs;
using Distill.Tests;
using Distill.Training;
using Xunit;

namespace Distill.PeerTests.Training;

/// <summary>A student that was trained here and exported is the same model in llama.cpp.</summary>
public sealed class TrainedStudentPeerTests : IDisposable
{
    private const string Conversation = "<｜begin▁of▁sentence｜><｜User｜>Compute 12+30.<｜Assistant｜><think>\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TrainingMethod.Full)]
    [InlineData(TrainingMethod.Lora)]
    public async Task GreedyTokensAreEqual(TrainingMethod method)
    {
        TinyModels.Qwen2(_folder["base"], tied: method == TrainingMethod.Full);
        File.WriteAllLines(_folder["data.jsonl"], Enumerable.Range(0, 120).Select(i =>
            $$"""{"messages":[{"role":"user","content":"Compute {{i}}+{{(i * 7) % 60}}."},{"role":"assistant","content":"<think>\n{{i}}+{{(i * 7) % 60}} = {{i + ((i * 7) % 60)}}\n</think>\n\nThe sum is {{i + ((i * 7) % 60)}}"}]}"""));
        TrainResult trained = await TrainStage.RunAsync(new TrainOptions
        {
            Student = _folder["base"],
            Data = _folder["data.jsonl"],
            Out = _folder["out"],
            TokenCache = _folder["cache"],
            Method = method,
            MaxSteps = 40,
            BatchSize = 4,
            MicroBatchSize = 4,
            SequenceLength = 128,
            LearningRate = method == TrainingMethod.Full ? 3e-3 : 1e-2,
            WarmupSteps = 2,
        }, new Progress<ProgressEvent>(), TestContext.Current.CancellationToken);
        Assert.InRange(trained.FinalLoss, 0, 3); // fresh weights start above 8

        string path = _folder["student.gguf"];
        GgufExport.Write(_folder["out/model"], path, GgufFileType.F32, "student");
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        using LlamaModel llama = peer.Load(path);
        using var torch = TorchReference.OfFolder(_folder["out/model"]);
        int[] prompt = llama.Tokenize(Conversation, addSpecial: false);
        (int Token, float Margin)[] theirs = llama.Greedy(prompt, 96);
        Assert.True(theirs.Min(token => token.Margin) > 1e-4, "a tie: train for another number of steps");
        Assert.Equal(theirs.Select(token => token.Token), torch.Greedy([prompt], 96)[0]);
    }
}
