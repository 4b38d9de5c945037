using System.Numerics;

namespace Distill.Verification.Mathematics;

/// <summary>Factors positive integers by trial division; what is left over after small primes counts as one prime, marked as unsure.</summary>
internal static class PrimeFactors
{
    private static readonly int[] Small = Sieve(4000);

    /// <summary>The factors with their exponents, and whether all of them are certainly prime.</summary>
    public static (List<(BigInteger Prime, int Exponent)> Factors, bool Certain) Of(BigInteger value, WorkBudget budget)
    {
        var factors = new List<(BigInteger, int)>();
        foreach (int prime in Small)
        {
            if (value.IsOne) break;
            if ((BigInteger)prime * prime > value)
            {
                factors.Add((value, 1));
                return (factors, true);
            }
            budget.Charge(1 + value.GetBitLength() / 32);
            int exponent = 0;
            while ((value % prime).IsZero)
            {
                budget.Charge(1 + value.GetBitLength() / 32);
                value /= prime;
                exponent++;
            }
            if (exponent > 0) factors.Add((prime, exponent));
        }
        if (value.IsOne) return (factors, true);
        for (int degree = 5; degree >= 2; degree--)
        {
            BigInteger root = IntegerRoot.Of(value, degree, budget);
            if (BigInteger.Pow(root, degree) != value) continue;
            factors.Add((root, degree));
            return (factors, false);
        }
        factors.Add((value, 1));
        return (factors, value < 16_000_000);
    }

    private static int[] Sieve(int limit)
    {
        var composite = new bool[limit];
        var primes = new List<int>();
        for (int i = 2; i < limit; i++)
        {
            if (composite[i]) continue;
            primes.Add(i);
            for (int j = i * i; j < limit; j += i) composite[j] = true;
        }
        return [.. primes];
    }
}
