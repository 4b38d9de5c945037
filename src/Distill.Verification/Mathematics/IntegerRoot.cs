using System.Numerics;

namespace Distill.Verification.Mathematics;

/// <summary>Integer parts of roots.</summary>
internal static class IntegerRoot
{
    /// <summary>The largest integer whose power of that degree is at most the value.</summary>
    public static BigInteger Of(BigInteger value, int degree, WorkBudget budget)
    {
        if (value < 2) return value;
        BigInteger x = BigInteger.One << (int)((value.GetBitLength() + degree - 1) / degree);
        while (true)
        {
            budget.ChargeProduct(value.GetBitLength(), 64 + value.GetBitLength() / 4);
            BigInteger next = ((degree - 1) * x + value / BigInteger.Pow(x, degree - 1)) / degree;
            if (next >= x) return x;
            x = next;
        }
    }
}
