using System.Text;
using Distill.Runs;

namespace Distill.Prompts;

/// <summary>How hard the generated problems are.</summary>
public enum ArithmeticSplit
{
    /// <summary>Two operations: a product of two-digit numbers, and a sum with a third number.</summary>
    Short,

    /// <summary>Two to five operations, one of them a product of two-digit numbers.</summary>
    Basic,

    /// <summary>Three to seven operations, one of them a product with a three-digit number; sums in parentheses.</summary>
    Hard,
}

/// <summary>
/// Generates arithmetic problems that need several steps, with the steps written out, one to a line: products are taken
/// apart digit by digit, then sums go from left to right.
/// <example>
/// <code>
/// Compute 37*46+58-29.
/// 37*40=1480
/// 37*6=222
/// 1480+222=1702
/// 1702+58=1760
/// 1760-29=1731
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
            string expression = Join(terms);
            if (IsHeldOut(expression) != heldOut || Solve(terms) is not { } solution || !seen.Add(expression)) continue;
            yield return Prompt.FromUser($"Compute {expression}.", solution.Answer,
                $"arithmetic/{split.ToString().ToLowerInvariant()}", solution.Steps);
        }
    }

    /// <summary>Whether a problem belongs to the part kept for evaluation.</summary>
    /// <param name="expression">The expression, e.g. <c>37*46+58-29</c>.</param>
    public static bool IsHeldOut(string expression) =>
        Convert.ToInt32(Fingerprint.OfTexts(expression)[..6], 16) % HeldOutShare == 0;

    private static Term[] DrawTerms(ArithmeticSplit split, RandomStream random) => split switch
    {
        ArithmeticSplit.Short => DrawShort(random),
        ArithmeticSplit.Basic => DrawBasic(random),
        _ => DrawHard(random),
    };

    private static Term[] DrawShort(RandomStream random)
    {
        int product = random.Next(0, 1);
        return [.. Enumerable.Range(0, 2).Select(i => i == product
            ? Term.Product('+', random.Next(11, 99), random.Next(11, 99))
            : Term.Number('+', random.Next(1, 99)))];
    }

    private static Term[] DrawBasic(RandomStream random)
    {
        int count = random.Next(2, 3), product = random.Next(0, count - 1);
        return [.. Enumerable.Range(0, count).Select(i =>
            i == product ? Term.Product(Sign(i, random), random.Next(11, 99), random.Next(11, 99))
            : random.Next(0, 3) == 0 ? Term.Product(Sign(i, random), random.Next(11, 99), random.Next(2, 9))
            : Term.Number(Sign(i, random), random.Next(1, 99)))];
    }

    private static Term[] DrawHard(RandomStream random)
    {
        int product = random.Next(0, 2);
        return [.. Enumerable.Range(0, 3).Select(i => (i == product, random.Next(0, 3)) switch
        {
            (true, _) => Term.Product(Sign(i, random), random.Next(101, 999), random.Next(11, 99)),
            (false, 0) => Term.SumTimes(Sign(i, random), random.Next(11, 49), random.Next(11, 49), random.Next(11, 99)),
            (false, 1) => Term.Product(Sign(i, random), random.Next(11, 99), random.Next(11, 99)),
            (false, _) => Term.Number(Sign(i, random), random.Next(101, 999)),
        })];
    }

    private static char Sign(int index, RandomStream random) => index == 0 || random.Next(0, 1) == 0 ? '+' : '-';

    private static (string Steps, string Answer)? Solve(Term[] terms)
    {
        var steps = new StringBuilder();
        foreach (Term term in terms) term.WriteSteps(steps);
        long value = terms[0].Value;
        foreach (Term term in terms.Skip(1))
        {
            long next = term.Sign == '+' ? value + term.Value : value - term.Value;
            if (next is < 0 or > LargestValue) return null; // negative intermediate values are a different problem
            steps.Append($"{value}{term.Sign}{term.Value}={next}\n");
            value = next;
        }
        return (steps.ToString().TrimEnd('\n'), value.ToString());
    }

    private static string Join(Term[] terms) =>
        string.Concat(terms.Select((term, i) => i == 0 ? term.Text : term.Sign + term.Text));

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
            long sum = 0;
            foreach (long part in Digits(right).Where(part => part > 0))
            {
                steps.Append($"{left}*{part}={left * part}\n");
                if (sum > 0) steps.Append($"{sum}+{left * part}={sum + (left * part)}\n");
                sum += left * part;
            }
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
