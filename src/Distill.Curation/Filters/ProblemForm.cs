using System.Text.RegularExpressions;

namespace Distill.Curation.Filters;

/// <summary>Problems that cannot be learned from text or judged by their answer, as OpenThoughts leaves them out.</summary>
internal static partial class ProblemForm
{
    /// <summary>The word that speaks of a figure, or null.</summary>
    public static string? Figure(string problem) => Found(FigureWords(), problem);

    /// <summary>The labels of the parts, or null when there is one question only.</summary>
    public static string? Parts(string problem) => Found(PartLabels(), problem);

    /// <summary>The words that ask for a proof, or null.</summary>
    public static string? Proof(string problem, string? referenceAnswer) =>
        referenceAnswer?.Trim().ToLowerInvariant() is "proof" or "notfound" ? $"reference answer is {referenceAnswer.Trim()}" : Found(ProofWords(), problem);

    private static string? Found(Regex pattern, string problem) => pattern.Match(problem) is { Success: true } match ? match.Value.ReplaceLineEndings(" ").Trim() : null;

    [GeneratedRegex(@"\b(?:(?:in|see|shown in|refer to) (?:the |this )?(?:figure|diagram|picture|image|graph)\b|(?:figure|diagram|image|graph|picture) (?:below|above|shows|shown)\b)|!\[|\[asy\]", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex FigureWords();

    [GeneratedRegex(@"(?:^|[\s:.;])\(?a\)[^)]{3,400}?[\s.;?]\(?b\)\s", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex PartLabels();

    [GeneratedRegex(@"(?:^|[.;:!?,]\s+|\band |\bplease )(?:prove|show) that\b|\b(?:prove the|prove or disprove|give a proof|write a proof)\b", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex ProofWords();
}
