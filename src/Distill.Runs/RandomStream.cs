using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Distill.Runs;

/// <summary>
/// Random numbers that are the same on every machine and runtime version for the same seed.
/// Source: SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
/// </summary>
/// <param name="seed">Any number; nearby seeds give unrelated streams.</param>
public sealed class RandomStream(long seed)
{
    private ulong state = unchecked((ulong)seed);

    /// <summary>A seed that depends on a base seed and on names, e.g. a rollout id.</summary>
    public static long DeriveSeed(long seed, params ReadOnlySpan<string> names)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}\n{string.Join('\n', names.ToArray())}"));
        return BinaryPrimitives.ReadInt64LittleEndian(hash) & long.MaxValue;
    }

    /// <summary>The position in the stream; setting it continues from there.</summary>
    public long State
    {
        get => unchecked((long)state);
        set => state = unchecked((ulong)value);
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A whole number from <paramref name="minimum"/> to <paramref name="maximum"/>, both included.</summary>
    public int Next(int minimum, int maximum) =>
        minimum + (int)Math.BigMul(NextBits(), (ulong)(maximum - minimum + 1), out _);

    /// <summary>A number drawn from the standard normal distribution (Box and Muller's method).</summary>
    public double NextNormal() =>
        Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    /// <summary>Puts the items in random order (Fisher and Yates' method).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = Next(0, i);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
