namespace Distill.Serving;

/// <summary>Which machines of a replica get a flag.</summary>
internal enum NodeScope
{
    /// <summary>All of them.</summary>
    All,

    /// <summary>The first one, which answers requests.</summary>
    Head,

    /// <summary>The others.</summary>
    Workers,
}

/// <summary>One flag of an engine's command line.</summary>
/// <param name="Name">With its dashes.</param>
/// <param name="Value">Its value, or null for a switch.</param>
/// <param name="Scope">Which machines get it.</param>
/// <param name="RankFactor">When above 0, the value is the machine's number times this.</param>
internal sealed record EngineFlag(string Name, string? Value = null, NodeScope Scope = NodeScope.All, int RankFactor = 0)
{
    /// <summary>The variable that holds the first machine's address, in values and in scripts.</summary>
    public const string HeadVariable = "$HEAD_ADDRESS";

    /// <summary>The flag as words of a shell: the machine's number and the first one's address are variables.</summary>
    public string ForShell() => RankFactor switch
    {
        1 => $"{Name} \"$NODE_RANK\"",
        > 1 => $"{Name} \"$((NODE_RANK * {RankFactor}))\"",
        // The only values with a variable are our own.
        _ when Value?.StartsWith(HeadVariable, StringComparison.Ordinal) == true => $"{Name} \"{Value}\"",
        _ => Value is null ? Name : $"{Name} {ShellText.Quote(Value)}",
    };

    /// <summary>The flag as it reads on one machine.</summary>
    public string ForNode(int rank) => RankFactor > 0 ? $"{Name} {rank * RankFactor}" : ForShell();

    /// <summary>Whether a machine gets it.</summary>
    public bool IsFor(int rank) => Scope == NodeScope.All || (Scope == NodeScope.Head) == (rank == 0);
}
