using Distill.Curation.Text;

namespace Distill.Curation.Contamination;

/// <summary>A problem of an evaluation set.</summary>
/// <param name="Set">The set's name.</param>
/// <param name="Number">The problem's number in its set, from 1.</param>
/// <param name="Text">What it says.</param>
internal sealed record BenchmarkItem(string Set, int Number, PromptText Text)
{
    /// <summary>How reports name it, e.g. <c>gsm8k/test:17</c>.</summary>
    public string Name => $"{Set}:{Number}";
}

/// <summary>A problem of an evaluation set found in a prompt.</summary>
/// <param name="Item">The problem.</param>
/// <param name="Rule"><c>exact</c>, <c>similar</c>, <c>one_word</c> or <c>ngram</c>.</param>
/// <param name="Span">The part of the prompt that matches, on one line.</param>
/// <param name="Overlap">How much: similarity, or the share of the problem's words that were found, 0 to 1.</param>
internal sealed record ContaminationMatch(BenchmarkItem Item, string Rule, string Span, double Overlap);
