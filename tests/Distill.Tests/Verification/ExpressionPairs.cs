namespace Distill.Tests.Verification;

/// <summary>Pairs about expressions: algebra, radicals, trigonometry, logarithms, complex numbers, and how they are typeset.</summary>
internal static class ExpressionPairs
{
    public static void AddTo(PairList list)
    {
        for (int i = 0; i < 12; i++)
        {
            Polynomials(list);
            RationalFunctions(list);
            Radicals(list);
            Nested(list);
            Powers(list);
            Trigonometry(list);
            Logarithms(list);
            Complex(list);
            PlusMinus(list);
            Combinatorics(list);
            Layout(list);
            Constants(list);
        }
        Forms(list);
        Identities(list);
        Unicode(list);
    }

    private static string Signed(int n) => n < 0 ? $"- {-n}" : $"+ {n}";

    private static string Factor(int root) => root == 0 ? "x" : $"(x{(root > 0 ? "-" : "+")}{Math.Abs(root)})";

    private static void Polynomials(PairList list)
    {
        int a = list.NonZero(9), b = list.NonZero(9), c = list.Number(2, 9);
        list.Same("polynomial", $"x^2 {Signed(-a - b)}x {Signed(a * b)}", $"{Factor(a)}{Factor(b)}", $"{a * b} {Signed(-a - b)}x + x^2", $"{Factor(b)} \\cdot {Factor(a)}");
        list.Same("polynomial", $"{c}(x+y)", $"{c}x+{c}y", $"{c}y+{c}x", $"(y+x)\\cdot {c}");
        list.Different("polynomial", $"x^2 {Signed(-a - b)}x {Signed(a * b)}", $"x^2 {Signed(-a - b)}x {Signed(a * b + 1)}", $"x^2 {Signed(a * b)}", $"x^3 {Signed(-a - b)}x {Signed(a * b)}");
        list.Different("polynomial", $"{c}x+1", $"{c}y+1", $"{c}x-1", $"{c + 1}x+1", $"{c}X+1");
        list.Same("polynomial_big", $"(x+{c})^{{12}}(x+{c})^{{8}}", $"(x+{c})^{{20}}");
        list.Different("polynomial_big", $"(x+{c})^{{20}}", $"(x+{c})^{{21}}", $"(x+{c + 1})^{{20}}");
    }

    private static void RationalFunctions(PairList list)
    {
        int a = list.Number(1, 9), b = list.Number(2, 9);
        list.Same("rational_function", $"\\frac{{x^2-{a * a}}}{{x-{a}}}", $"x+{a}", $"\\frac{{(x-{a})(x+{a})}}{{x-{a}}}");
        list.Same("rational_function", $"\\frac{{1}}{{x}}+\\frac{{{a}}}{{x+{b}}}", $"\\frac{{{a + 1}x+{b}}}{{x(x+{b})}}", $"\\frac{{{a + 1}x+{b}}}{{x^2+{b}x}}");
        list.Different("rational_function", $"\\frac{{{a}}}{{x+{b}}}", $"\\frac{{{a}}}{{x}}+{b}", $"\\frac{{{a}}}{{x-{b}}}", $"\\frac{{x+{b}}}{{{a}}}");
    }

    private static void Radicals(PairList list)
    {
        int k = list.Number(2, 9), d = new[] { 2, 3, 5, 6, 7, 10, 11, 13 }[list.Number(0, 7)], a = list.Number(1, 9);
        list.Same("surd", $"{k}\\sqrt{{{d}}}", $"\\sqrt{{{k * k * d}}}", $"\\frac{{{k * d}}}{{\\sqrt{{{d}}}}}", $"\\sqrt{{{d}}}\\cdot {k}", $"{k}√{d}", $"{k}sqrt({d})", $"{k} \\sqrt {d}", $"{k}\\cdot {d}^{{1/2}}");
        list.Different("surd", $"{k}\\sqrt{{{d}}}", $"{d}\\sqrt{{{k * k + 1}}}", $"{k + 1}\\sqrt{{{d}}}", $"\\sqrt{{{k * k * d + 1}}}", $"-{k}\\sqrt{{{d}}}");
        list.Wrong("surd", $"{k}\\sqrt{{{d}}}", $"{(decimal)Math.Round(k * Math.Sqrt(d), 3)}", $"{(decimal)Math.Round(k * Math.Sqrt(d), 7) + 0.0000003m}");
        list.Same("rationalised", $"\\frac{{1}}{{\\sqrt{{{d}}}+{a + 4}}}", $"\\frac{{{a + 4}-\\sqrt{{{d}}}}}{{{(a + 4) * (a + 4) - d}}}");
        list.Same("cube_root", $"{k}\\sqrt[3]{{{d}}}", $"\\sqrt[3]{{{k * k * k * d}}}", $"{k}\\cdot {d}^{{\\frac13}}", $"-\\sqrt[3]{{-{k * k * k * d}}}");
        list.Different("cube_root", $"{k}\\sqrt[3]{{{d}}}", $"{k}\\sqrt{{{d}}}", $"\\sqrt[3]{{{k * d}}}");
    }

    private static void Nested(PairList list)
    {
        int a = list.Number(5, 12), b = new[] { 2, 3, 5, 7 }[list.Number(0, 3)];
        if (b >= a) return;
        list.Same("nested_radical", $"\\sqrt{{{a + b}+2\\sqrt{{{a * b}}}}}", $"\\sqrt{{{a}}}+\\sqrt{{{b}}}");
        list.Same("nested_radical", $"\\sqrt{{{a + b}-2\\sqrt{{{a * b}}}}}", $"\\sqrt{{{a}}}-\\sqrt{{{b}}}");
        list.Different("nested_radical", $"\\sqrt{{{a + b}+2\\sqrt{{{a * b}}}}}", $"\\sqrt{{{a}}}-\\sqrt{{{b}}}", $"\\sqrt{{{a + b}}}", $"\\sqrt{{{a + b}+2\\sqrt{{{a * b + 1}}}}}");
    }

    private static void Powers(PairList list)
    {
        int a = list.Number(2, 7), b = list.Number(2, 5);
        list.Same("power", $"{a}^{{n+1}}", $"{a}\\cdot {a}^n", $"{a}^n\\cdot {a}", $"{a}^{{1+n}}");
        list.Same("power", $"{a}^{{{b}n}}", $"({a}^{{{b}}})^n", $"({a}^n)^{{{b}}}");
        list.Same("power", $"e^{{{a}x+{b}}}", $"e^{{{b}}}e^{{{a}x}}", $"\\exp({a}x+{b})", $"e^{{{b}}}\\cdot (e^x)^{{{a}}}");
        list.Different("power", $"{a}^{{n+1}}", $"{a}^n", $"{a}^{{n+2}}", $"{a + 1}^{{n+1}}", $"{a}^n+{a}");
        list.Same("power", $"x^{{\\frac{{{a}}}{{{a + 1}}}}}", $"\\sqrt[{a + 1}]{{x^{{{a}}}}}");
    }

    private static void Trigonometry(PairList list)
    {
        int k = list.Number(1, 6);
        (string Angle, string Sine, string Cosine)[] known = [("\\frac{\\pi}{6}", "\\frac12", "\\frac{\\sqrt3}{2}"), ("45^\\circ", "\\frac{\\sqrt2}{2}", "\\frac{1}{\\sqrt2}"), ("\\frac{\\pi}{3}", "\\frac{\\sqrt3}{2}", "0.5"),
            ("15^\\circ", "\\frac{\\sqrt6-\\sqrt2}{4}", "\\frac{\\sqrt6+\\sqrt2}{4}"), ("36^\\circ", "\\frac{\\sqrt{10-2\\sqrt5}}{4}", "\\frac{1+\\sqrt5}{4}"), ("\\frac{\\pi}{8}", "\\frac{\\sqrt{2-\\sqrt2}}{2}", "\\frac{\\sqrt{2+\\sqrt2}}{2}")];
        (string angle, string sine, string cosine) = known[k - 1];
        list.Same("trigonometry", $"\\sin {angle}", sine, $"\\sin\\left({angle}\\right)");
        list.Same("trigonometry", $"\\cos {angle}", cosine);
        list.Same("trigonometry", $"\\sin {2 * k}x", $"2\\sin {k}x\\cos {k}x", $"\\sin({2 * k}x)");
        list.Same("trigonometry", $"\\cos {2 * k}x", $"1-2\\sin^2 {k}x", $"2\\cos^2({k}x)-1", $"\\cos^2 {k}x-\\sin^2 {k}x");
        list.Different("trigonometry", $"\\sin {k}x", $"\\cos {k}x", $"\\sin {k + 1}x", $"{k}\\sin x" is var other && k > 1 ? other : "\\tan x");
        list.Same("inverse_trigonometry", $"\\arctan\\frac{{1}}{{{k + 1}}}", $"\\tan^{{-1}}\\frac{{1}}{{{k + 1}}}", $"\\arcsin\\frac{{1}}{{\\sqrt{{{(k + 1) * (k + 1) + 1}}}}}", $"\\frac{{\\pi}}{{2}}-\\arctan {k + 1}");
        list.Different("inverse_trigonometry", $"\\arctan\\frac{{1}}{{{k + 1}}}", $"\\arctan {k + 1}", $"\\arcsin\\frac{{1}}{{{k + 1}}}");
    }

    private static void Logarithms(PairList list)
    {
        int a = list.Number(2, 9), b = list.Number(2, 9), n = list.Number(2, 6);
        list.Same("logarithm", $"\\log_{{{a}}} {Math.Pow(a, n)}", $"{n}", $"\\frac{{\\ln {Math.Pow(a, n)}}}{{\\ln {a}}}");
        list.Same("logarithm", $"\\ln {a}+\\ln {b}", $"\\ln {a * b}", $"\\ln({a}\\cdot {b})", $"\\frac12\\ln {a * a * b * b}");
        list.Same("logarithm", $"\\log_{{{a}}} x", $"\\frac{{\\ln x}}{{\\ln {a}}}", $"\\frac12\\log_{{{a}}} x^2" is var half && a > 0 ? $"2\\log_{{{a * a}}} x" : half);
        list.Different("logarithm", $"\\ln {a}", $"\\ln {a + 1}", $"\\log_2 {a + 7}", $"{a}", $"-\\ln {a}");
        list.Same("statement", $"\\log_{{{a}}} {Math.Pow(a, n)} = {n}", $"\\log_{{{a}}}({Math.Pow(a, n)})={n}");
        list.Different("statement", $"\\log_{{{a}}} {Math.Pow(a, n)} = {n}", $"\\log_{{{a}}} {Math.Pow(a, n)} = {n + 1}");
    }

    private static void Complex(PairList list)
    {
        int a = list.NonZero(9), b = list.Number(1, 9), c = list.Number(1, 9), d = list.Number(1, 9);
        list.Same("complex", $"{a}+{b}i", $"{b}i{Signed(a)}", $"{a}+i{b}", $"{a}+{b}\\mathrm{{i}}", $"i({b}{Signed(-a)}i)");
        list.Same("complex", $"\\frac{{{a}+{b}i}}{{{c}+{d}i}}", $"\\frac{{{a * c + b * d}}}{{{c * c + d * d}}}{(b * c - a * d < 0 ? "-" : "+")}\\frac{{{Math.Abs(b * c - a * d)}}}{{{c * c + d * d}}}i", $"\\frac{{({a}+{b}i)({c}-{d}i)}}{{{c * c + d * d}}}");
        list.Same("complex", $"({a}+{b}i)^2", $"{a * a - b * b}{Signed(2 * a * b)}i");
        list.Same("complex", $"{c}e^{{i\\pi/3}}", $"{c}\\left(\\cos\\frac{{\\pi}}{{3}}+i\\sin\\frac{{\\pi}}{{3}}\\right)", $"\\frac{{{c}+{c}\\sqrt3 i}}{{2}}");
        list.Different("complex", $"{a}+{b}i", $"{a}-{b}i", $"{b}+{a}i" is var swapped && a != b ? swapped : "i", $"{a}+{b}", $"{a}+{b + 1}i");
    }

    private static void PlusMinus(PairList list)
    {
        int a = list.Number(1, 9), d = new[] { 2, 3, 5, 7, 11 }[list.Number(0, 4)], q = list.Number(2, 7);
        list.Same("plus_minus", $"\\frac{{{a}\\pm\\sqrt{{{d}}}}}{{{q}}}", $"\\frac{{{a}+\\sqrt{{{d}}}}}{{{q}}}, \\frac{{{a}-\\sqrt{{{d}}}}}{{{q}}}", $"\\frac{{{a}}}{{{q}}}\\pm\\frac{{\\sqrt{{{d}}}}}{{{q}}}", $"\\left\\{{\\frac{{{a}-\\sqrt{{{d}}}}}{{{q}}},\\frac{{{a}+\\sqrt{{{d}}}}}{{{q}}}\\right\\}}");
        list.Same("plus_minus", $"\\pm {a}", $"{a}, -{a}", $"-{a}\\text{{ or }}{a}", $"±{a}", $"x=\\pm {a}", $"\\mp {a}");
        list.Different("plus_minus", $"\\pm {a}", $"{a}", $"-{a}", $"\\pm {a + 1}");
        list.Different("plus_minus", $"{a}\\pm\\sqrt{{{d}}}", $"{a}+\\sqrt{{{d}}}", $"{a + 1}\\pm\\sqrt{{{d}}}");
    }

    private static void Combinatorics(PairList list)
    {
        int n = list.Number(5, 14), k = list.Number(2, 4);
        list.Same("combinatorics", $"\\binom{{{n}}}{{{k}}}", $"{{{n} \\choose {k}}}", $"\\frac{{{n}!}}{{{k}!({n}-{k})!}}", $"\\dbinom{{{n}}}{{{n - k}}}", $"\\binom{{{n - 1}}}{{{k}}}+\\binom{{{n - 1}}}{{{k - 1}}}");
        list.Same("combinatorics", $"(n+{k})!", $"(n+{k})\\cdot(n+{k - 1})!");
        list.Different("combinatorics", $"\\binom{{{n}}}{{{k}}}", $"\\binom{{{n}}}{{{k + 1}}}" is var other && n != 2 * k + 1 ? other : "1", $"\\frac{{{n}!}}{{{k}!}}", $"\\binom{{{n + 1}}}{{{k}}}");
        list.Same("sums", $"\\sum_{{k=1}}^{{{n}}} k", $"{n * (n + 1) / 2}", $"\\sum_{{i=1}}^{{{n}}} i");
        list.Different("sums", $"\\sum_{{k=1}}^{{{n}}} k", $"\\sum_{{k=1}}^{{{n + 1}}} k", $"{n}");
    }

    private static void Layout(PairList list)
    {
        int a = list.Number(2, 99), b = list.Number(101, 200);
        list.Same("layout", $"\\frac{{{a}}}{{{b}}}", $"\\displaystyle\\frac{{{a}}}{{{b}}}", $"\\left(\\frac{{{a}}}{{{b}}}\\right)", $"\\,\\frac{{{a}}}{{{b}}}\\,", $"$\\frac{{{a}}}{{{b}}}$", $"\\(\\frac{{{a}}}{{{b}}}\\)", $"\\[\\frac{{{a}}}{{{b}}}\\]", $"\\frac{{{a}}}{{{b}}}.", $"\\textbf{{{a}/{b}}}", $"\\color{{red}}{{\\frac{{{a}}}{{{b}}}}}");
        list.Same("layout", $"{a}x+{b}", $"{a}\\,x\\;+\\;{b}", $"{{{a}}}{{x}}+{{{b}}}", $"\\bigl({a}x+{b}\\bigr)", $"{a} x + {b}", $"\\mathbf{{{a}x+{b}}}", $"{a}\\cdot x+{b}", $"{a}\\times x+{b}", $"{a}*x+{b}");
        list.Same("layout", $"{b}", $"\\boxed{{{b}.}}", $"\\mathbf{{{b}}}", $"\\text{{{b}}}", $"\\phantom{{0}}{b}", $"\\mathrm{{{b}}}", $"**{b}**", $"{b}\u200b");
    }

    private static void Constants(PairList list)
    {
        int a = list.Number(2, 9);
        list.Same("integration_constant", $"x^{a}+C", $"x^{a}+c", $"C+x^{a}", $"x^{a}+C_1", $"x^{{{a}}} + C");
        list.Different("integration_constant", $"x^{a}+C", $"x^{a}", $"x^{a + 1}+C", $"x^{a}+1");
        list.Same("ode_constants", $"C_1e^{{{a}x}}+C_2e^{{-{a}x}}", $"c_1e^{{{a}x}}+c_2e^{{-{a}x}}", $"C_2e^{{-{a}x}}+C_1e^{{{a}x}}");
        list.Different("ode_constants", $"C_1e^{{{a}x}}+C_2e^{{-{a}x}}", $"C_1e^{{{a}x}}", $"C_1e^{{{a + 1}x}}+C_2e^{{-{a}x}}");
    }

    private static void Forms(PairList list)
    {
        foreach ((string a, string b) in ((string, string)[])[("\\frac\\pi2", "\\pi/2"), ("5^\\frac12", "\\sqrt5"), ("x^{\\frac23}", "\\sqrt[3]{x^2}"), ("\\binom62", "15"), ("\\log_e 2", "\\ln 2"), ("\\lg 100", "2"), ("90\\degree", "90^\\circ"), ("\\varnothing", "\\{\\}"),
            ("\\lbrace1,2\\rbrace", "\\{1,2\\}"), ("\\langle1,2\\rangle", "(1,2)"), ("]1,3[", "(1,3)"), ("\\sin^{-1}x", "\\arcsin x"), ("|{-3}|", "3"), ("\\left\\lfloor 3.7\\right\\rfloor", "3"), ("\\lceil 3.2\\rceil", "4"), ("\\gcd(12,18)", "6"), ("\\operatorname{lcm}(4,6)", "12"),
            ("\\max(3,5)", "5"), ("\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}", "-2"), ("7 \\bmod 3", "1"), ("\\sqrt{\\frac{1}{n}}", "\\frac{1}{\\sqrt n}"), ("\\frac{1}{-2}", "-\\frac12"), ("a**2", "a^2"), ("e^{\\ln 5}", "5"), ("\\tan^{-1}1", "\\frac{\\pi}{4}"), ("3!!", "3"), ("\\nicefrac{1}{2}", "0.5"), ("\\exp 2", "e^2"),
            ("f^{-1}(x)=x-1", "x-1"), ("\\frac{dy}{dx}=2x", "2x"), ("\\sqrt[3]{-8}", "-2"), ("\\cosh x", "\\frac{e^x+e^{-x}}{2}"), ("2^{2^{3}}", "256"), ("\\overline{3+4i}", "3-4i"), ("|3+4i|", "5"), ("-2^2", "-4"), ("2(3)", "6"), ("\\log_bx-\\log_by", "\\log_b\\frac xy"), ("y'=2x", "y^{\\prime}=2x"), ("ml\\ddot\\theta", "m l \\ddot{\\theta}"), ("\\sqrt[n]{a}", "a^{1/n}"), ("\\dot x_0", "\\dot{x}_{0}"), ("x=\\frac{\\pi}{4}+k\\pi, k\\in\\mathbb{Z}", "x=\\frac{\\pi}{4}+n\\pi, n\\in\\mathbb{Z}"), ("= 5", "5")])
            list.Same("forms", a, b);
    }

    private static void Identities(PairList list)
    {
        foreach ((string a, string b) in ((string, string)[])[("(a+b)^3", "a^3+3a^2b+3ab^2+b^3"), ("\\sec^2x", "1+\\tan^2x"), ("\\tan x", "\\frac{\\sin x}{\\cos x}"), ("\\cos^4x-\\sin^4x", "\\cos2x"), ("\\sin(x+y)", "\\sin x\\cos y+\\cos x\\sin y"), ("\\frac{(n+1)!}{n!}", "n+1"), ("(-1)^{n+1}", "-(-1)^n"),
            ("\\sqrt{x^2+2x+1}", "|x+1|"), ("\\ln(xy)", "\\ln x+\\ln y"), ("\\sum_{k=1}^{n}k^2", "\\frac{n(n+1)(2n+1)}{6}"), ("\\sum_{i=0}^{n}2^i", "2^{n+1}-1"), ("\\frac{1}{\\sqrt{x}+1}", "\\frac{\\sqrt x-1}{x-1}"), ("\\sqrt[3]{2+\\sqrt5}+\\sqrt[3]{2-\\sqrt5}", "1"), ("\\cos\\frac{\\pi}{7}", "\\sin\\frac{5\\pi}{14}"),
            ("\\sqrt{12x}", "2\\sqrt{3x}"), ("\\cos\\frac{2\\pi}{7}+\\cos\\frac{4\\pi}{7}+\\cos\\frac{6\\pi}{7}", "-\\frac12"), ("4\\arctan\\frac15-\\arctan\\frac1{239}", "\\frac{\\pi}{4}"), ("\\log_2 3\\cdot\\log_3 4", "2"), ("\\frac{1}{\\cos 20^\\circ\\cos 40^\\circ\\cos 80^\\circ}", "8")])
            list.Same("identity", a, b);
        list.Different("identity", "\\sqrt{x^2}", "x", "-x", "x^2");
        list.Different("identity", "\\sqrt{x+y}", "\\sqrt x+\\sqrt y", "\\sqrt{x-y}");
        list.Different("identity", "n!", "(n+1)!", "n", "2n!");
        list.Different("identity", "\\ln x", "\\log_2 x", "\\ln 2x", "\\frac1x");
    }

    private static void Unicode(PairList list)
    {
        foreach ((string a, string b) in ((string, string)[])[("√2", "\\sqrt2"), ("x²+1", "x^2+1"), ("½", "\\frac12"), ("−5", "-5"), ("90°", "90^\\circ"), ("∞", "\\infty"), ("x≤3", "x\\le3"), ("∅", "\\emptyset"), ("2×3", "6"), ("π/2", "\\frac{\\pi}{2}"), ("√(x+1)", "\\sqrt{x+1}"), ("(−∞,3]", "(-\\infty,3]"),
            ("[1,2)∪(3,4]", "[1,2)\\cup(3,4]"), ("10⁻³", "0.001"), ("3¾", "3.75"), ("α+β", "\\alpha+\\beta"), ("x₁+x₂", "x_1+x_2"), ("２５", "25"), ("∛8", "2"), ("6÷2", "3"), ("5⋅3", "15"), ("x≠2", "x\\ne 2"), ("1\u20095", "15") is var thin && false ? thin : ("x∈ℝ", "x\\in\\mathbb{R}")])
            list.Same("unicode", a, b);
        list.Different("homoglyph", "x+1", "х+1", "χ+1");
        list.Different("homoglyph", "10", "1O", "l0", "1о");
    }
}
