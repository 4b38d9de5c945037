using System.Numerics;
using System.Text;

namespace Distill.Verification.Mathematics;

/// <summary>The generators of one check, and the relations between their powers.</summary>
internal sealed class GeneratorTable(WorkBudget budget)
{
    /// <summary>A power of a prime longer than this stays a power.</summary>
    public const long LongestPower = Polynomial.LongestCoefficient;

    private readonly List<Generator> _generators = [];
    private readonly Dictionary<string, int> _byKey = new(StringComparer.Ordinal);

    public Generator this[int id] => _generators[id];

    public int Add(Generator generator)
    {
        if (_byKey.TryGetValue(generator.Key, out int id)) return id;
        _generators.Add(generator);
        return _byKey[generator.Key] = _generators.Count - 1;
    }

    public int Symbol(string name) => Add(new Generator(name is "pi" or "e" ? GeneratorKind.Transcendental : name is "infinity" ? GeneratorKind.Opaque : GeneratorKind.Symbol, name));

    public int Imaginary() => Add(new Generator(GeneratorKind.Imaginary, "ⅈ"));

    public int Prime(BigInteger prime) => Add(new Generator(GeneratorKind.Prime, prime.ToString(), prime));

    public int Opaque(string key) => Add(new Generator(GeneratorKind.Opaque, key));

    /// <summary>The product of two normal forms, in normal form.</summary>
    public Polynomial Multiply(Polynomial a, Polynomial b) => Reduce(Polynomial.Product(a, b, budget));

    /// <summary>Applies the relations: i² = -1, √2·√2 = 2, cos² = 1 - sin², powers of radicands.</summary>
    public Polynomial Reduce(Polynomial polynomial)
    {
        bool reduced = true;
        foreach (Monomial monomial in polynomial.Terms.Keys)
            if (Reducible(monomial) >= 0) reduced = false;
        if (reduced) return polynomial;
        var done = new Dictionary<Monomial, BigRational>();
        Polynomial rest = Polynomial.Zero;
        foreach ((Monomial monomial, BigRational coefficient) in polynomial.Terms)
        {
            int generator = Reducible(monomial);
            if (generator < 0) Polynomial.Add(done, monomial, coefficient);
            else rest = Polynomial.Sum(rest, Multiply(Polynomial.Of(monomial.Without(generator), coefficient), PowerOf(generator, monomial.ExponentOf(generator))), budget);
        }
        return Polynomial.Sum(Polynomial.FromTerms(done), rest, budget);
    }

    private int Reducible(Monomial monomial)
    {
        budget.Charge(1 + monomial.Powers.Length);
        foreach ((int id, BigRational exponent) in monomial.Powers)
        {
            switch (_generators[id].Kind)
            {
                case GeneratorKind.Imaginary when exponent != 1:
                case GeneratorKind.Cosine when exponent.IsInteger && exponent > 1:
                case GeneratorKind.Prime when (exponent > 1 || exponent < 0 || exponent.IsInteger) && IsShort(_generators[id], exponent):
                case GeneratorKind.Power when exponent.IsInteger && exponent >= 1 && exponent <= 8 || !exponent.IsInteger && exponent > 1 && exponent < 8:
                    return id;
            }
        }
        return -1;
    }

    private static bool IsShort(Generator prime, BigRational exponent) => exponent.Abs() * (int)prime.Prime.GetBitLength() < (BigRational)(BigInteger)LongestPower;

    // A reducible power of one generator in normal form.
    private Polynomial PowerOf(int id, BigRational exponent)
    {
        Generator generator = _generators[id];
        switch (generator.Kind)
        {
            case GeneratorKind.Imaginary:
                int quarter = (int)(exponent.Numerator % 4 + 4) % 4;
                return !exponent.IsInteger ? throw new WorkExceededException()
                    : quarter % 2 == 0 ? Polynomial.Of(1 - quarter) : Polynomial.Of(Monomial.Of(id, 1), 2 - quarter);
            case GeneratorKind.Prime:
                BigInteger whole = exponent.Floor();
                return Polynomial.Of(Monomial.Of(id, exponent - whole), new BigRational(generator.Prime).Power((int)whole));
            case GeneratorKind.Cosine:
                Polynomial sineSquared = Polynomial.Of(Monomial.Of(generator.Partner, 2), -1);
                return Multiply(Polynomial.Of(Monomial.Of(id, exponent - 2), 1), Polynomial.Sum(Polynomial.One, sineSquared, budget));
            default:
                BigInteger integer = exponent.Floor();
                return Power(generator.Radicand!, (int)integer).Times(Monomial.Of(id, exponent - integer));
        }
    }

    /// <summary>A positive power by repeated squaring.</summary>
    public Polynomial Power(Polynomial @base, int exponent)
    {
        Polynomial result = Polynomial.One;
        for (Polynomial square = @base; ; square = Multiply(square, square))
        {
            if ((exponent & 1) == 1) result = Multiply(result, square);
            if ((exponent >>= 1) == 0) return result;
        }
    }

    /// <summary>The canonical spelling of a normal form.</summary>
    public string Spell(Polynomial polynomial)
    {
        var terms = new List<string>();
        foreach ((Monomial monomial, BigRational coefficient) in polynomial.Terms)
        {
            budget.Charge(50);
            terms.Add($"{coefficient}{Spell(monomial)}");
        }
        terms.Sort(StringComparer.Ordinal);
        return string.Join('+', terms);
    }

    public string Spell(Monomial monomial)
    {
        var factors = new List<string>();
        foreach ((int id, BigRational exponent) in monomial.Powers) factors.Add($"·{_generators[id].Key}^{exponent}");
        factors.Sort(StringComparer.Ordinal);
        var spelled = new StringBuilder();
        foreach (string factor in factors) spelled.Append(factor);
        if (spelled.Length > 4096) throw new WorkExceededException();
        return spelled.ToString();
    }

    /// <summary>
    /// Whether different normal forms in these generators are different values: variables, radicals of primes, i and one transcendental number do not depend on each other.
    /// </summary>
    public bool AreIndependent(Polynomial polynomial)
    {
        string? transcendental = null;
        foreach (Monomial monomial in polynomial.Terms.Keys)
        {
            foreach ((int id, BigRational exponent) in monomial.Powers)
            {
                Generator generator = _generators[id];
                if (generator.Kind is GeneratorKind.Power or GeneratorKind.Opaque or GeneratorKind.Cosine) return false;
                if (generator.Kind == GeneratorKind.Prime && !exponent.IsInteger && exponent < 1 && exponent > 0) continue;
                if (generator.Kind == GeneratorKind.Prime) return false; // kept for its length
                if (generator.Kind != GeneratorKind.Transcendental) continue;
                if ((transcendental ??= generator.Key) != generator.Key) return false;
            }
        }
        return true;
    }
}
