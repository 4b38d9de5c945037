using Distill.Runs;

namespace Distill.Teacher;

/// <summary>
/// The share of a run that one of several clients does. Shares are whole part files of the full plan, so that the files of all
/// clients, put into one folder, are those of one big run.
/// </summary>
/// <param name="Number">Which share, from 1.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct RunShard(int Number, int Count)
{
    /// <summary>The whole run.</summary>
    public static readonly RunShard Whole = new(1, 1);

    /// <summary>Reads <c>2/8</c>.</summary>
    /// <exception cref="InputException">It is no such pair of numbers.</exception>
    public static RunShard Parse(string? text)
    {
        if (text is null) return Whole;
        string[] parts = text.Split('/');
        if (parts.Length == 2 && int.TryParse(parts[0], out int number) && int.TryParse(parts[1], out int count) && count >= 1 && number >= 1 && number <= count) return new(number, count);
        throw new InputException($"--shard {text}: is not a share of a run", "give number/count, e.g. 2/8 for the second of eight clients");
    }

    /// <summary>Whether the part belongs to the share.</summary>
    public bool Has(int part) => part % Count == Number - 1;

    /// <summary>Rows of each part file, few enough that every client gets some.</summary>
    public int RowsPerPart(int rollouts, int most) => Math.Max(1, Math.Min(most, (rollouts + Count - 1) / Count));

    /// <inheritdoc/>
    public override string ToString() => $"{Number}/{Count}";
}
