using Distill.Verification.Extraction;
using Distill.Verification.Latex;

namespace Distill.Verification.Answers;

/// <summary>A reference answer, read once.</summary>
/// <param name="Text">The visible answer, without box and formula marks.</param>
/// <param name="Formula">What it says, or null when it is no formula.</param>
/// <param name="Choice">Letters and text when it is a choice.</param>
internal sealed record ReferenceAnswer(string Text, Node? Formula, (string Letters, string Text)? Choice)
{
    /// <summary>Whether the answer is one number, as in GSM8K, or a fraction, an angle, a ratio or a time of day.</summary>
    public bool IsPlainNumber => Formula is NumberNode or NegativeNode { Operand: NumberNode or QuotientNode { Numerator: NumberNode, Denominator: NumberNode } } or QuotientNode { Numerator: NumberNode, Denominator: NumberNode } or RatioNode or PercentNode { Operand: NumberNode } or DegreeNode { Operand: NumberNode } or QuantityNode { Value: NumberNode } or ClockNode;

    public static ReferenceAnswer Of(string text)
    {
        string visible = VisibleText.Of(text).Trim();
        if (BoxScan.Last(visible, allowUnclosed: true) is { Text.Length: > 0 } box) visible = box.Text;
        else if (visible.LastIndexOf("####", StringComparison.Ordinal) is >= 0 and int marker) visible = visible[(marker + 4)..].Trim();
        return new ReferenceAnswer(visible, Parser.Parse(visible) ?? TextAnswers.Meaning(visible), ChoiceAnswers.Reference(visible));
    }
}
