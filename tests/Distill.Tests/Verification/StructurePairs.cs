namespace Distill.Tests.Verification;

/// <summary>Pairs about answers with parts: sets, tuples, intervals, equations, matrices, cases, words.</summary>
internal static class StructurePairs
{
    public static void AddTo(PairList list)
    {
        for (int i = 0; i < 12; i++)
        {
            Intervals(list);
            Unions(list);
            Inequalities(list);
            Sets(list);
            Tuples(list);
            Equations(list);
            Names(list);
            Matrices(list);
            Cases(list);
            Congruences(list);
            SymbolicConditions(list);
        }
        Words(list);
    }

    private static void Intervals(PairList list)
    {
        int a = list.Number(-9, 3), b = list.Number(4, 20);
        list.Same("interval", $"({a},{b})", $"{a}<x<{b}", $"{b}>x>{a}", $"x\\in({a},{b})", $"\\left({a}, {b}\\right)", $"]{a},{b}[", $"\\{{x\\mid {a}<x<{b}\\}}", $"x>{a} \\text{{ and }} x<{b}");
        list.Same("interval", $"[{a},{b}]", $"{a}\\le x\\le {b}", $"{a}\\leq x\\leq {b}", $"\\{{x\\in\\mathbb{{R}} : {a}\\le x\\le {b}\\}}", $"[{a}, {2 * b}/2]");
        list.Same("interval", $"[{a},{b})", $"{a}\\leqslant x<{b}", $"[{a},{b}[");
        list.Different("interval", $"[{a},{b}]", $"({a},{b})", $"[{a},{b})", $"[{a},{b + 1}]", $"{a}<x<{b}", $"[{a - 1},{b}]");
        list.Different("interval", $"({a},{b})", $"({a},{b}]", $"{a}\\le x<{b}", $"({a},\\infty)");
    }

    private static void Unions(PairList list)
    {
        int a = list.Number(-9, 0), b = list.Number(1, 9);
        list.Same("union", $"(-\\infty,{a})\\cup({b},\\infty)", $"x<{a}\\text{{ or }}x>{b}", $"({b},+\\infty)\\cup(-\\infty,{a})", $"\\mathbb{{R}}\\setminus[{a},{b}]", $"x<{a} \\lor x>{b}", $"x > {b} \\text{{ or }} x < {a}");
        list.Different("union", $"(-\\infty,{a})\\cup({b},\\infty)", $"({a},{b})", $"(-\\infty,{a}]\\cup({b},\\infty)", $"(-\\infty,{a})\\cup({b + 1},\\infty)", $"(-\\infty,\\infty)");
        list.Same("excluded_point", $"(-\\infty,{b})\\cup({b},\\infty)", $"x\\ne {b}", $"x\\neq {b}", $"\\mathbb{{R}}\\setminus\\{{{b}\\}}", $"\\{{x\\mid x\\ne {b}\\}}");
        list.Different("excluded_point", $"x\\ne {b}", $"x={b}", $"x\\ne {b + 1}", "\\mathbb{R}");
    }

    private static void Inequalities(PairList list)
    {
        int a = list.Number(1, 12), k = list.Number(2, 6);
        list.Same("inequality", $"x>{a}", $"{a}<x", $"({a},\\infty)", $"{k}x>{k * a}", $"\\{{x \\mid x>{a}\\}}");
        list.Same("inequality", $"|x|<{a}", $"(-{a},{a})", $"-{a}<x<{a}", $"x^2<{a * a}");
        list.Same("inequality", $"|x|\\ge {a}", $"(-\\infty,-{a}]\\cup[{a},\\infty)", $"x\\le -{a}\\text{{ or }}x\\ge {a}");
        list.Different("inequality", $"x>{a}", $"x<{a}", $"x\\ge {a}", $"x>{a + 1}", $"y>{a}", $"{a}>x");
        list.Same("inequality_plane", $"{k}x+y\\le {a}", $"y\\le {a}-{k}x", $"{a}\\ge {k}x+y", $"{2 * k}x+2y\\le {2 * a}");
        list.Different("inequality_plane", $"{k}x+y\\le {a}", $"{k}x+y\\ge {a}", $"{k}x+y<{a}", $"{k}x-y\\le {a}");
    }

    private static void Sets(PairList list)
    {
        int a = list.Number(1, 9), b = list.Number(10, 19), c = list.Number(20, 29);
        list.Same("set", $"\\{{{a},{b},{c}\\}}", $"\\{{{c},{a},{b}\\}}", $"{b}, {c}, {a}", $"{{{a},{b},{c}}}", $"\\left\\{{ {a}, {b}, {c} \\right\\}}", $"{a},{b}\\text{{ and }}{c}", $"x\\in\\{{{a},{b},{c}\\}}");
        list.Same("list", $"{a},{b}", $"{b}, {a}", $"{a}\\text{{ or }}{b}", $"{a} and {b}", $"x={a}\\text{{ or }}x={b}", $"x={a}, x={b}", $"x={a},{b}", $"{a};{b}");
        list.Different("set", $"\\{{{a},{b},{c}\\}}", $"\\{{{a},{b}\\}}", $"\\{{{a},{b},{c + 1}\\}}", $"{a}", $"({a},{b},{c})", $"\\{{{a},{b},{c},{c + 1}\\}}");
        list.Different("list", $"{a},{b}", $"{a}", $"{b}", $"{a},{b + 1}", $"{a},{b},{c}");
        list.Same("list_of_tuples", $"({a},{b}),({b},{c})", $"({b},{c}), ({a},{b})", $"\\{{({a},{b}),({b},{c})\\}}", $"({a}, {b}) \\text{{ and }} ({b}, {c})");
        list.Different("list_of_tuples", $"({a},{b}),({b},{c})", $"({b},{a}),({c},{b})", $"({a},{b})", $"({a},{c}),({b},{b})");
    }

    private static void Tuples(PairList list)
    {
        int a = list.Number(1, 9), b = list.Number(10, 19), c = list.Number(20, 29);
        list.Same("tuple", $"({a},{b},{c})", $"({a}, {b}, {c})", $"{a}, {b}, {c}", $"\\left({a},{b},{c}\\right)", $"\\langle {a},{b},{c}\\rangle", $"(x,y,z)=({a},{b},{c})", $"x={a}, y={b}, z={c}", $"\\begin{{pmatrix}}{a}\\\\{b}\\\\{c}\\end{{pmatrix}}", $"(\\frac{{{2 * a}}}{{2}},{b},{c})");
        list.Different("tuple", $"({a},{b},{c})", $"({b},{a},{c})", $"({a},{b})", $"({a},{b},{c + 1})", $"[{a},{b},{c}]", $"\\{{{a},{b},{c}\\}}", $"(-{a},{b},{c})");
        list.Same("polar", $"({a},\\frac{{\\pi}}{{{b}}})", $"({a},\\pi/{b})", $"\\left({a}, \\frac{{\\pi}}{{{b}}}\\right)");
    }

    private static void Equations(PairList list)
    {
        int a = list.NonZero(9), b = list.NonZero(9), c = list.Number(2, 9);
        string sign = b < 0 ? "-" : "+";
        list.Same("line", $"y={a}x{sign}{Math.Abs(b)}", $"y-{a}x={b}", $"{a}x-y{sign}{Math.Abs(b)}=0", $"{c}y={c * a}x{(b < 0 ? "-" : "+")}{Math.Abs(b * c)}", $"{a}x{sign}{Math.Abs(b)}", $"f(x)={a}x{sign}{Math.Abs(b)}");
        list.Different("line", $"y={a}x{sign}{Math.Abs(b)}", $"y={a}x{sign}{Math.Abs(b) + 1}", $"y={a + 10}x{sign}{Math.Abs(b)}", $"x={a}y{sign}{Math.Abs(b)}" is var swapped && a * a != 1 ? swapped : "y=0", $"{a}x{sign}{Math.Abs(b)}=0");
        list.Same("conic", $"\\frac{{x^2}}{{{c * c}}}+\\frac{{y^2}}{{4}}=1", $"4x^2+{c * c}y^2={4 * c * c}");
        list.Same("conic", $"(x-{c})^2+y^2=9", $"x^2+y^2-{2 * c}x+{c * c - 9}=0");
        list.Different("conic", $"x^2+y^2={c * c}", $"x^2+y^2={c}", $"x^2-y^2={c * c}", $"x^2+y^2+{c * c}=0");
        list.Different("not_a_name", $"{c}x+z=1", "1", $"{c}x");
        list.Different("not_a_name", $"{c}a+b", $"7={c}a+b", $"{c}a+b=0");
    }

    private static void Names(PairList list)
    {
        int a = list.Number(2, 99), k = list.Number(2, 9);
        list.Same("name", $"{a}", $"x={a}", $"x = {a}", $"f(3)={a}", $"|AB|={a}", $"AB={a}", $"\\text{{Area}}={a}", $"x_1={a}", $"{a}=x", $"S_n={a}", $"\\angle ABC={a}");
        list.Right("chain", $"{a * k}", $"x={a}\\cdot {k}={a * k}", $"{a}\\cdot {k}={a * k}", $"x = {a}\\times {k} = {a * k}");
        list.Wrong("chain", $"{a * k}", $"x={a}\\cdot {k}={a * k + 1}", $"{a}={a * k}", $"{a * k}={a * k + 1}");
        list.Right("approximation", $"\\frac{{{a}}}{{{a + 1}}}", $"x=\\frac{{{a}}}{{{a + 1}}}\\approx {(decimal)Math.Round((double)a / (a + 1), 2)}");
        list.Different("name_conflict", $"x={a}", $"y={a}", $"x={a + 1}", $"t={a}");
        list.Same("bound_variable", $"f(x)={a}x^2", $"f(t)={a}t^2", $"{a}x^2", $"y={a}x^2");
        list.Different("bound_variable", $"{a}x+1", $"{a}t+1", $"f(x)={a}x-1");
    }

    private static void Matrices(PairList list)
    {
        int a = list.Number(1, 9), b = list.Number(10, 19), c = list.NonZero(9), d = list.Number(20, 29);
        list.Same("matrix", $"\\begin{{pmatrix}}{a}&{b}\\\\{c}&{d}\\end{{pmatrix}}", $"\\begin{{bmatrix}}{a}&{b}\\\\{c}&{d}\\end{{bmatrix}}", $"\\begin{{pmatrix}} {a} & {b} \\\\ {c} & {d} \\\\ \\end{{pmatrix}}", $"\\left(\\begin{{array}}{{cc}}{a}&{b}\\\\{c}&{d}\\end{{array}}\\right)", $"\\frac12\\begin{{pmatrix}}{2 * a}&{2 * b}\\\\{2 * c}&{2 * d}\\end{{pmatrix}}");
        list.Different("matrix", $"\\begin{{pmatrix}}{a}&{b}\\\\{c}&{d}\\end{{pmatrix}}", $"\\begin{{pmatrix}}{a}&{c}\\\\{b}&{d}\\end{{pmatrix}}", $"\\begin{{pmatrix}}{a}&{b}\\\\{c}&{d + 1}\\end{{pmatrix}}", $"\\begin{{pmatrix}}{a}&{b}\\end{{pmatrix}}", $"{a * d - b * c}");
        list.Different("matrix", $"\\begin{{pmatrix}}{a}&{b}\\end{{pmatrix}}", $"\\begin{{pmatrix}}{a}\\\\{b}\\end{{pmatrix}}");
    }

    private static void Cases(PairList list)
    {
        int a = list.Number(1, 9);
        list.Same("piecewise", $"\\begin{{cases}}x&x\\ge {a}\\\\-x&x<{a}\\end{{cases}}", $"\\begin{{cases}}-x,&x<{a}\\\\x,&x\\ge {a}\\end{{cases}}", $"\\begin{{cases}}x&\\text{{if }}x\\ge {a}\\\\-x&\\text{{otherwise}}\\end{{cases}}", $"\\left\\{{\\begin{{array}}{{ll}}x&x\\ge {a}\\\\-x&x<{a}\\end{{array}}\\right.");
        list.Different("piecewise", $"\\begin{{cases}}x&x\\ge {a}\\\\-x&x<{a}\\end{{cases}}", $"\\begin{{cases}}x&x<{a}\\\\-x&x\\ge {a}\\end{{cases}}", $"\\begin{{cases}}x&x\\ge {a + 1}\\\\-x&x<{a + 1}\\end{{cases}}", "x");
    }

    private static void Congruences(PairList list)
    {
        int m = list.Number(5, 30), r = list.Number(0, m - 1);
        list.Same("congruence", $"x\\equiv {r}\\pmod{{{m}}}", $"x \\equiv {r + m} \\pmod {{{m}}}", $"x\\equiv {r} (mod {m})", $"x\\equiv {r}\\mod {m}");
        list.Different("congruence", $"x\\equiv {r}\\pmod{{{m}}}", $"x\\equiv {r + 1}\\pmod{{{m}}}", $"x\\equiv {r}\\pmod{{{m + 1}}}");
    }

    private static void SymbolicConditions(PairList list)
    {
        int k = list.Number(2, 9);
        list.Same("symbolic_interval", $"x>a \\text{{ and }} x<{k}b", $"a<x<{k}b", $"{k}b>x>a");
        list.Different("symbolic_interval", $"a<x<{k}b", $"a\\le x<{k}b", $"a<x<{k + 1}b", $"a>x>{k}b");
        list.Same("infinity", "\\infty", "+\\infty", "infinity", "∞");
        list.Different("infinity", "\\infty", "-\\infty", $"{k}", "0");
    }

    private static void Words(PairList list)
    {
        foreach (string word in (string[])["Friday", "circle", "even", "isosceles", "Alice", "north", "clockwise", "Evelyn", "parabola", "the mean", "rational", "increasing"])
        {
            list.Same("text", $"\\text{{{word}}}", word, word.ToLowerInvariant(), $"{word}.", $"\\textbf{{{word}}}", word.ToUpperInvariant(), $"\\mathrm{{{word}}}", $"\\text{{ {word} }}");
            list.Different("text", word, "hexagon", "odd", "7", "x+1");
        }
        list.Same("article", "a circle", "circle", "the circle", "Circle.");
        list.Same("truth", "Yes", "yes", "\\text{Yes}", "YES.");
        list.Different("truth", "Yes", "No", "no.");
        list.Different("truth", "True", "False");
        list.Same("no_solution", "\\text{no solution}", "No solution", "\\emptyset", "\\varnothing", "\\{\\}", "no solutions", "No real solutions.");
        list.Different("no_solution", "\\text{no solution}", "0", "\\mathbb{R}", "x=1");
        list.Same("everything", "\\mathbb{R}", "(-\\infty,\\infty)", "all real numbers", "\\text{all real numbers}", "x\\in\\mathbb{R}");
        list.Different("labels", "2\\text{ dogs and }3\\text{ cats}", "3\\text{ dogs and }2\\text{ cats}");
        list.Same("nonexistent", "DNE", "does not exist", "\\text{Does not exist}");
    }
}
