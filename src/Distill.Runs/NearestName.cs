namespace Distill.Runs;

/// <summary>Finds what a misspelt name was probably meant to be.</summary>
public static class NearestName
{
    /// <summary>
    /// The hint after an unknown name: the nearest known one if it is near, else all of them.
    /// </summary>
    /// <param name="name">What the user wrote.</param>
    /// <param name="known">Every accepted name, in the order to list them.</param>
    public static string Hint(string name, IReadOnlyCollection<string> known)
    {
        if (Find(name, known) is { } nearest) return $"did you mean `{nearest}`?";
        return known.Count == 0 ? "nothing is accepted here" : "choose from " + string.Join(", ", known.Select(item => $"`{item}`"));
    }

    /// <summary>The known name nearest to <paramref name="name"/>, or null when none is near (a third of its letters wrong at most).</summary>
    public static string? Find(string name, IEnumerable<string> known)
    {
        (string Name, int Distance)? best = null;
        foreach (string candidate in known)
        {
            int distance = Distance(name.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (distance <= Math.Max(1, candidate.Length / 3) && (best is null || distance < best.Value.Distance))
                best = (candidate, distance);
        }
        return best?.Name;
    }

    // Letters to insert, delete, replace or swap with a neighbour (optimal string alignment).
    private static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) cost[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) cost[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                cost[i, j] = Math.Min(replace, 1 + Math.Min(cost[i - 1, j], cost[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    cost[i, j] = Math.Min(cost[i, j], 1 + cost[i - 2, j - 2]);
            }
        }
        return cost[a.Length, b.Length];
    }
}
