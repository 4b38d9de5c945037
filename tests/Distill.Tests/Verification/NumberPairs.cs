using System.Globalization;
using System.Numerics;

namespace Distill.Tests.Verification;

/// <summary>Pairs about numbers and the ways to write them.</summary>
internal static class NumberPairs
{
    private static readonly string[] Ones = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
    private static readonly string[] Tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

    public static void AddTo(PairList list)
    {
        for (int i = 0; i < 12; i++)
        {
            Integers(list);
            Fractions(list);
            Decimals(list);
            Scientific(list);
            Percent(list);
            Mixed(list);
            Repeating(list);
            Bases(list);
            Words(list);
            Big(list, i);
            Tiny(list, i);
            Units(list);
            Currency(list);
            Degrees(list);
            Ratios(list);
            Times(list);
        }
    }

    private static void Integers(PairList list)
    {
        int n = list.Number(1_000_000, 99_999_999);
        string grouped = n.ToString("N0", CultureInfo.InvariantCulture);
        list.Same("thousands", $"{n}", grouped, grouped.Replace(",", "{,}"), grouped.Replace(",", "\\,"), grouped.Replace(",", ",\\!"), grouped.Replace(",", " "), grouped.Replace(",", "\\ "), $"+{n}");
        list.Different("thousands", $"{n}", $"{n + 1}", (n + 1000).ToString("N0", CultureInfo.InvariantCulture), $"-{n}", grouped[..^1]);
        list.Same("negative", $"-{n}", $"\u2212{n}", $"\u2013{n}", $"- {n}", $"-{n}.0", $"-({n})");
        list.Different("integer", $"{n}", $"{n * 10L}", $"{n - 1}", $"{n}.5", $"\\frac{{{n}}}{{2}}");
    }

    private static void Fractions(PairList list)
    {
        int q = list.Number(2, 40), p = list.Number(1, 60), k = list.Number(2, 9);
        list.Same("fraction", $"\\frac{{{p}}}{{{q}}}", $"{p}/{q}", $"\\dfrac{{{p}}}{{{q}}}", $"\\tfrac{{{p * k}}}{{{q * k}}}", $"{{{p} \\over {q}}}", $"\\frac {{{p}}} {{{q}}}", $"{p} \\div {q}", $"-\\frac{{-{p}}}{{{q}}}", $"({p})/({q})");
        list.Different("fraction", $"\\frac{{{p}}}{{{q}}}", $"\\frac{{{p + 1}}}{{{q}}}", $"\\frac{{{p}}}{{{q + 1}}}", $"-\\frac{{{p}}}{{{q}}}", $"\\frac{{{q}}}{{{p + q}}}" is var other && p * (p + q) != q * q ? other : "x");
        int a = list.Number(1, 9), b = list.Number(2, 9);
        list.Same("short_fraction", $"\\frac{a}{b}", $"\\frac{{{a}}}{{{b}}}", $"\\frac{a}{{{b}}}", $"\\tfrac{a}{b}", $"\\frac{{{a}}}{b}");
    }

    private static void Decimals(PairList list)
    {
        int whole = list.Number(1, 90), cents = list.Number(11, 98) / 10 * 10 + list.Number(1, 9);
        string text = $"{whole}.{cents}";
        list.Same("decimal", text, $"{text}0", $"\\frac{{{whole * 100 + cents}}}{{100}}", $"{whole * 100 + cents}/100", $"0{text}", $"{text}.");
        list.Different("decimal", text, $"{whole}.{cents + 1}", $"{whole + 1}.{cents}", $"{whole * 10}.{cents}");
        int q = new[] { 7, 11, 13, 17, 19 }[list.Number(0, 4)], p = list.Number(1, q - 1);
        decimal value = (decimal)p / q;
        list.Right("rounding", $"\\frac{{{p}}}{{{q}}}", $"{Math.Round(value, 8)}", $"{Math.Round(value, 12)}");
        list.Wrong("rounding", $"\\frac{{{p}}}{{{q}}}", $"{Math.Round(value, 2)}", $"{Math.Round(value, 3)}", $"{Math.Round(value, 8) + 0.00000003m}");
        list.Right("rounding", $"{Math.Round(value + whole, 2)}", $"{Math.Round(value + whole, 5)}");
    }

    private static void Scientific(PairList list)
    {
        int mantissa = list.Number(11, 99) / 10 * 10 + list.Number(1, 9), power = list.Number(3, 40);
        string m = $"{mantissa / 10}.{mantissa % 10}";
        list.Same("scientific", $"{m}e{power}", $"{m}\\times 10^{{{power}}}", $"{m} \\cdot 10^{{{power}}}", $"{m}E+{power}", $"{m} × 10^{power}", $"{mantissa}\\times 10^{{{power - 1}}}");
        list.Different("scientific", $"{m}e{power}", $"{m}e{power + 1}", $"{m}e-{power}", $"{mantissa / 10}.{mantissa % 10 - 1}\\times 10^{{{power}}}");
        list.Same("scientific", $"{m}e-{power}", $"{m}\\times 10^{{-{power}}}", $"\\frac{{{m}}}{{10^{{{power}}}}}");
    }

    private static void Percent(PairList list)
    {
        int p = list.Number(2, 99);
        list.Same("percent", $"{p}\\%", $"{p}%", $"{p}", $"\\frac{{{p}}}{{100}}", $"{p}\\,\\%", $"{p}\\text{{ percent}}", $"{p} percent", $"${p}\\%$", $"{p} \\%");
        list.Different("percent", $"{p}\\%", $"{p + 1}\\%", $"{p}0", $"{p + 1}");
        list.Different("percent_guess", $"\\frac{{{p}}}{{100}}", $"{p}", $"\\frac{{{p}}}{{10}}");
    }

    private static void Mixed(PairList list)
    {
        int w = list.Number(2, 40), q = list.Number(3, 12), p = list.Number(1, q - 1);
        list.Same("mixed", $"{w} {p}/{q}", $"\\frac{{{w * q + p}}}{{{q}}}", $"{w}\\frac{{{p}}}{{{q}}}", $"{w}\\ \\frac{{{p}}}{{{q}}}", $"{w} \\tfrac{{{p}}}{{{q}}}");
        list.Same("mixed", $"-{w}\\frac{{{p}}}{{{q}}}", $"-\\frac{{{w * q + p}}}{{{q}}}");
        list.Different("mixed", $"{w} {p}/{q}", $"\\frac{{{w * p}}}{{{q}}}", $"{w + 1} {p}/{q}");
    }

    private static void Repeating(PairList list)
    {
        int d = list.Number(1, 8), e = list.Number(0, 9);
        list.Same("repeating", $"0.\\overline{{{d}}}", $"\\frac{{{d}}}{{9}}", $"0.\\dot{d}", $"0.\\dot{{{d}}}", $"0.\\bar{d}", $"0.({d})", $"0.{d}{d}{d}...", $"0.{d}\\overline{{{d}}}");
        list.Same("repeating", $"{e}.{e}\\overline{{{d}}}", $"\\frac{{{e * 99 + d}}}{{90}}");
        list.Different("repeating", $"0.\\overline{{{d}}}", $"0.{d}", $"0.\\overline{{{d + 1}}}", $"0.{d}{d}");
    }

    private static void Bases(PairList list)
    {
        int n = list.Number(60, 4000), @base = new[] { 2, 3, 5, 7, 8 }[list.Number(0, 4)];
        string digits = In(n, @base);
        list.Same("base", $"{digits}_{@base}", $"{digits}_{{{@base}}}", $"({digits})_{{{@base}}}", $"({digits})_{@base}", $"{digits}", $"{n}_{{10}}", $"{n}");
        list.Different("base", $"{digits}_{@base}", $"{In(n + 1, @base)}_{@base}", $"{n + 1}", $"{In(n + 2, 9)}_9");
        list.Same("base", $"{In(n + 256, 16)}_{{16}}", $"\\text{{{In(n + 256, 16)}}}_{{16}}", $"({In(n + 256, 16)})_{{16}}");
    }

    private static string In(int value, int @base)
    {
        string text = "";
        for (; value > 0; value /= @base) text = "0123456789ABCDEF"[value % @base] + text;
        return text;
    }

    private static void Words(PairList list)
    {
        int n = list.Number(20, 99), small = list.Number(0, 19);
        string word = n % 10 == 0 ? Tens[n / 10] : $"{Tens[n / 10]}-{Ones[n % 10]}";
        list.Same("number_words", $"{n}", word, $"\\text{{{word}}}", word.Replace('-', ' '), char.ToUpperInvariant(word[0]) + word[1..]);
        list.Same("number_words", $"{small}", Ones[small]);
        list.Same("number_words", $"{n}000000", $"{n} million", $"{n}\\text{{ million}}");
        list.Different("number_words", $"{n}", Ones[small], $"{n} million");
    }

    private static void Big(PairList list, int i)
    {
        int n = list.Number(100, 900), k = list.Number(2, 5);
        list.Same("big", $"2^{{{2 * n}}}", $"4^{{{n}}}", $"2^{{{n}}}\\cdot 2^{{{n}}}", $"(2^{{{n}}})^2");
        list.Same("big", $"\\frac{{{n}!}}{{{n - 2}!}}", $"{n * (n - 1)}", $"{n}\\cdot {n - 1}", $"2\\binom{{{n}}}{{2}}");
        list.Different("big", $"2^{{{2 * n}}}", $"2^{{{2 * n + 1}}}", $"2^{{{2 * n}}}+1", $"4^{{{n + 1}}}", $"{n}!");
        BigInteger ten = BigInteger.Pow(10, 18 + i);
        list.Different("big", $"{ten}", $"{ten + 1}", $"{ten - k}", $"{ten * 10}");
        list.Same("big", $"10^{{10^{{{8 + k}}}}}", $"10^{{{BigInteger.Pow(10, 8 + k)}}}");
    }

    private static void Tiny(PairList list, int i)
    {
        int n = list.Number(60, 400);
        list.Same("tiny", $"2^{{-{n}}}", $"\\frac{{1}}{{2^{{{n}}}}}", $"\\left(\\frac12\\right)^{{{n}}}");
        list.Different("tiny", $"2^{{-{n}}}", $"2^{{-{n + 1}}}", "0", $"3^{{-{n}}}", $"-2^{{-{n}}}");
        list.Different("tiny", $"\\frac{{1}}{{{n}!}}", $"\\frac{{1}}{{{n + 2}!}}", $"\\frac{{2}}{{{n}!}}");
        list.Different("tiny", $"9.{i % 9}\\times10^{{-33}}", $"9.{i % 9 + 1}\\times10^{{-33}}", $"9.{i % 9}\\times10^{{-34}}");
        list.Different("tiny", $"e^{{-{n}}}", $"e^{{-{n + 1}}}", "0");
    }

    private static void Units(PairList list)
    {
        int n = list.Number(2, 90);
        list.Same("unit", $"{n}\\text{{ cm}}", $"{n}", $"{n} cm", $"{n}\\,\\mathrm{{cm}}", $"{n} centimeters", $"{n * 10}\\text{{ mm}}", $"{n}\\text{{cm}}");
        list.Same("unit", $"{n}\\text{{ hours}}", $"{n * 60}\\text{{ minutes}}", $"{n} hours", $"{n}");
        list.Same("unit", $"{n}\\pi\\text{{ cm}}^2", $"{n}\\pi", $"{n}\\pi \\text{{ square centimeters}}", $"{n}\\pi\\ \\mathrm{{cm^2}}");
        list.Same("unit", $"{n}", $"{n} apples", $"{n}\\text{{ students}}", $"{n} \\text{{ square units}}");
        list.Different("unit_conflict", $"{n}\\text{{ cm}}", $"{n}\\text{{ m}}", $"{n}\\text{{ kg}}", $"{n + 1}\\text{{ cm}}", $"{n}\\text{{ cm}}^2");
        list.Different("unit_letters", $"{n}", $"{n}s", $"{n}m", $"{n}g", $"-{n}c");
    }

    private static void Currency(PairList list)
    {
        int n = list.Number(2, 900);
        list.Same("currency", $"\\${n}", $"{n}", $"${n}", $"{n} dollars", $"\\${n}.00", $"{n}\\text{{ dollars}}", $"{n * 100}\\text{{ cents}}");
        list.Different("currency", $"\\${n}", $"{n}\\%", $"\\${n + 1}", $"€{n}", $"{n}\\text{{ cents}}");
    }

    private static void Degrees(PairList list)
    {
        int n = list.Number(1, 35) * 5;
        list.Same("degrees", $"{n}^\\circ", $"{n}", $"{n}°", $"{n}^{{\\circ}}", $"{n}\\text{{ degrees}}", $"{n} degrees", $"{n}\\degree", $"\\frac{{{n}\\pi}}{{180}}");
        list.Different("degrees", $"{n}^\\circ", $"{n + 5}^\\circ", $"\\frac{{{n}\\pi}}{{90}}");
    }

    private static void Ratios(PairList list)
    {
        int a = list.Number(1, 9), b = list.Number(10, 19), c = list.Number(20, 29), k = list.Number(2, 5);
        list.Same("ratio", $"{a}:{b}", $"{a * k}:{b * k}", $"\\frac{{{a}}}{{{b}}}", $"{a} : {b}", $"{a}/{b}");
        list.Same("ratio", $"{a}:{b}:{c}", $"{a * k}:{b * k}:{c * k}");
        list.Different("ratio", $"{a}:{b}:{c}", $"{a}:{c}:{b}", $"{b}:{a}:{c}", $"{a}:{b}:{c + 1}");
        list.Different("ratio", $"{a}:{b}", $"{b}:{a}", $"{a}:{b + 1}");
    }

    private static void Times(PairList list)
    {
        int h = list.Number(1, 12), m = list.Number(10, 59);
        list.Same("time", $"{h}:{m} p.m.", $"{h}:{m} PM", $"{h}:{m}\\text{{ p.m.}}", $"{h}:{m}");
        list.Different("time", $"{h}:{m} a.m.", $"{h}:{m} p.m.", $"{h}:{(m + 1) % 60:00} a.m.", $"{h % 12 + 1}:{m} a.m.");
    }
}
