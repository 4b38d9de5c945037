namespace Distill.Curation;

/// <summary>Which traces of a prompt are kept when there are more than wanted.</summary>
public enum SelectionPolicy
{
    /// <summary>Those that come first.</summary>
    First,

    /// <summary>Those of the fewest tokens.</summary>
    Shortest,

    /// <summary>Those of the most tokens.</summary>
    Longest,

    /// <summary>Any, drawn by the seed.</summary>
    Random,

    /// <summary>Those most unlike each other.</summary>
    Diverse,
}
