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
    /// <param name="recompute">Whether a stage keeps only its layers' inputs and computes each layer again in the backward pass.</param>
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
        TokenEmbedding embedding = _student.Decoder.Embedding;
        var underWay = new Queue<(Tensor? Input, RecomputedLayers? Layers, Tensor? Output)>();
        bool isLast = stage == Stages - 1;
        double loss = 0;
        int ahead = Math.Min(Stages - stage - 1, batches.Count);
        for (int i = 0; i < batches.Count + ahead; i++)
        {
            if (i < batches.Count) Forward(i);
            if (i >= ahead) Backward(batches[i - ahead]);
        }
        return loss;

        void Forward(int number)
        {
            using var scope = NewDisposeScope();
            Tensor? input = stage == 0 ? null : forward[stage].Take(failure);
            RecomputedLayers? layers = _recompute ? new(_student.Decoder, surroundings[number], _firstLayer[stage], _firstLayer[stage + 1] - _firstLayer[stage]) : null;
            using var none = _recompute ? no_grad() : null;
            Tensor output = layers?.Forward(input ?? embedding.Forward(batches[number].InputIds)) ?? Whole(stage, batches[number], surroundings[number], input?.requires_grad_());
            if (!isLast) forward[stage + 1].Add(output.detach().to(_student.Decoder.DeviceOf(_firstLayer[stage + 1])).DetachFromDisposeScope(), failure);
            underWay.Enqueue((input, layers, isLast || layers is null ? output.MoveToOuterDisposeScope() : null));
        }

        void Backward(PackedBatch batch)
        {
            using var scope = NewDisposeScope();
            (Tensor? input, RecomputedLayers? layers, Tensor? output) = underWay.Dequeue();
            Tensor? gradient = isLast ? null : backward[stage].Take(failure);
            gradient = layers is null ? ThroughGraph(output!, input, gradient, batch) : ThroughLayers(layers, output, gradient, batch);
            if (stage > 0) backward[stage - 1].Add(gradient!.to(_student.Decoder.DeviceOf(_firstLayer[stage] - 1)).DetachFromDisposeScope(), failure);
            input?.Dispose();
        }

        Tensor? ThroughGraph(Tensor output, Tensor? input, Tensor? gradient, PackedBatch batch)
        {
            if (isLast) Alone(() => loss += BackwardPass.Loss(_student, output, batch, lossTokens));
            else if (stage > 0) WrittenGradient.Backpropagate(output, gradient!);
            else Alone(() => WrittenGradient.Backpropagate(output, gradient!));
            gradient?.Dispose();
            output.Dispose();
            return input?.grad;
        }

        Tensor? ThroughLayers(RecomputedLayers layers, Tensor? output, Tensor? gradient, PackedBatch batch)
        {
            if (isLast) Alone(() =>
            {
                (double part, gradient) = BackwardPass.LossOf(_student, output!, batch, lossTokens);
                loss += part;
            });
            gradient = layers.Backward(gradient!, goesOn: stage > 0 || embedding.Gradient is not null);
            if (stage == 0 && gradient is not null) Alone(() => WrittenGradient.Backpropagate(embedding.Forward(batch.InputIds), gradient));
            return gradient;
        }
    }

    // A tied embedding is the last device's head as well: only one of them may add to its gradient.
    private void Alone(Action work)
    {
        if (!_student.Config.TieWordEmbeddings)
        {
            work();
            return;
        }
        lock (_tied) work();
    }

    // What passes between the layers is held by the graph: a scope of all micro-batches would hold it to the end of the update.
    private Tensor Whole(int stage, PackedBatch batch, LayerSurroundings surroundings, Tensor? input)
    {
        using var scope = NewDisposeScope();
        Tensor stream = input ?? _student.Decoder.Embedding.Forward(batch.InputIds);
        for (int layer = _firstLayer[stage]; layer < _firstLayer[stage + 1]; layer++) stream = surroundings.Forward(layer, stream);
        return stream.MoveToOuterDisposeScope();
    }
}
