using Distill.Models;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

public sealed class WeightExpansionTests
{
    private const int Rows = 300, Columns = 160; // more blocks than one thread takes

    [Fact]
    public void BytesAreNumbersTimesTheirScale()
    {
        TorchRuntime.Initialize();
        using var scope = NewDisposeScope();
        Tensor numbers = randint(-127, 128, [Rows, Columns / 32, 32], ScalarType.Int8, generator: new Generator(1)), scales = Scales();
        Tensor values = empty(Rows - 7, Columns);
        WeightExpansion.OfBlocks(numbers, scales, packed: false, 7, values);
        sbyte[] n = numbers.data<sbyte>().ToArray();
        Half[] s = scales.data<Half>().ToArray();
        Assert.Equal(Enumerable.Range(7 * Columns, (Rows - 7) * Columns).Select(i => n[i] * (float)s[i / 32]), TinyShapes.Floats(values));
    }

    [Fact]
    public void HalfBytesAreTheLowOnesThenTheHighOnesLessEight()
    {
        TorchRuntime.Initialize();
        using var scope = NewDisposeScope();
        Tensor numbers = randint(0, 256, [Rows, Columns / 32, 16], ScalarType.Byte, generator: new Generator(2)), scales = Scales();
        Tensor values = empty(Rows - 7, Columns);
        WeightExpansion.OfBlocks(numbers, scales, packed: true, 7, values);
        byte[] n = numbers.data<byte>().ToArray();
        Half[] s = scales.data<Half>().ToArray();
        Assert.Equal(Enumerable.Range(7 * Columns, (Rows - 7) * Columns).Select(i =>
        {
            byte pair = n[((i / 32) * 16) + (i % 16)];
            return (((i % 32) < 16 ? pair & 15 : pair >> 4) - 8) * (float)s[i / 32];
        }), TinyShapes.Floats(values));
    }

    [Theory, InlineData(160), InlineData(7)] // a multiple of the stretch that is expanded at once, and not
    public void SixteenBitsAreTheUpperHalf(int columns)
    {
        TorchRuntime.Initialize();
        using var scope = NewDisposeScope();
        Tensor weight = randn([Rows, columns], generator: new Generator(3)).to(ScalarType.BFloat16), values = empty(Rows - 7, columns);
        WeightExpansion.OfBFloat16(weight, 7, values);
        Assert.Equal(TinyShapes.Floats(weight.narrow(0, 7, Rows - 7)), TinyShapes.Floats(values));
    }

    [Fact]
    public void EveryScaleIsTheNumberThatTheRuntimeMakesOfIt() => Assert.All(Enumerable.Range(0, 1 << 16), bits =>
    {
        Half scale = BitConverter.UInt16BitsToHalf((ushort)bits);
        Assert.Equal(BitConverter.SingleToUInt32Bits((float)scale), BitConverter.SingleToUInt32Bits(StoredNumbers.Wide(scale)));
    });

    // Scales below the smallest normal 16-bit float too: blocks of small weights have them.
    private static Tensor Scales() => (randn([Rows, Columns / 32, 1], generator: new Generator(4)) * pow(10, -arange(Columns / 32).view(1, -1, 1))).to(ScalarType.Float16);
}
