using System.Collections.Concurrent;
using Distill.Models;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>
/// Forward and backward passes of several micro-batches over a model whose layers are on several devices. Each device works on
/// its layers in a thread of its own: first forward passes until the last device is reached, then one backward pass after each
/// forward pass (1F1B), so that a device never keeps the results of more micro-batches than there are devices behind it.
/// Source: Narayanan and others, "PipeDream", arXiv:1806.03377, and "Efficient large-scale language model training on GPU
/// clusters", arXiv:2104.04473, section 2.2.
/// </summary>
public sealed class PipelinedPass
{
    private readonly CausalLM _student;
    private readonly bool _recompute;
    private readonly int[] _firstLayer; // per stage, and one past the last

    private readonly Lock _tied = new();

    /// <summary>Divides a model into one stage per device.</summary>
    /// <param name="student">The model.</param>
    /// <param name="recompute">Whether a stage keeps only its input and computes its layers again in the backward pass.</param>
    public PipelinedPass(CausalLM student, bool recompute)
    {
        (_student, _recompute) = (student, recompute);
        int layers = student.Config.NumHiddenLayers, stages = student.Devices.Devices.Count;
        _firstLayer = [.. Enumerable.Range(0, stages + 1).Select(stage => ((stage * layers) + stages - 1) / stages)]; // as DeviceMap.OfLayer divides them
    }

    /// <summary>Stages, and so the most micro-batches under way at once.</summary>
    public int Stages => _firstLayer.Length - 1;

    /// <summary>Adds the gradients of all micro-batches to the trained parameters.</summary>
    /// <param name="batches">The micro-batches of an update.</param>
    /// <param name="lossTokens">Tokens that count in the whole update.</param>
    /// <returns>The update's mean loss, in nats per token.</returns>
    public double Run(IReadOnlyList<PackedBatch> batches, int lossTokens)
    {
        var forward = Enumerable.Range(0, Stages).Select(_ => new BlockingCollection<Tensor>()).ToArray();
        var backward = Enumerable.Range(0, Stages).Select(_ => new BlockingCollection<Tensor>()).ToArray();
        LayerSurroundings[] surroundings = [.. batches.Select(batch => new LayerSurroundings(_student, batch))];
        using var failure = new CancellationTokenSource();
        int threads = get_num_threads();
        double loss = 0;
        Task[] stages = [.. Enumerable.Range(0, Stages).Select(stage => Task.Factory.StartNew(() =>
        {
            set_num_threads(threads); // the setting belongs to the thread
            try
            {
                using var scope = NewDisposeScope();
                double sum = RunStage(stage, batches, surroundings, lossTokens, forward, backward, failure.Token);
                if (stage == Stages - 1) loss = sum;
            }
            catch
            {
                failure.Cancel();
                throw;
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        try
        {
            Task.WaitAll(stages);
        }
        catch (AggregateException several)
        {
            throw several.InnerExceptions.FirstOrDefault(e => e is not OperationCanceledException) ?? several;
        }
        return loss;
    }

    private double RunStage(int stage, IReadOnlyList<PackedBatch> batches, LayerSurroundings[] surroundings, int lossTokens,
        BlockingCollection<Tensor>[] forward, BlockingCollection<Tensor>[] backward, CancellationToken failure)
    {
        var underWay = new Queue<(int Number, Tensor? Input, Tensor? Output)>();
        bool again = _recompute && stage < Stages - 1; // the last stage's backward pass follows its forward pass at once
        double loss = 0;
        int ahead = Math.Min(Stages - stage - 1, batches.Count);
        for (int i = 0; i < batches.Count + ahead; i++)
        {
            if (i < batches.Count) Forward(i);
            if (i >= ahead) Backward();
        }
        return loss;

        void Forward(int number)
        {
            using var scope = NewDisposeScope();
            Tensor? input = stage == 0 ? null : forward[stage].Take(failure).requires_grad_();
            using (again ? no_grad() : null)
            {
                Tensor output = Layers(stage, batches[number], surroundings[number], input);
                if (stage < Stages - 1) forward[stage + 1].Add(output.detach().to(_student.Decoder.DeviceOf(_firstLayer[stage + 1])).DetachFromDisposeScope(), failure);
                underWay.Enqueue((number, input, again ? null : output.MoveToOuterDisposeScope()));
            }
        }

        void Backward()
        {
            using var scope = NewDisposeScope();
            (int number, Tensor? input, Tensor? kept) = underWay.Dequeue();
            using Tensor? gradient = stage < Stages - 1 ? backward[stage].Take(failure) : null;
            using Tensor output = kept ?? Layers(stage, batches[number], surroundings[number], input);
            if (gradient is null)
            {
                lock (_tied) loss += BackwardPass.Loss(_student, output, batches[number], lossTokens);
            }
            else if (stage > 0) WrittenGradient.Backpropagate(output, gradient);
            else lock (_tied) WrittenGradient.Backpropagate(output, gradient); // a tied embedding is the last stage's head as well
            if (stage > 0) backward[stage - 1].Add(input!.grad!.to(_student.Decoder.DeviceOf(_firstLayer[stage] - 1)).DetachFromDisposeScope(), failure);
            input?.Dispose();
        }
    }

    // What passes between the layers is held by the graph, where there is one: a scope of all micro-batches would hold it to the end of the update.
    private Tensor Layers(int stage, PackedBatch batch, LayerSurroundings surroundings, Tensor? input)
    {
        using var scope = NewDisposeScope();
        Tensor stream = input ?? _student.Decoder.Embedding.Forward(batch.InputIds);
        for (int layer = _firstLayer[stage]; layer < _firstLayer[stage + 1]; layer++) stream = surroundings.Forward(layer, stream);
        return stream.MoveToOuterDisposeScope();
    }
}
