using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Distill.Models;

/// <summary>
/// A block of 256 moments in 8 bits with a scale. Moments of a block differ by orders of magnitude, so their roots are stored: the square root of a mean, with
/// its sign, the fourth root of a variance. A variance that is not zero never becomes zero: the update divides by it.
/// </summary>
internal static unsafe class BlockOfMoments
{
    private const int Size = 256, AtOnce = 32;
    private const float Largest = 127;

    /// <summary>Makes 32-bit floats of a block.</summary>
    public static void Read(sbyte* numbers, float scale, float* moments, bool isVariance)
    {
        for (int i = 0; i < Size; i += AtOnce)
        {
            (Vector256<short> low, Vector256<short> high) = Vector256.Widen(Vector256.Load(numbers + i));
            (Vector256<int> first, Vector256<int> second) = Vector256.Widen(low);
            (Vector256<int> third, Vector256<int> fourth) = Vector256.Widen(high);
            OfRoot(first, scale, isVariance).Store(moments + i);
            OfRoot(second, scale, isVariance).Store(moments + i + 8);
            OfRoot(third, scale, isVariance).Store(moments + i + 16);
            OfRoot(fourth, scale, isVariance).Store(moments + i + 24);
        }
    }

    /// <summary>Stores a block; its values are lost.</summary>
    /// <returns>The scale.</returns>
    public static float Write(float* moments, sbyte* numbers, bool isVariance)
    {
        Vector256<float> most = Vector256<float>.Zero;
        for (int i = 0; i < Size; i += Vector256<float>.Count)
        {
            Vector256<float> moment = Vector256.Load(moments + i), root = Vector256.Sqrt(Vector256.Abs(moment));
            if (isVariance) root = Vector256.Sqrt(root);
            most = Vector256.Max(most, root);
            Vector256.CopySign(root, moment).Store(moments + i);
        }
        float largest = 0;
        for (int i = 0; i < Vector256<float>.Count; i++) largest = Math.Max(largest, most[i]);
        float scale = largest / Largest;
        Vector256<float> divisor = Vector256.Create(scale == 0 ? 1 : scale);
        for (int i = 0; i < Size; i += AtOnce)
        {
            Vector256<short> low = Vector256.Narrow(Number(moments + i, divisor, isVariance), Number(moments + i + 8, divisor, isVariance));
            Vector256<short> high = Vector256.Narrow(Number(moments + i + 16, divisor, isVariance), Number(moments + i + 24, divisor, isVariance));
            Vector256.Narrow(low, high).Store(numbers + i);
        }
        return scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> OfRoot(Vector256<int> number, float scale, bool isVariance)
    {
        Vector256<float> root = Vector256.ConvertToSingle(number) * scale, square = root * root;
        return isVariance ? square * square : Vector256.CopySign(square, root);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Number(float* root, Vector256<float> divisor, bool isVariance)
    {
        Vector256<float> value = Vector256.Load(root), number = Vector256.Round(value / divisor);
        if (isVariance) number = Vector256.ConditionalSelect(Vector256.GreaterThan(value, Vector256<float>.Zero), Vector256.Max(number, Vector256<float>.One), number);
        return Vector256.ConvertToInt32(number);
    }
}
