using System.Globalization;
using System.Text.RegularExpressions;
using Distill.Runs;

namespace Distill.Serving;

/// <summary>The machines that one replica of a model runs on.</summary>
/// <param name="Nodes">Machines.</param>
/// <param name="GpusPerNode">Accelerators in each.</param>
/// <param name="Gpu">What they are.</param>
public sealed partial record Topology(int Nodes, int GpusPerNode, GpuModel Gpu)
{
    private const int UsualGpusPerNode = 8;

    // More would be a typing error: R1's own decode unit is 144.
    private const int MostGpus = 1024;

    /// <summary>The topologies on which the full R1 is usually served; any other of the same form is understood too.</summary>
    public static IReadOnlyList<string> Known { get; } = ["8xH200", "2x8xH100", "2x8xH200", "2x8xH800", "2x8xH20", "8xB200", "8xMI300X"];

    /// <summary>Accelerators in all.</summary>
    public int Gpus => Nodes * GpusPerNode;

    /// <summary>Reads <c>8xH200</c> (one machine), <c>2x8xH100</c> (two of eight), or <c>16xH100</c>, which is the same.</summary>
    /// <exception cref="InputException">It is of another form, or the accelerator is unknown.</exception>
    public static Topology Parse(string text)
    {
        Match match = Form().Match(text.Trim());
        if (!match.Success) throw new InputException($"--topology `{text}` is not understood", $"write it like 8xH200 or 2x8xH100; known ones: {string.Join(", ", Known)}");
        string name = match.Groups["gpu"].Value;
        GpuModel gpu = GpuModel.Find(name)
            ?? throw new InputException($"--topology `{text}`: the accelerator `{name}` is unknown", $"{NearestName.Hint(name, [.. GpuModel.All.Select(known => known.Name)])}; known topologies: {string.Join(", ", Known)}");
        int first = Count(match.Groups["first"]), second = match.Groups["second"].Success ? Count(match.Groups["second"]) : 0;
        (int nodes, int perNode) = second > 0 ? (first, second) : first <= UsualGpusPerNode ? (1, first) : (first / UsualGpusPerNode, UsualGpusPerNode);
        if (first == 0 || (match.Groups["second"].Success && second == 0) || (second == 0 && nodes * perNode != first) || (long)nodes * perNode > MostGpus)
            throw new InputException($"--topology `{text}`: that many accelerators make no replica", $"give at most {MostGpus}, in machines of {UsualGpusPerNode} unless you say otherwise, like 4x4xB200");
        return new(nodes, perNode, gpu);
    }

    /// <summary>As it is written: <c>2x8xH100</c>.</summary>
    public override string ToString() => Nodes == 1 ? $"{GpusPerNode}x{Gpu.Name}" : $"{Nodes}x{GpusPerNode}x{Gpu.Name}";

    private static int Count(Group digits) => int.Parse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<first>\d{1,4})x(?:(?<second>\d{1,4})x)?(?<gpu>[A-Za-z][A-Za-z0-9-]*)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
