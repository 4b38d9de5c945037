namespace Distill.Verification.Mathematics;

/// <summary>A product of generators with rational exponents, sorted by generator.</summary>
internal sealed class Monomial : IEquatable<Monomial>
{
    public static readonly Monomial One = new([]);

    private readonly (int Generator, BigRational Exponent)[] _powers;
    private readonly int _hash;

    private Monomial((int, BigRational)[] powers)
    {
        _powers = powers;
        int hash = 17;
        foreach ((int generator, BigRational exponent) in powers)
        {
            hash = hash * 31 + generator;
            hash = hash * 31 + exponent.GetHashCode();
        }
        _hash = hash;
    }

    public ReadOnlySpan<(int Generator, BigRational Exponent)> Powers => _powers;

    public bool IsOne => _powers.Length == 0;

    public static Monomial Of(int generator, BigRational exponent) => exponent.IsZero ? One : new([(generator, exponent)]);

    public static Monomial operator *(Monomial a, Monomial b)
    {
        if (a.IsOne) return b;
        if (b.IsOne) return a;
        var powers = new List<(int, BigRational)>(a._powers.Length + b._powers.Length);
        int i = 0, j = 0;
        while (i < a._powers.Length || j < b._powers.Length)
        {
            if (j == b._powers.Length || i < a._powers.Length && a._powers[i].Generator < b._powers[j].Generator) powers.Add(a._powers[i++]);
            else if (i == a._powers.Length || b._powers[j].Generator < a._powers[i].Generator) powers.Add(b._powers[j++]);
            else
            {
                BigRational sum = a._powers[i].Exponent + b._powers[j].Exponent;
                if (!sum.IsZero) powers.Add((a._powers[i].Generator, sum));
                i++;
                j++;
            }
        }
        return powers.Count == 0 ? One : new([.. powers]);
    }

    /// <summary>Every exponent times a factor.</summary>
    public Monomial Power(BigRational factor) =>
        factor.IsZero ? One : new(Array.ConvertAll(_powers, power => (power.Generator, power.Exponent * factor)));

    /// <summary>The monomial without one generator.</summary>
    public Monomial Without(int generator) => new(Array.FindAll(_powers, power => power.Generator != generator));

    public BigRational ExponentOf(int generator)
    {
        foreach ((int g, BigRational exponent) in _powers)
            if (g == generator) return exponent;
        return default;
    }

    public bool Equals(Monomial? other)
    {
        if (other is null || _hash != other._hash || _powers.Length != other._powers.Length) return false;
        for (int i = 0; i < _powers.Length; i++)
            if (_powers[i].Generator != other._powers[i].Generator || _powers[i].Exponent != other._powers[i].Exponent) return false;
        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as Monomial);

    public override int GetHashCode() => _hash;
}
