using System.Text;
using Distill.Runs;

namespace Distill.Prompts;

/// <summary>How hard the generated problems are.</summary>
public enum ArithmeticSplit
{
    /// <summary>Two to four operations with at least one product of two-digit numbers.</summary>
    Basic,

    /// <summary>Three to five operations with products of three-digit numbers.</summary>
    Hard,
}

/// <summary>
/// Generates arithmetic problems that need several steps, with the steps written out: products are taken apart digit by
/// digit, sums go from left to right.
/// <example>
/// <code>
/// Compute 37*46+158-29.
/// 37*46=37*40+37*6=1480+222=1702
/// 1702+158-29=1860-29=1831
/// </code>
/// </example>
/// Problems are divided by a hash of their text into those to learn from and those held out for evaluation, so the two
/// never share one, whatever the seeds.
/// </summary>
public static class ArithmeticProblems
{
    private const int HeldOutShare = 8;
    private const long LargestValue = 999_999;

    /// <summary>Generates <paramref name="count"/> different problems.</summary>
    /// <param name="split">How hard.</param>
    /// <param name="count">How many.</param>
    /// <param name="seed">Same seed, same problems.</param>
    /// <param name="heldOut">Whether to draw from the part kept for evaluation.</param>
    public static IEnumerable<Prompt> Generate(ArithmeticSplit split, int count, long seed, bool heldOut)
    {
        var random = new RandomStream(RandomStream.DeriveSeed(seed, "arithmetic", split.ToString()));
        var seen = new HashSet<string>();
        while (seen.Count < count)
        {
            Term[] terms = DrawTerms(split, random);
            string expression = Join(terms.Select(term => term.Text), terms);
            if (IsHeldOut(expression) != heldOut || Solve(terms) is not { } solution || !seen.Add(expression)) continue;
            yield return Prompt.FromUser($"Compute {expression}.", solution.Answer,
                $"arithmetic/{split.ToString().ToLowerInvariant()}", solution.Steps);
        }
    }

    /// <summary>Whether a problem belongs to the part kept for evaluation.</summary>
    /// <param name="expression">The expression, e.g. <c>37*46+158-29</c>.</param>
    public static bool IsHeldOut(string expression) =>
        Convert.ToInt32(Fingerprint.OfTexts(expression)[..6], 16) % HeldOutShare == 0;

    private static Term[] DrawTerms(ArithmeticSplit split, RandomStream random)
    {
        bool hard = split == ArithmeticSplit.Hard;
        int count = random.Next(2, 3), product = random.Next(0, count - 1);
        return [.. Enumerable.Range(0, count).Select(i => (i == product, random.Next(0, 9)) switch
        {
            (true, < 7) => Term.Product(Sign(i), Factor(hard), random.Next(11, 99)),
            (true, _) => Term.SumTimes(Sign(i), random.Next(2, 49), random.Next(2, 49), random.Next(11, hard ? 199 : 49)),
            (false, < 2) => Term.Product(Sign(i), Factor(hard), random.Next(2, hard ? 99 : 9)),
            (false, _) => Term.Number(Sign(i), random.Next(1, hard ? 9999 : 999)),
        })];

        int Factor(bool large) => large ? random.Next(101, 999) : random.Next(11, 99);
        char Sign(int index) => index == 0 || random.Next(0, 1) == 0 ? '+' : '-';
    }

    private static (string Steps, string Answer)? Solve(Term[] terms)
    {
        var steps = new StringBuilder();
        foreach (Term term in terms) term.WriteSteps(steps);
        long value = terms[0].Value;
        string[] rest = [.. terms.Select(term => term.Value.ToString())];
        steps.Append(Join(rest, terms));
        for (int i = 1; i < terms.Length; i++)
        {
            value += terms[i].Sign == '+' ? terms[i].Value : -terms[i].Value;
            if (value is < 0 or > LargestValue) return null; // negative intermediate values are a different problem
            rest[i] = value.ToString();
            steps.Append('=').Append(Join(rest[i..], terms[i..]));
        }
        return (steps.ToString(), value.ToString());
    }

    private static string Join(IEnumerable<string> texts, Term[] terms)
    {
        var joined = new StringBuilder();
        foreach ((string text, Term term) in texts.Zip(terms))
        {
            if (joined.Length > 0) joined.Append(term.Sign);
            joined.Append(text);
        }
        return joined.ToString();
    }

    /// <summary>One summand: a number, a product, or a sum in parentheses times a number.</summary>
    private sealed record Term(char Sign, string Text, long Value, Action<StringBuilder> WriteSteps)
    {
        public static Term Number(char sign, int value) => new(sign, value.ToString(), value, _ => { });

        public static Term Product(char sign, int left, int right) =>
            new(sign, $"{left}*{right}", (long)left * right, steps => WriteProduct(steps, left, right));

        public static Term SumTimes(char sign, int first, int second, int factor) =>
            new(sign, $"({first}+{second})*{factor}", (long)(first + second) * factor, steps =>
            {
                steps.Append($"{first}+{second}={first + second}\n");
                WriteProduct(steps, first + second, factor);
            });

        private static void WriteProduct(StringBuilder steps, long left, long right)
        {
            long[] parts = [.. Digits(right).Where(part => part > 0)];
            steps.Append($"{left}*{right}");
            if (parts.Length > 1) steps.Append('=').AppendJoin('+', parts.Select(part => $"{left}*{part}"));
            var products = parts.Select(part => left * part).ToList();
            for (; products.Count > 0; products = products.Count == 1 ? [] : [products[0] + products[1], .. products[2..]])
                steps.Append('=').AppendJoin('+', products);
            steps.Append('\n');
        }

        // 246 -> 200, 40, 6
        private static IEnumerable<long> Digits(long number)
        {
            long place = 1;
            while (place * 10 <= number) place *= 10;
            for (; place > 0; place /= 10) yield return number / place % 10 * place;
        }
    }
}
