using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Watches a model compute and sums the squares of what enters each column of each weight matrix: what an imatrix is made of. The head
/// is not watched.
/// </summary>
public sealed class ActivationStatistics : IDisposable
{
    private readonly CausalLM _model;
    private readonly SortedDictionary<string, Column> _columns = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, (Column Key, Column Value)> _heads = [];
    private readonly int _layers;

    /// <summary>Starts to watch.</summary>
    /// <param name="model">The model; disposed with this.</param>
    public ActivationStatistics(CausalLM model)
    {
        _model = model;
        _layers = model.Config.NumHiddenLayers;
        model.eval();
        foreach ((string name, nn.Module module) in model.named_modules())
        {
            if (module is LatentAttention attention)
            {
                var (key, value) = _heads[attention.Layer] = (new Column(), new Column());
                (attention.KeyWatcher, attention.ValueWatcher) = (key.AddPerHead, value.AddPerHead);
            }
            if (module is not Projection projection || !name.Contains("layers.", StringComparison.Ordinal)) continue;
            var column = new Column();
            _columns.Add(name + ".weight", column);
            projection.Watcher = column.Add;
        }
    }

    /// <summary>Loads the model of a folder and starts to watch it.</summary>
    /// <param name="folder">Folder with <c>config.json</c> and the weights.</param>
    /// <param name="devices">Where it computes.</param>
    /// <exception cref="Runs.InputException">The model cannot be loaded.</exception>
    public static ActivationStatistics Of(string folder, DeviceMap devices) => new(ModelWeights.Load(folder, devices));

    /// <summary>Lets the model read a text.</summary>
    /// <param name="tokens">At least one and at most as many as the context holds.</param>
    public void Read(ReadOnlySpan<int> tokens)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        long[] ids = new long[tokens.Length];
        for (int i = 0; i < ids.Length; i++) ids[i] = tokens[i];
        Tensor positions = arange(ids.Length, ScalarType.Int64, _model.Device).unsqueeze(0);
        // With a cache latent attention folds its expansion into query and output, as llama.cpp always does: then both halves are matrices of their own.
        using KVCache? cache = _heads.Count > 0 ? new KVCache(_layers, ids.Length) : null;
        _model.Hidden(tensor(ids, device: _model.Device).unsqueeze(0), positions, AttentionMask.CausalOnly, cache);
    }

    /// <summary>By the checkpoint's name of the matrix: the sum of squares of each column's activations, and how many tokens passed.</summary>
    public IEnumerable<(string Name, float[] Sums, long Tokens)> Results()
    {
        foreach ((string name, Column column) in _columns)
        {
            if (column.Sums is not null) yield return (name, column.Floats(), column.Tokens);
        }
    }

    /// <summary>By layer with latent attention: the same of the keys' half of the expansion, [heads, plain], and of the values' half, [heads, rank].</summary>
    public IEnumerable<(int Layer, float[] Key, float[] Value, long Tokens)> HeadResults()
    {
        foreach ((int layer, (Column key, Column value)) in _heads)
        {
            if (key.Sums is not null && value.Sums is not null) yield return (layer, key.Floats(), value.Floats(), key.Tokens);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Column column in _columns.Values) column.Sums?.Dispose();
        foreach ((Column key, Column value) in _heads.Values)
        {
            key.Sums?.Dispose();
            value.Sums?.Dispose();
        }
        _model.Dispose();
    }

    private sealed class Column
    {
        public Tensor? Sums { get; private set; } // [heads, columns], double: a million small squares add up

        public long Tokens { get; private set; }

        public float[] Floats() => [.. Sums!.reshape(-1).data<double>().Select(sum => (float)sum)];

        // [.., columns]
        public void Add(Tensor input) => AddPerHead(input.reshape(1, -1, input.shape[^1]));

        // [heads, rows, columns]
        public void AddPerHead(Tensor rows)
        {
            using var scope = NewDisposeScope();
            Tensor squares = rows.to(ScalarType.Float32).square().sum([1], type: ScalarType.Float64).cpu();
            if (Sums is null) Sums = squares.DetachFromDisposeScope();
            else Sums.add_(squares);
            Tokens += rows.shape[1];
        }
    }
}
