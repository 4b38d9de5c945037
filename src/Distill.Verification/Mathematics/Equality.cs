namespace Distill.Verification.Mathematics;

/// <summary>What a comparison of two expressions came to.</summary>
internal enum Equality
{
    /// <summary>The methods or limits gave out.</summary>
    Unknown,
    Equal,
    Different,
}

/// <summary>How a comparison was settled, from the surest to the last resort.</summary>
internal enum Method
{
    /// <summary>Both are rational numbers.</summary>
    Number,

    /// <summary>Exact normal forms.</summary>
    Algebra,

    /// <summary>Ball arithmetic: equal to more than 60 digits, or different for certain.</summary>
    Numeric,
}
