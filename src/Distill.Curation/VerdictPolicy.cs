using Distill.Verification;

namespace Distill.Curation;

/// <summary>Which verdicts are good enough to learn from. Published results differ by size of the student, so it is a setting.</summary>
public enum VerdictPolicy
{
    /// <summary>Every trace, whatever its verdict.</summary>
    All,

    /// <summary>Those that the rule finds correct.</summary>
    Correct,

    /// <summary>Those that the rule does not find incorrect.</summary>
    CorrectOrUnverified,

    /// <summary>Those that the rule or the judge finds correct.</summary>
    JudgeOrRule,

    /// <summary>Those that both find correct.</summary>
    JudgeAndRule,

    /// <summary>Those that the rule finds incorrect, to look at or to contrast.</summary>
    Incorrect,

    /// <summary>Those of which the rule cannot tell.</summary>
    Unverifiable,
}

/// <summary>What the policies mean.</summary>
internal static class VerdictPolicies
{
    /// <summary>The policies that a funnel compares.</summary>
    public static readonly IReadOnlyList<VerdictPolicy> Compared =
        [VerdictPolicy.All, VerdictPolicy.Correct, VerdictPolicy.CorrectOrUnverified, VerdictPolicy.JudgeOrRule, VerdictPolicy.JudgeAndRule];

    /// <summary>Whether a policy keeps a trace.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="rule">The rule's verdict.</param>
    /// <param name="judge">The judge's, or null where none was asked.</param>
    public static bool Keeps(this VerdictPolicy policy, Outcome rule, Outcome? judge) => policy switch
    {
        VerdictPolicy.All => true,
        VerdictPolicy.Correct => rule == Outcome.Correct,
        VerdictPolicy.CorrectOrUnverified => rule != Outcome.Incorrect,
        VerdictPolicy.JudgeOrRule => rule == Outcome.Correct || judge == Outcome.Correct,
        VerdictPolicy.JudgeAndRule => rule == Outcome.Correct && judge == Outcome.Correct,
        VerdictPolicy.Incorrect => rule == Outcome.Incorrect,
        _ => rule == Outcome.Unverifiable,
    };
}
