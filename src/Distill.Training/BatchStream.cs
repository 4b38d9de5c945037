
namespace Distill.Training;

/// <summary>Where in the training set the next step starts.</summary>
/// <param name="Epoch">Pass over the set, from 0.</param>
/// <param name="Row">Row of that epoch's packing.</param>
public readonly record struct DataPosition(int Epoch, int Row);

/// <summary>The rows of one optimizer update.</summary>
/// <param name="MicroBatches">One per forward and backward pass.</param>
/// <param name="LossTokens">Tokens that count in the loss, over all of them.</param>
/// <param name="Tokens">Tokens in all, without padding.</param>
public sealed record StepBatches(IReadOnlyList<IReadOnlyList<IReadOnlyList<TrainingSample>>> MicroBatches, int LossTokens, int Tokens)
{
    /// <summary>Ids of the samples, for error messages: the first few and how many more.</summary>
    public string SampleIds
    {
        get
        {
            string[] ids = [.. MicroBatches.SelectMany(rows => rows).SelectMany(row => row).Select(sample => sample.Id).Where(id => id.Length > 0)];
            return string.Join(", ", ids.Take(3)) + (ids.Length > 3 ? $" and {ids.Length - 3} more" : "");
        }
    }
}

/// <summary>Endless stream of steps over the training set, shuffled and packed anew each epoch; a position says everything about it.</summary>
public sealed class BatchStream
{
    private readonly IReadOnlyList<TrainingSample> _samples;
    private readonly TrainOptions _options;
    private IReadOnlyList<IReadOnlyList<TrainingSample>> _rows;

    /// <summary>Starts at a position.</summary>
    public BatchStream(IReadOnlyList<TrainingSample> samples, TrainOptions options, DataPosition position)
    {
        (_samples, _options, Position) = (samples, options, position);
        _rows = PackEpoch(position.Epoch);
    }

    /// <summary>Where the next step starts.</summary>
    public DataPosition Position { get; private set; }

    /// <summary>Rows of an epoch.</summary>
    public int RowsPerEpoch => _rows.Count;

    /// <summary>Updates of the whole training: as many as were asked for, else what the epochs take.</summary>
    public int StepsOf(TrainOptions options) => options.MaxSteps ?? Math.Max(1, (int)((long)RowsPerEpoch * options.Passes / options.RowsPerUpdate));

    /// <summary>The rows of the next update. Rows left at the end of an epoch are followed by the next epoch's first.</summary>
    public StepBatches NextStep()
    {
        var rows = new List<IReadOnlyList<TrainingSample>>(_options.RowsPerUpdate);
        while (rows.Count < _options.RowsPerUpdate)
        {
            if (Position.Row == _rows.Count)
            {
                Position = new(Position.Epoch + 1, 0);
                _rows = PackEpoch(Position.Epoch);
            }
            rows.Add(_rows[Position.Row]);
            Position = Position with { Row = Position.Row + 1 };
        }
        return new([.. rows.Chunk(_options.RowsPerPass)], rows.Sum(row => row.Sum(sample => sample.LossTokens)), rows.Sum(row => row.Sum(sample => sample.Length)));
    }

    private IReadOnlyList<IReadOnlyList<TrainingSample>> PackEpoch(int epoch) =>
        Training.Packing.Pack(_samples, _options, epoch);
}
