namespace Distill.Curation.Text;

/// <summary>A word of a problem: letters or digits in lower case, with the operators before it.</summary>
/// <param name="Hash">Hash of its characters.</param>
/// <param name="Start">Where it starts in the text.</param>
/// <param name="End">Where it ends.</param>
/// <param name="IsNumber">Whether it is or carries a number or an operator: another one makes another problem.</param>
internal readonly record struct Word(ulong Hash, int Start, int End, bool IsNumber);
