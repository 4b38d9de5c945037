using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

/// <summary>Outcome of a comparison, and the rule that decided.</summary>
/// <param name="Equality">Equal, different or unknown.</param>
/// <param name="Rule">Name of the rule: <c>number</c>, <c>algebra</c>, <c>numeric</c>, <c>interval</c>, …</param>
internal readonly record struct Comparison(Equality Equality, string Rule)
{
    public bool IsEqual => Equality == Equality.Equal;

    public static Comparison Of(bool equal, string rule) => new(equal ? Equality.Equal : Equality.Different, rule);

    public static Comparison Of((Equality Equality, Method Method) result) => new(result.Equality, result.Method switch
    {
        Method.Number => "number",
        Method.Algebra => "algebra",
        _ => "numeric",
    });

    /// <summary>Equal when all are; unknown when none differs and some are unknown.</summary>
    public static Comparison All(string rule, IEnumerable<Comparison> parts)
    {
        Equality all = Equality.Equal;
        foreach (Comparison part in parts)
        {
            if (part.Equality == Equality.Different) return new(Equality.Different, rule);
            if (part.Equality == Equality.Unknown) all = Equality.Unknown;
        }
        return new(all, rule);
    }
}
