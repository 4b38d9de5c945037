using System.Globalization;
using System.Text.RegularExpressions;

namespace Distill.Training;

/// <summary>A line in which a Hugging Face trainer says how far it is, e.g. <c>{'loss': 0.71, 'grad_norm': 0.5, 'learning_rate': 1e-05, 'epoch': 0.42}</c>.</summary>
/// <param name="Values">The numbers by name.</param>
internal sealed partial record EngineReading(IReadOnlyDictionary<string, double> Values)
{
    private const int LongestLine = 4096;

    /// <summary>Reads a line, or returns null when it is something else.</summary>
    public static EngineReading? Parse(string line)
    {
        if (line.Length > LongestLine || !line.Contains("'loss'", StringComparison.Ordinal)) return null;
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (Match pair in Pair().Matches(line))
        {
            if (double.TryParse(pair.Groups["value"].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)) values[pair.Groups["name"].Value] = value;
        }
        return values.ContainsKey("loss") ? new(values) : null;
    }

    /// <summary>The live line.</summary>
    public override string ToString() => string.Join("  ", Values.Where(pair => pair.Key is "loss" or "learning_rate" or "grad_norm" or "epoch")
        .Select(pair => $"{pair.Key} {pair.Value.ToString("G4", CultureInfo.InvariantCulture)}"));

    [GeneratedRegex(@"'(?<name>\w+)': '?(?<value>[-+0-9.eEnaif]+)'?", RegexOptions.CultureInvariant)]
    private static partial Regex Pair();
}
