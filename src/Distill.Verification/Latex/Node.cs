using System.Numerics;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Latex;

/// <summary>A part of a parsed answer. Immutable.</summary>
internal abstract class Node;

/// <summary>A numeral.</summary>
internal sealed class NumberNode(WrittenNumber written) : Node
{
    public NumberNode(BigRational value) : this(new WrittenNumber(value, null)) { }

    public WrittenNumber Written => written;

    public BigRational Value => written.Value;
}

/// <summary>A variable, or a constant: <c>pi</c>, <c>e</c>, <c>i</c>, <c>infinity</c>.</summary>
internal sealed class SymbolNode(string name) : Node
{
    public static readonly SymbolNode Pi = new("pi"), E = new("e"), I = new("i"), Infinity = new("infinity");

    public string Name => name;
}

internal sealed class SumNode(IReadOnlyList<Node> terms) : Node
{
    public IReadOnlyList<Node> Terms => terms;
}

internal sealed class ProductNode(IReadOnlyList<Node> factors) : Node
{
    public IReadOnlyList<Node> Factors => factors;
}

internal sealed class QuotientNode(Node numerator, Node denominator) : Node
{
    public Node Numerator => numerator;

    public Node Denominator => denominator;
}

internal sealed class PowerNode(Node @base, Node exponent) : Node
{
    public Node Base => @base;

    public Node Exponent => exponent;
}

internal sealed class NegativeNode(Node operand) : Node
{
    public Node Operand => operand;
}

/// <summary>Plus or minus a value; with the upper sign first.</summary>
internal sealed class PlusMinusNode(Node operand, bool minusFirst) : Node
{
    public Node Operand => operand;

    public bool MinusFirst => minusFirst;
}

/// <summary>A function of its arguments: <c>sin</c>, <c>log</c> (argument, base), <c>root</c> (radicand, index), <c>abs</c>, <c>factorial</c>, <c>binomial</c>, …</summary>
internal sealed class CallNode(string name, params Node[] arguments) : Node
{
    public string Name => name;

    public IReadOnlyList<Node> Arguments => arguments;
}

/// <summary>A sum or product over an index, an integral or a limit, with the variable that it binds.</summary>
internal sealed class BoundNode(string name, string variable, Node? from, Node? to, Node body) : Node
{
    public string Name => name;

    public string Variable => variable;

    public Node? From => from;

    public Node? To => to;

    public Node Body => body;
}

internal sealed class PercentNode(Node operand) : Node
{
    public Node Operand => operand;
}

internal sealed class DegreeNode(Node operand) : Node
{
    public Node Operand => operand;
}

/// <summary>A value with its unit or currency, as written.</summary>
internal sealed class QuantityNode(Node value, string unit) : Node
{
    public Node Value => value;

    public string Unit => unit;
}

internal enum Bracket
{
    None,
    Round,
    Square,
    Curly,
    Angle,
}

internal enum Connective
{
    Comma,
    Semicolon,
    And,
    Or,
}

/// <summary>Items with or without brackets: list, tuple, set, vector, interval.</summary>
internal sealed class SequenceNode(Bracket open, Bracket close, IReadOnlyList<Node> items, Connective connective = Connective.Comma) : Node
{
    public Bracket Open => open;

    public Bracket Close => close;

    public IReadOnlyList<Node> Items => items;

    public Connective Connective => connective;

    /// <summary>Whether the brackets point outwards, as in the French ]a, b[.</summary>
    public bool Outward { get; init; }

    public bool IsList => open == Bracket.None;

    public bool IsSet => open == Bracket.Curly;
}

/// <summary>A chain of relations, such as -18 &lt; m &lt; 4.</summary>
internal sealed class RelationNode(IReadOnlyList<Node> operands, IReadOnlyList<string> signs) : Node
{
    public IReadOnlyList<Node> Operands => operands;

    public IReadOnlyList<string> Signs => signs;

    public bool IsEquation => signs.Count == 1 && signs[0] == "=";
}

/// <summary>Union (∪), intersection (∩) or difference (\) of two sets.</summary>
internal sealed class SetOperationNode(string @operator, Node left, Node right) : Node
{
    public string Operator => @operator;

    public Node Left => left;

    public Node Right => right;
}

internal sealed class SetBuilderNode(Node element, Node condition) : Node
{
    public Node Element => element;

    public Node Condition => condition;
}

/// <summary>One of the number sets R, Z, N, Q, C.</summary>
internal sealed class NumberSetNode(string name) : Node
{
    public string Name => name;
}

internal sealed class MatrixNode(Node[][] rows) : Node
{
    public Node[][] Rows => rows;
}

/// <summary>Values with their conditions; the condition of the last is null for "otherwise".</summary>
internal sealed class PiecewiseNode(IReadOnlyList<(Node Value, Node? Condition)> pieces) : Node
{
    public IReadOnlyList<(Node Value, Node? Condition)> Pieces => pieces;
}

internal sealed class CongruenceNode(Node? left, Node right, Node modulus) : Node
{
    public Node? Left => left;

    public Node Right => right;

    public Node Modulus => modulus;
}

internal sealed class RatioNode(IReadOnlyList<Node> terms) : Node
{
    public IReadOnlyList<Node> Terms => terms;
}

/// <summary>A numeral in a base other than ten.</summary>
internal sealed class BaseNumeralNode(string digits, int @base, BigInteger value) : Node
{
    public string Digits => digits;

    public int Base => @base;

    public BigInteger Value => value;
}

/// <summary>A time of day; <c>am</c>, <c>pm</c> or neither.</summary>
internal sealed class ClockNode(int hours, int minutes, string half) : Node
{
    public int Hours => hours;

    public int Minutes => minutes;

    public string Half => half;

    /// <summary>The hour from 0 to 23; that of the morning when neither half is given.</summary>
    public int HourOfDay => half switch { "pm" when hours < 12 => hours + 12, "am" when hours == 12 => 0, _ => hours };
}

/// <summary>Words.</summary>
internal sealed class TextNode(string text) : Node
{
    public string Text => text;
}
