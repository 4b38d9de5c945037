using Distill.Models;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>The forward and backward pass of one micro-batch: adds gradients to the trained parameters and gives the loss.</summary>
public static class BackwardPass
{
    /// <summary>Keeps every intermediate result from the forward pass for the backward pass: fastest.</summary>
    /// <param name="student">The model.</param>
    /// <param name="batch">The micro-batch.</param>
    /// <param name="lossTokens">Tokens that count in the whole update.</param>
    /// <returns>The micro-batch's share of the mean loss, in nats per token.</returns>
    public static double Whole(CausalLM student, PackedBatch batch, int lossTokens)
    {
        Tensor hidden = student.Hidden(batch.InputIds, batch.Positions, batch.Mask); // [batch, seq, hidden]
        return CausalLoss.Backward(student, hidden, batch, lossTokens);
    }

    /// <summary>
    /// Keeps only each layer's input and computes a layer again when its gradient is due: the memory of one layer instead of
    /// all, for a third more arithmetic. Source: Chen and others, "Training deep nets with sublinear memory cost", arXiv:1604.06174.
    /// </summary>
    /// <param name="student">The model.</param>
    /// <param name="batch">The micro-batch.</param>
    /// <param name="lossTokens">Tokens that count in the whole update.</param>
    /// <returns>The micro-batch's share of the mean loss, in nats per token.</returns>
    public static double Recomputed(CausalLM student, PackedBatch batch, int lossTokens)
    {
        Decoder decoder = student.Decoder;
        var layers = new RecomputedLayers(decoder, new LayerSurroundings(student, batch), 0, student.Config.NumHiddenLayers);
        Tensor stream;
        using (no_grad()) stream = layers.Forward(decoder.Embedding.Forward(batch.InputIds));
        (double loss, Tensor gradient) = LossOf(student, stream, batch, lossTokens);
        if (layers.Backward(gradient, goesOn: decoder.Embedding.Gradient is not null) is not { } atEmbedding) return loss;
        Tensor embedded = decoder.Embedding.Forward(batch.InputIds);
        WrittenGradient.Backpropagate(embedded, atEmbedding.to(embedded.device));
        return loss;
    }

    /// <summary>The last norm and the loss alone, and the gradient of what went into them; what they take is gone before a layer is computed again.</summary>
    /// <param name="student">The model.</param>
    /// <param name="stream">What comes out of the last layer, without a graph; not needed any longer.</param>
    /// <param name="batch">The micro-batch.</param>
    /// <param name="lossTokens">Tokens that count in the whole update.</param>
    internal static (double Loss, Tensor Gradient) LossOf(CausalLM student, Tensor stream, PackedBatch batch, int lossTokens)
    {
        using var scope = NewDisposeScope();
        Tensor last = stream.detach().requires_grad_();
        stream.Dispose();
        double loss = CausalLoss.Backward(student, student.Decoder.FinalNorm.Forward(last), batch, lossTokens);
        return (loss, (last.grad ?? zeros_like(last)).MoveToOuterDisposeScope());
    }

    /// <summary>
    /// Keeps only each layer's input, as <see cref="Recomputed"/> does, and computes layers, last norm and loss a chunk of positions at a time, forward and backward
    /// (<see cref="ChunkedLayer"/>): for rows so long that the results of a single layer would not fit.
    /// </summary>
    /// <param name="student">The model.</param>
    /// <param name="batch">The micro-batch.</param>
    /// <param name="lossTokens">Tokens that count in the whole update.</param>
    /// <returns>The micro-batch's share of the mean loss, in nats per token.</returns>
    public static double InChunks(CausalLM student, PackedBatch batch, int lossTokens) => Loss(student, new LayerSurroundings(student, batch).Stream(batch.InputIds), batch, lossTokens);

    /// <summary>The last norm, the loss and the backward pass through both and all that led to them.</summary>
    /// <param name="student">The model.</param>
    /// <param name="stream">What comes out of the last layer, <c>[batch, seq, hidden]</c>.</param>
    /// <param name="batch">The micro-batch.</param>
    /// <param name="lossTokens">Tokens that count in the whole update.</param>
    internal static double Loss(CausalLM student, Tensor stream, PackedBatch batch, int lossTokens)
    {
        if (batch.Chunks is not { } chunks) return CausalLoss.Backward(student, student.Decoder.FinalNorm.Forward(stream), batch, lossTokens);
        Tensor rows = stream.detach().view(-1, stream.shape[^1]), gradient = zeros_like(rows);
        double loss = 0;
        for (long first = 0; first < rows.shape[0]; first += chunks.Size)
        {
            using var scope = NewDisposeScope();
            long count = Math.Min(chunks.Size, rows.shape[0] - first);
            Tensor part = rows.narrow(0, first, count).detach().requires_grad_();
            loss += CausalLoss.Backward(student, student.Decoder.FinalNorm.Forward(part), batch, first, lossTokens);
            if (part.grad is { } partGradient) gradient.narrow(0, first, count).copy_(partGradient);
        }
        WrittenGradient.Backpropagate(stream, gradient.view(stream.shape));
        return loss;
    }
}

/// <summary>Consecutive layers of which a micro-batch keeps the inputs alone; each is computed again when its gradient is due.</summary>
internal sealed class RecomputedLayers(Decoder decoder, LayerSurroundings surroundings, int first, int count)
{
    private readonly Tensor[] _inputs = new Tensor[count];

    /// <summary>Passes the residual stream through, without a graph.</summary>
    public Tensor Forward(Tensor stream)
    {
        using var none = no_grad();
        for (int i = 0; i < count; i++)
        {
            using var scope = NewDisposeScope();
            _inputs[i] = stream.to(decoder.DeviceOf(first + i)).DetachFromDisposeScope(); // until the backward pass, whatever scope this one is in
            stream = surroundings.Forward(first + i, _inputs[i]).MoveToOuterDisposeScope();
        }
        return stream;
    }

    /// <summary>The backward pass, once.</summary>
    /// <param name="gradient">Gradient of what came out; not needed any longer.</param>
    /// <param name="goesOn">Whether the gradient of what went in is asked for.</param>
    public Tensor? Backward(Tensor gradient, bool goesOn)
    {
        for (int i = count - 1; i >= 0; i--)
        {
            using var scope = NewDisposeScope();
            Tensor input = _inputs[i].detach();
            if (i > 0 || goesOn) input.requires_grad_();
            using var visit = new LayerVisit(decoder.Layer(first + i));
            Tensor output = surroundings.Forward(first + i, input);
            WrittenGradient.Backpropagate(output, gradient.to(output.device));
            gradient.Dispose();
            _inputs[i].Dispose();
            if (!input.requires_grad) return null;
            gradient = input.grad!.MoveToOuterDisposeScope();
        }
        return gradient;
    }
}

/// <summary>What a layer needs besides its input, on each device.</summary>
internal sealed class LayerSurroundings
{
    private readonly Decoder _decoder;
    private readonly SequenceChunks? _chunks;
    private readonly Dictionary<string, (Tensor Turns, AttentionMask Mask)> _onDevice = [];

    public LayerSurroundings(CausalLM student, PackedBatch batch)
    {
        (_decoder, _chunks) = (student.Decoder, batch.Chunks);
        Tensor turns = student.Turns(batch.Positions, batch.InputIds.shape[1]);
        AttentionMask mask = _chunks is null ? batch.Mask : AttentionMask.CausalOnly; // chunks have the documents themselves
        foreach (Device device in student.Devices.Devices) _onDevice[device.ToString()] = (turns.to(device), mask.To(device));
    }

    /// <summary>Passes the residual stream through a layer, on the layer's device.</summary>
    public Tensor Forward(int layer, Tensor stream)
    {
        (Tensor turns, AttentionMask mask) = _onDevice[_decoder.DeviceOf(layer).ToString()];
        return _chunks is null ? _decoder.Layer(layer).Forward(stream, turns, mask, null) : ChunkedLayer.Forward(_decoder.Layer(layer), stream, turns, _chunks);
    }

    /// <summary>Tokens to what comes out of the last layer, <c>[batch, seq, hidden]</c>; the graph alone holds what it needs of the layers before.</summary>
    public Tensor Stream(Tensor inputIds)
    {
        Tensor stream = _decoder.Embedding.Forward(inputIds);
        for (int layer = 0; layer < _decoder.NumLayers; layer++)
        {
            using Tensor input = stream;
            Device device = _decoder.DeviceOf(layer);
            stream = Forward(layer, input.device == device ? input : input.to(device));
        }
        return stream;
    }
}
