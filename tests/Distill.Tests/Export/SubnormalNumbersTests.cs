using Distill.Export.Quantization;
using Distill.Models;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

/// <summary>Tiny weights give the same bytes whatever the thread does with subnormal numbers otherwise.</summary>
public sealed class SubnormalNumbersTests
{
    [Theory]
    [InlineData(GgufTensorType.Q8_0)]
    [InlineData(GgufTensorType.Q4_0)]
    [InlineData(GgufTensorType.Q4_K)]
    [InlineData(GgufTensorType.MXFP4)]
    public void AThreadThatTakesThemForZeroWritesTheSameBytes(GgufTensorType type)
    {
        var random = new Random(5);
        float[] values = [.. Enumerable.Range(0, 512).Select(_ => (float)((random.NextDouble() - 0.5) * 1e-37))];
        byte[] exact = new byte[type.ByteCount(values.Length)], flushed = new byte[exact.Length];
        int inside = 0, outside = 0;
        var thread = new Thread(() =>
        {
            Aten.FlushDenormals();
            using (new SubnormalNumbers())
            {
                inside = TinyProduct(values);
                BlockQuantizer.Encode(type, values, 256, [], exact);
            }
            BlockQuantizer.Encode(type, values, 256, [], flushed);
            outside = TinyProduct(values); // the thread is as it was
        });
        thread.Start();
        thread.Join();

        Assert.Equal(exact, flushed);
        Assert.Equal(0, outside);
        Assert.NotEqual(0, inside);
    }

    // The bits of a subnormal number: it equals zero in the thread that asserts, if that thread takes it for zero as well.
    private static int TinyProduct(float[] values) => BitConverter.SingleToInt32Bits(values.Max(MathF.Abs) * 1e-3f);
}
