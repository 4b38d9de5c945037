namespace Distill.Verification.Mathematics;

/// <summary>A sum of monomials with rational coefficients, none of them 0.</summary>
internal sealed class Polynomial
{
    /// <summary>Most terms that are kept.</summary>
    public const int MostTerms = 2000;

    /// <summary>Longest coefficient, in bits.</summary>
    public const long LongestCoefficient = 1 << 15;

    private readonly Dictionary<Monomial, BigRational> _terms;

    private Polynomial(Dictionary<Monomial, BigRational> terms) => _terms = terms;

    public static Polynomial Zero { get; } = new([]);

    public static Polynomial One { get; } = Of(1);

    public IReadOnlyDictionary<Monomial, BigRational> Terms => _terms;

    public bool IsZero => _terms.Count == 0;

    /// <summary>The value when it is a rational number.</summary>
    public BigRational? Constant => _terms.Count switch
    {
        0 => BigRational.Zero,
        1 when _terms.TryGetValue(Monomial.One, out BigRational value) => value,
        _ => null,
    };

    /// <summary>The only term, or null.</summary>
    public (Monomial Monomial, BigRational Coefficient)? Single => _terms.Count == 1 ? (_terms.First().Key, _terms.First().Value) : null;

    public static Polynomial Of(BigRational constant) => constant.IsZero ? new([]) : new(new() { [Monomial.One] = constant });

    public static Polynomial Of(Monomial monomial, BigRational coefficient) => coefficient.IsZero ? Zero : new(new() { [monomial] = coefficient });

    public static Polynomial Sum(Polynomial a, Polynomial b, WorkBudget budget)
    {
        if (a.IsZero) return b;
        if (b.IsZero) return a;
        budget.Charge(a._terms.Count + b._terms.Count);
        var terms = new Dictionary<Monomial, BigRational>(a._terms);
        foreach ((Monomial monomial, BigRational coefficient) in b._terms) Add(terms, monomial, coefficient);
        return new(terms);
    }

    public Polynomial Scale(BigRational factor) =>
        factor.IsOne ? this : factor.IsZero ? Zero : new(_terms.ToDictionary(term => term.Key, term => term.Value * factor));

    public Polynomial Times(Monomial monomial) => monomial.IsOne ? this : new(_terms.ToDictionary(term => term.Key * monomial, term => term.Value));

    /// <summary>The product, before relations between generators are applied.</summary>
    /// <exception cref="WorkExceededException">It has too many terms, or coefficients are too long.</exception>
    public static Polynomial Product(Polynomial a, Polynomial b, WorkBudget budget)
    {
        if (a.Constant is { } left) return b.Scaled(left, budget);
        if (b.Constant is { } right) return a.Scaled(right, budget);
        var terms = new Dictionary<Monomial, BigRational>();
        foreach ((Monomial m, BigRational c) in a._terms)
        {
            foreach ((Monomial n, BigRational d) in b._terms)
            {
                Check(c, d, budget);
                budget.Charge(20);
                Add(terms, m * n, c * d);
                if (terms.Count > MostTerms) throw new WorkExceededException();
            }
        }
        return new(terms);
    }

    public static void Add(Dictionary<Monomial, BigRational> terms, Monomial monomial, BigRational coefficient)
    {
        BigRational sum = terms.GetValueOrDefault(monomial) + coefficient;
        if (sum.IsZero) terms.Remove(monomial);
        else terms[monomial] = sum;
    }

    public static Polynomial FromTerms(Dictionary<Monomial, BigRational> terms) => new(terms);

    private Polynomial Scaled(BigRational factor, WorkBudget budget)
    {
        foreach (BigRational coefficient in _terms.Values) Check(coefficient, factor, budget);
        return Scale(factor);
    }

    private static void Check(BigRational a, BigRational b, WorkBudget budget)
    {
        long left = a.Bits, right = b.Bits;
        if (left + right > LongestCoefficient * 2) throw new WorkExceededException();
        budget.ChargeProduct(left, right);
    }
}
