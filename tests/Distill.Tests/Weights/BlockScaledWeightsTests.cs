using System.Runtime.InteropServices;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Weights;

public sealed class BlockScaledWeightsTests : IDisposable
{
    private const byte One = 0x38; // 1.0 in E4M3: exponent 7 is the bias, mantissa 0

    // By hand, E4M3FN: sign, 4 bits of exponent with bias 7, 3 bits of mantissa; no infinities, S.1111.111 is NaN.
    private static readonly (byte Code, float Value)[] Table =
    [
        (0x00, 0), (0x80, -0f), (0x01, 1 / 512f), (0x07, 7 / 512f), (0x08, 1 / 64f), (0x38, 1), (0x39, 1.125f), (0x3F, 1.875f), (0x40, 2),
        (0xC0, -2), (0x44, 3), (0x7E, 448), (0xFE, -448), (0x78, 256), (0x30, 0.5f),
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EveryKindOfCodeTimesItsScale()
    {
        Write(1, Table.Length, [.. Table.Select(entry => entry.Code)], [0.75f]);
        using IWeightSource weights = WeightSource.Open(_folder.Path);
        Assert.Equal("w.weight", Assert.Single(weights.Tensors).Name); // the scales are no tensor of the model
        Assert.Equal(TensorType.F32, weights.Tensors[0].Type);
        float[] expected = [.. Table.Select(entry => entry.Value * 0.75f)];
        Assert.Equal(expected, Read(weights, 0, Table.Length));
        Assert.Equal(expected, MemoryMarshal.Cast<byte, float>(weights.Bytes(weights.Tensors[0])).ToArray());
        Assert.False(weights.TryGet("w.weight_scale_inv", out _));
    }

    [Theory]
    [InlineData(128, 128)]
    [InlineData(256, 384)]
    [InlineData(130, 257)]
    [InlineData(1, 300)]
    [InlineData(300, 1)]
    public void EachBlockHasItsScaleAlsoTheCutOnesAtTheEdges(int rows, int columns)
    {
        int across = (columns + 127) / 128, down = (rows + 127) / 128;
        float[] scales = [.. Enumerable.Range(0, across * down).Select(i => 1 + (i / 8f))];
        Write(rows, columns, [.. Enumerable.Repeat(One, rows * columns)], scales);
        using IWeightSource weights = WeightSource.Open(_folder.Path);
        float[] expected = [.. Enumerable.Range(0, rows * columns).Select(i => scales[(i / columns / 128 * across) + (i % columns / 128)])];
        Assert.Equal(expected, Read(weights, 0, expected.Length));
        int start = Math.Min(expected.Length - 1, 77); // from the middle of a block, over its edge
        int count = Math.Min(200, expected.Length - start);
        Assert.Equal(expected[start..(start + count)], Read(weights, start, count));
    }

    [Fact]
    public void ScalesThatDoNotFitAreNamed()
    {
        Write(130, 257, new byte[130 * 257], new float[4], scaleShape: [2, 2]);
        Assert.Contains("`w.weight_scale_inv` has shape [2, 2], expected [2, 3]", Assert.Throws<InputException>(() => WeightSource.Open(_folder.Path)).Message);
        WeightFolder.Write(_folder.Path, [TensorToWrite.OfFloats("w.weight_scale_inv", [1, 1], new float[1])]);
        Assert.Contains("scales `w.weight`, which is missing", Assert.Throws<InputException>(() => WeightSource.Open(_folder.Path)).Message);
        WeightFolder.Write(_folder.Path, [TensorToWrite.OfFloats("w.weight", [1, 1], new float[1]), TensorToWrite.OfFloats("w.weight_scale_inv", [1, 1], new float[1])]);
        Assert.Contains("not a matrix of 8-bit floats", Assert.Throws<InputException>(() => WeightSource.Open(_folder.Path)).Message);
    }

    private static float[] Read(IWeightSource weights, long start, int count)
    {
        var values = new float[count];
        weights.ReadFloats(weights.Tensors[0], start, values);
        return values;
    }

    private void Write(int rows, int columns, byte[] codes, float[] scales, long[]? scaleShape = null) => WeightFolder.Write(_folder.Path,
    [
        new TensorToWrite("w.weight", TensorType.F8E4M3, [rows, columns], stream => stream.Write(codes)),
        TensorToWrite.OfFloats("w.weight_scale_inv", scaleShape ?? [(rows + 127) / 128, (columns + 127) / 128], scales),
    ]);
}
