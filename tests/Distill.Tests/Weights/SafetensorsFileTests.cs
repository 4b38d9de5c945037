using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Weights;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WhatIsWrittenIsReadBack()
    {
        float[] values = [1.5f, -2, 0, 3e30f, 4, 5];
        string path = _folder["m.safetensors"];
        SafetensorsWriter.Write(path,
        [
            TensorToWrite.OfFloats("weights \"größe\"", [2, 3], values),
            new TensorToWrite("halves", TensorType.F16, [2], stream => stream.Write([0x00, 0x3C, 0x00, 0xC0])),
            new TensorToWrite("scalar", TensorType.I64, [], stream => stream.Write([7, 0, 0, 0, 0, 0, 0, 0])),
            new TensorToWrite("empty", TensorType.F32, [0, 4], _ => { }),
        ], new Dictionary<string, string> { ["made by"] = "a test" });

        using IWeightSource file = SafetensorsFile.Open(path);
        Assert.Equal(["weights \"größe\"", "halves", "scalar", "empty"], file.Tensors.Select(t => t.Name));
        Assert.Equal("pt", ((SafetensorsFile)file).Metadata["format"]);
        Assert.Equal("a test", ((SafetensorsFile)file).Metadata["made by"]);
        Assert.True(file.TryGet("weights \"größe\"", out TensorInfo? info));
        Assert.Equal([2L, 3L], info.Shape);
        var read = new float[4];
        file.ReadFloats(info, 2, read);
        Assert.Equal(values[2..6], read);
        Assert.True(file.TryGet("halves", out TensorInfo? halves));
        file.ReadFloats(halves, 0, read.AsSpan(0, 2));
        Assert.Equal([1f, -2f], read[..2]);
        Assert.True(file.TryGet("scalar", out TensorInfo? scalar));
        Assert.Equal(7, MemoryMarshal.Read<long>(file.Bytes(scalar)));
        Assert.Throws<InputException>(() => file.ReadFloats(scalar, 0, new float[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadFloats(info, 3, new float[4]));
        Assert.False(file.TryGet("missing", out _));
        Assert.Equal(0, (new FileInfo(path).Length - 24 - 4 - 8) % 8); // data starts on a multiple of 8
    }

    [Fact]
    public void TheSameTensorsGiveTheSameBytes()
    {
        foreach (string name in new[] { "a", "b" })
        {
            SafetensorsWriter.Write(_folder[name], [TensorToWrite.OfFloats("x", [2], new float[] { 1, 2 })],
                new Dictionary<string, string> { [name == "a" ? "p" : "q"] = "1", [name == "a" ? "q" : "p"] = "1" });
        }
        Assert.Equal(File.ReadAllBytes(_folder["a"]), File.ReadAllBytes(_folder["b"]));
    }

    [Fact]
    public void ReadingAfterDisposeIsRefused()
    {
        SafetensorsWriter.Write(_folder["x"], [TensorToWrite.OfFloats("x", [1], new float[1])]);
        var file = SafetensorsFile.Open(_folder["x"]);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Pointer(file.Tensors[0]));
    }

    [Fact]
    public void AWriterThatWritesTooLittleLeavesNoFile()
    {
        var tensor = new TensorToWrite("short", TensorType.F32, [2], stream => stream.Write([1, 2, 3]));
        Assert.Contains("`short`", Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(_folder["x"], [tensor])).Message);
        Assert.Empty(Directory.EnumerateFiles(_folder.Path));
    }

    public static TheoryData<string, int, string> DamagedHeaders => new()
    {
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "`a` lies at bytes 0..8" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12, "4 bytes follow" },
        { """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs 12 bytes" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "`a` lies at bytes 8..0" },
        { """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "`a` has a negative" },
        { """{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}""", 8, "`a` has a negative" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}}""", 8, "`a` has a negative" },
        { """{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,8]}}""", 8, "`a` has an impossible shape" },
        { """{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}""", 0, "`a` has an impossible shape" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "`b` overlaps" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "gap before tensor `a`" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "`a` is listed twice" },
        { """{"a":{"dtype":"Q4_K","shape":[1],"data_offsets":[0,4]}}""", 4, "unknown dtype Q4_K" },
        { """{"a":{"dtype":"F32","shape":[1]}}""", 4, "`a` lacks" },
        { """{"a":7}""", 0, "`a` has no description" },
        { """[1]""", 0, "not a JSON object" },
        { """{"a":{"dtype":"F32","shape":""", 0, "not valid JSON" },
        { """{} {}""", 0, "not valid JSON" },
        { """{"a":{"dtype":5,"shape":[1],"data_offsets":[0,4]}}""", 4, "not valid JSON" },
    };

    [Theory]
    [MemberData(nameof(DamagedHeaders))]
    public void ADamagedHeaderIsNamed(string header, int dataBytes, string expected)
    {
        InputException error = OpenRaw((ulong)Encoding.UTF8.GetByteCount(header), [.. Encoding.UTF8.GetBytes(header), .. new byte[dataBytes]]);
        Assert.Contains("x.safetensors: ", error.Message);
        Assert.Contains(expected, error.Message);
        Assert.NotNull(error.Hint);
    }

    [Fact]
    public void AHeaderLengthBeyondTheFileOrTheLimitIsRefusedBeforeAnythingIsAllocated()
    {
        Assert.Contains("truncated", OpenRaw(5000, new byte[100]).Message);
        Assert.Contains("limit", OpenRaw(ulong.MaxValue, new byte[100]).Message);
        Assert.Contains("limit", OpenRaw(1UL << 40, new byte[100]).Message);
        File.WriteAllBytes(_folder["tiny"], [1, 2, 3]);
        Assert.Contains("too few", Assert.Throws<InputException>(() => SafetensorsFile.Open(_folder["tiny"])).Message);
        File.WriteAllBytes(_folder["empty"], []);
        Assert.Contains("empty", Assert.Throws<InputException>(() => SafetensorsFile.Open(_folder["empty"])).Message);
        Assert.Contains("no such file", Assert.Throws<InputException>(() => SafetensorsFile.Open(_folder["absent"])).Message);
        Assert.Contains("cannot be read", Assert.Throws<InputException>(() => SafetensorsFile.Open(_folder.Path)).Message);
    }

    [Fact]
    public void AFileCutAtAnyLengthIsRefused()
    {
        SafetensorsWriter.Write(_folder["whole"], [TensorToWrite.OfFloats("x", [2, 2], new float[4]), TensorToWrite.OfFloats("y", [1], new float[1])]);
        byte[] whole = File.ReadAllBytes(_folder["whole"]);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(_folder["cut"], whole[..length]);
            Assert.Throws<InputException>(() => SafetensorsFile.Open(_folder["cut"]));
        }
    }

    private InputException OpenRaw(ulong headerLength, byte[] rest)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, headerLength);
        string path = _folder["x.safetensors"];
        File.WriteAllBytes(path, [.. length, .. rest]);
        return Assert.Throws<InputException>(() => SafetensorsFile.Open(path));
    }
}
