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

    /// <summary>Starts to watch.</summary>
    /// <param name="model">The model; disposed with this.</param>
    public ActivationStatistics(CausalLM model)
    {
        _model = model;
        model.eval();
        foreach ((string name, nn.Module module) in model.named_modules())
        {
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
        _model.Hidden(tensor(ids, device: _model.Device).unsqueeze(0), positions, AttentionMask.CausalOnly);
    }

    /// <summary>By the checkpoint's name of the matrix: the sum of squares of each column's activations, and how many tokens passed.</summary>
    public IEnumerable<(string Name, float[] Sums, long Tokens)> Results()
    {
        foreach ((string name, Column column) in _columns)
        {
            if (column.Sums is not null) yield return (name, [.. column.Sums.data<double>().Select(sum => (float)sum)], column.Tokens);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Column column in _columns.Values) column.Sums?.Dispose();
        _model.Dispose();
    }

    private sealed class Column
    {
        public Tensor? Sums { get; private set; } // [columns], double: a million small squares add up

        public long Tokens { get; private set; }

        public void Add(Tensor input)
        {
            using var scope = NewDisposeScope();
            Tensor rows = input.reshape(-1, input.shape[^1]);
            Tensor squares = rows.to(ScalarType.Float32).square().sum([0], type: ScalarType.Float64).cpu();
            if (Sums is null) Sums = squares.DetachFromDisposeScope();
            else Sums.add_(squares);
            Tokens += rows.shape[0];
        }
    }
}
