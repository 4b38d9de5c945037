namespace Distill.Teacher.Batch;

/// <summary>What the lines of batch files were: each is counted exactly once.</summary>
internal sealed class BatchTally
{
    private const int MostNamed = 3;

    private readonly SortedDictionary<string, (int Count, string First)> _open = new(StringComparer.Ordinal);
    private readonly List<string> _unknown = [];
    private readonly List<string> _broken = [];
    private readonly List<string> _duplicates = [];

    /// <summary>Files.</summary>
    public int Files { get; set; }

    /// <summary>Lines, blank ones apart.</summary>
    public int Lines { get; set; }

    /// <summary>Completions that were stored.</summary>
    public int Stored { get; set; }

    /// <summary>Requests that no engine will ever complete, stored as failed.</summary>
    public int Refused { get; set; }

    /// <summary>Replies that were stored before: their file was read before.</summary>
    public int SeenBefore { get; set; }

    /// <summary>Other replies for a rollout that is stored: asked and paid for twice.</summary>
    public int Duplicates { get; private set; }

    /// <summary>Lines whose id is none of this run's.</summary>
    public int Unknown { get; private set; }

    /// <summary>Lines that cannot be read.</summary>
    public int Broken { get; private set; }

    /// <summary>Replies that failed for the moment: their rollouts stay missing.</summary>
    public int Open { get; private set; }

    /// <summary>Counts a reply that failed for the moment.</summary>
    public void AddOpen(string reason, string place, string? message)
    {
        Open++;
        _open[reason] = _open.TryGetValue(reason, out var seen) ? (seen.Count + 1, seen.First) : (1, $"{place}: {message}");
    }

    /// <summary>Counts a second completion of a rollout.</summary>
    public void AddDuplicate(string place, string id)
    {
        Duplicates++;
        Name(_duplicates, $"{id} in {place}");
    }

    /// <summary>Counts a line of another run.</summary>
    public void AddUnknown(string place, string id)
    {
        Unknown++;
        Name(_unknown, $"{Short(id)} in {place}");
    }

    /// <summary>Counts a line that cannot be read.</summary>
    public void AddBroken(string place, string problem)
    {
        Broken++;
        Name(_broken, $"{place}: {problem}");
    }

    /// <summary>The tally for people; says so if the classes do not add up.</summary>
    public IEnumerable<string> Describe()
    {
        yield return $"read {Lines} lines of {Files} files: {Stored} completions stored, {Refused} refused for good, {Open} failed for the moment, {SeenBefore} stored before, {Duplicates} duplicates, {Unknown} unknown, {Broken} broken";
        foreach (var (reason, (count, first)) in _open) yield return $"  {reason} {count} (the first: {first})";
        if (_duplicates.Count > 0) yield return $"  asked and paid for twice, the first one counts: {Named(_duplicates, Duplicates)}";
        if (_unknown.Count > 0) yield return $"  no rollouts of this run: {Named(_unknown, Unknown)}";
        if (_broken.Count > 0) yield return $"  not readable: {Named(_broken, Broken)}";
        int counted = Stored + Refused + Open + SeenBefore + Duplicates + Unknown + Broken;
        if (counted != Lines) throw new InvalidOperationException($"{Lines} lines of batch files, and {counted} counted");
    }

    private static void Name(List<string> names, string name)
    {
        if (names.Count < MostNamed) names.Add(name);
    }

    private static string Named(List<string> names, int count) => string.Join("; ", names) + (count > names.Count ? $" and {count - names.Count} more" : "");

    private static string Short(string id) => id.Length <= 40 ? id : id[..40] + "…";
}
