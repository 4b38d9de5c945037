namespace Distill.Verification.Latex;

internal enum TokenKind
{
    End,
    Number,
    Symbol,
    Function,
    Word,
    Plus,
    Minus,
    PlusMinus,
    Times,
    Divide,
    Caret,
    Underscore,
    Prime,
    Factorial,
    Percent,
    Degree,
    Currency,
    Comma,
    Semicolon,
    Colon,
    Bar,
    Mid,
    Open,
    Close,
    GroupOpen,
    GroupClose,
    Relation,
    SetOperator,
    Ampersand,
    RowBreak,
    Begin,
    EndEnvironment,
    Fraction,
    Root,
    Binomial,
    Infix,
    Accent,
    BigOperator,
    NumberSet,
    EmptySet,
    Logic,
    Modulo,
    Dots,
}

/// <summary>One token of a formula.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its canonical spelling: a symbol's name, a bracket, a relation sign.</param>
/// <param name="Start">Where it begins in the text.</param>
/// <param name="SpaceBefore">Whether white space stands before it.</param>
/// <param name="InText">Whether it stands in upright text, such as <c>\text{…}</c>.</param>
/// <param name="Number">The numeral, of a number.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Start, bool SpaceBefore, bool InText, WrittenNumber? Number = null);
