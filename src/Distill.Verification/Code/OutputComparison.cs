namespace Distill.Verification.Code;

/// <summary>When the output of a program counts as the expected one.</summary>
internal enum OutputComparison
{
    /// <summary>
    /// Line by line, white space at line ends and empty lines at the end apart; lines that differ are equal when they have the same
    /// words, numbers compared by value. LiveCodeBench's rule.
    /// </summary>
    Lines,

    /// <summary>Byte by byte.</summary>
    Exact,

    /// <summary>Word by word, whatever the white space.</summary>
    Tokens,

    /// <summary>Word by word, numbers to within 1e-6, absolute or relative.</summary>
    ApproximateTokens,

    /// <summary>The same lines in any order.</summary>
    UnorderedLines,
}
