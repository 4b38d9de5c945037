using Distill.Models;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>
/// Which tensors the GGUF file of a model has, and how each is made from the checkpoint. Every checkpoint tensor must be
/// used or be known to be superfluous, and every one must have the shape that <c>config.json</c> implies.
/// </summary>
internal sealed class GgufTensorPlan
{
    private readonly ModelConfig _config;
    private readonly IWeightSource _source;
    private readonly List<PlannedTensor> _tensors = [];

    private GgufTensorPlan(ModelConfig config, IWeightSource source) => (_config, _source) = (config, source);

    /// <summary>Plans the tensors in the order of the forward pass.</summary>
    /// <exception cref="InputException">A tensor is missing, has another shape, or has no place in the file.</exception>
    public static IReadOnlyList<PlannedTensor> Of(ModelConfig config, IWeightSource source)
    {
        ModelWeights.RequireFit(config, source);
        var plan = new GgufTensorPlan(config, source);
        if (GgufRopeScaling.Divisors(config) is { } divisors) plan.RopeFactors(divisors);
        foreach (CheckpointTensor tensor in CheckpointTensors.Of(config)) plan.Add(tensor.Name);
        if (config.TieWordEmbeddings) plan.CheckTiedHead();
        return plan._tensors;
    }

    private void Add(string name)
    {
        TensorInfo info = Find(name);
        string? stacked = GgufTensorNames.ToGguf(name, out int? expert);
        if (GgufTensorNames.KeyValueUpLayer(name) is { } layer) SplitKeyValueUp(layer, info, _config.Latent!);
        else if (expert is null) Plain(info, RotaryLayout.HeadsReorderedInGguf(_config, name));
        else if (expert == 0) Stack(stacked!, info);
    }

    private void Plain(TensorInfo info, int? pairedHeads)
    {
        long columns = info.Shape[^1];
        RowReader read = pairedHeads is { } heads
            ? (firstRow, destination) => ReadPaired(info, heads, firstRow, destination)
            : (firstRow, destination) => _source.ReadFloats(info, firstRow * columns, destination);
        _tensors.Add(new PlannedTensor(GgufTensorNames.ToGguf(info.Name, out _)!, info.Shape, info.Name, read));
    }

    // llama.cpp's Llama wants the two rows of a rotated pair side by side: row p · width/2 + j of a head goes to 2j + p.
    private void ReadPaired(TensorInfo info, int heads, long firstRow, Span<float> destination)
    {
        long columns = info.Shape[1], width = info.Shape[0] / heads;
        for (int done = 0; done < destination.Length; done += (int)columns)
        {
            (long head, long inHead) = Math.DivRem(firstRow + (done / columns), width);
            (long pair, long second) = Math.DivRem(inHead, 2);
            _source.ReadFloats(info, ((head * width) + (second * width / 2) + pair) * columns, destination.Slice(done, (int)columns));
        }
    }

    // llama.cpp attends in the compressed space: it wants the key part transposed per head, apart from the value part.
    private void SplitKeyValueUp(int layer, TensorInfo joined, LatentAttentionConfig latent)
    {
        int heads = _config.NumAttentionHeads, rank = latent.KvLoraRank, nope = latent.QkNopeHeadDim, value = latent.VHeadDim;
        _tensors.Add(new PlannedTensor(GgufTensorNames.KeyPart(layer), [heads, rank, nope], joined.Name, (firstRow, destination) =>
        {
            var head = new float[nope * rank];
            long loaded = -1;
            for (int done = 0; done < destination.Length; done += nope)
            {
                (long h, long r) = Math.DivRem(firstRow + (done / nope), rank);
                if (h != loaded) _source.ReadFloats(joined, (loaded = h) * (nope + value) * rank, head);
                for (int i = 0; i < nope; i++) destination[done + i] = head[(i * rank) + r];
            }
        }));
        _tensors.Add(new PlannedTensor(GgufTensorNames.ValuePart(layer), [heads, value, rank], joined.Name, (firstRow, destination) =>
        {
            for (int done = 0; done < destination.Length; done += rank)
            {
                (long h, long j) = Math.DivRem(firstRow + (done / rank), value);
                _source.ReadFloats(joined, ((h * (nope + value)) + nope + j) * rank, destination.Slice(done, rank));
            }
        }));
    }

    private void Stack(string name, TensorInfo first)
    {
        int experts = _config.Mixture!.NRoutedExperts;
        TensorInfo[] infos = [.. Enumerable.Range(0, experts).Select(expert => Find(first.Name.Replace(".experts.0.", $".experts.{expert}.", StringComparison.Ordinal)))];
        long rows = first.Shape[0], columns = first.Shape[1];
        _tensors.Add(new PlannedTensor(name, [experts, rows, columns], first.Name.Replace(".experts.0.", ".experts.*.", StringComparison.Ordinal), (firstRow, destination) =>
        {
            for (int done = 0; done < destination.Length;)
            {
                (long expert, long row) = Math.DivRem(firstRow + (done / columns), rows);
                int count = (int)Math.Min((rows - row) * columns, destination.Length - done);
                _source.ReadFloats(infos[expert], row * columns, destination.Slice(done, count));
                done += count;
            }
        }));
    }

    private void RopeFactors(float[] divisors) => _tensors.Add(new PlannedTensor(GgufTensorNames.RopeFactors, [divisors.Length], ModelConfigFile.FileName,
        (firstRow, destination) => divisors.AsSpan((int)firstRow * divisors.Length, destination.Length).CopyTo(destination)));

    // A file may carry the head although it is tied; writing it as well would be wrong only if it differed.
    private void CheckTiedHead()
    {
        if (!_source.TryGet("lm_head.weight", out TensorInfo? head)) return;
        TensorInfo embedding = Find("model.embed_tokens.weight");
        var (a, b) = (new float[_config.HiddenSize], new float[_config.HiddenSize]);
        bool equal = head.Shape.SequenceEqual(embedding.Shape);
        for (long row = 0; equal && row < _config.VocabSize; row++)
        {
            _source.ReadFloats(head, row * a.Length, a);
            _source.ReadFloats(embedding, row * b.Length, b);
            equal = a.AsSpan().SequenceEqual(b);
        }
        if (!equal)
        {
            throw new InputException($"{_source.Path}: `lm_head.weight` differs from `model.embed_tokens.weight`, but config.json says they are tied",
                "set `tie_word_embeddings` to false in config.json, or save the model without lm_head");
        }
    }

    private TensorInfo Find(string name) => _source.TryGet(name, out TensorInfo? info) ? info : throw new InvalidOperationException($"{name} was there a moment ago");
}
