using System.Buffers.Binary;
using System.Text;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Weights;

public sealed class GgufFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheBytesAreThoseOfTheFormat()
    {
        var metadata = new GgufMetadata { { "k", 7u } };
        GgufWriter.Write(_folder["x.gguf"], metadata, [new GgufTensorToWrite("t", GgufTensorType.F16, [2, 3], stream => stream.Write(new byte[12]))]);

        byte[] expected =
        [
            .. "GGUF"u8, 3, 0, 0, 0, // magic, version
            1, 0, 0, 0, 0, 0, 0, 0, // tensors
            1, 0, 0, 0, 0, 0, 0, 0, // keys
            1, 0, 0, 0, 0, 0, 0, 0, (byte)'k', 4, 0, 0, 0, 7, 0, 0, 0, // key, u32, value
            1, 0, 0, 0, 0, 0, 0, 0, (byte)'t', 2, 0, 0, 0, // name, dimensions
            3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, // fastest dimension first
            1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // F16, offset 0
        ];
        byte[] written = File.ReadAllBytes(_folder["x.gguf"]);
        Assert.Equal(expected, written[..expected.Length]);
        Assert.Equal(0, written.Length % 32);
        Assert.Equal(((expected.Length + 31) / 32 * 32) + 32, written.Length);
    }

    [Fact]
    public void WhatIsWrittenIsReadBack()
    {
        WriteSample(_folder["x.gguf"]);
        using GgufReader reader = GgufReader.Open(_folder["x.gguf"]);
        foreach ((string key, object value) in SampleMetadata())
        {
            Assert.True(reader.Metadata.TryGet(key, out object? read));
            Assert.Equal(value, read);
            Assert.Equal(value.GetType(), read.GetType());
        }
        Assert.Equal(SampleMetadata().Select(pair => pair.Key), reader.Metadata.Select(pair => pair.Key));
        Assert.Equal(["floats", "halves", "quants"], reader.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([3L, 5L], reader.Tensors[0].Shape);
        Assert.All(reader.Tensors, tensor => Assert.Equal(0, tensor.Offset % 32));

        var values = new float[4];
        reader.ReadFloats(reader.Tensors[0], 11, values);
        Assert.Equal([11f, 12f, 13f, 14f], values);
        reader.ReadFloats(reader.Tensors[1], 0, values.AsSpan(0, 2));
        Assert.Equal([1f, -2f], values[..2]);
        var quants = new float[40];
        reader.ReadFloats(reader.Tensors[2], 30, quants.AsSpan(0, 34)); // over a block's edge
        Assert.Equal([15f, 15.5f, .. Enumerable.Range(0, 32).Select(i => -2f * i)], quants[..34]);
    }

    [Fact]
    public void MetadataOfAnotherTypeOrMissingIsNamed()
    {
        WriteSample(_folder["x.gguf"]);
        using GgufReader reader = GgufReader.Open(_folder["x.gguf"]);
        Assert.Equal(4_000_000, reader.Metadata.GetCount("u32"));
        Assert.Equal(9, reader.Metadata.GetCount("u64"));
        Assert.Contains("`i32`", Assert.Throws<InputException>(() => reader.Metadata.GetCount("i32")).Message); // negative
        Assert.Contains("`string` is not a whole number", Assert.Throws<InputException>(() => reader.Metadata.GetCount("string")).Message);
        Assert.Contains("`absent` is missing", Assert.Throws<InputException>(() => reader.Metadata.GetString("absent")).Message);
        Assert.Contains("`u32` is not a string", Assert.Throws<InputException>(() => reader.Metadata.GetString("u32")).Message);
        Assert.Null(reader.Metadata.FindFloat("absent"));
        Assert.Null(reader.Metadata.FindBool("absent"));
    }

    [Fact]
    public void AFileCutAnywhereIsRefusedUnlessOnlyPaddingIsLost()
    {
        WriteSample(_folder["x.gguf"]);
        byte[] whole = File.ReadAllBytes(_folder["x.gguf"]);
        int lastTensorEnd;
        using (GgufReader reader = GgufReader.Open(_folder["x.gguf"])) lastTensorEnd = (int)(reader.Tensors[^1].Offset + reader.Tensors[^1].ByteCount);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(_folder["cut"], whole[..length]);
            if (length < lastTensorEnd) Assert.Throws<InputException>(() => GgufReader.Open(_folder["cut"]));
            else GgufReader.Open(_folder["cut"]).Dispose();
        }
    }

    [Fact]
    public void AnyDamagedByteGivesAFileOrAnInputErrorAndNeverAnythingElse()
    {
        WriteSample(_folder["x.gguf"]);
        byte[] whole = File.ReadAllBytes(_folder["x.gguf"]);
        var random = new Random(11);
        for (int i = 0; i < 1000; i++)
        {
            byte[] damaged = [.. whole];
            int flips = random.Next(1, 4);
            for (int flip = 0; flip < flips; flip++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(_folder["damaged"], damaged);
            try
            {
                using GgufReader reader = GgufReader.Open(_folder["damaged"]);
                foreach (GgufTensorInfo tensor in reader.Tensors) _ = reader.Bytes(tensor);
            }
            catch (InputException e)
            {
                Assert.StartsWith(_folder["damaged"], e.Message);
            }
        }
    }

    public static TheoryData<string, int, byte[], string> Damages => new()
    {
        { "magic", 0, [(byte)'X'], "not a GGUF file" },
        { "version 1", 4, [1], "version 1" },
        { "big endian", 4, [0, 0, 0, 3], "big-endian" },
        { "2^56 tensors", 15, [1], "tensors, more than it holds" },
        { "2^56 keys", 23, [1], "keys, more than it holds" },
        { "key of 2^56 bytes", 31, [1], "the file ends inside key 0" },
        { "unknown value type", 33, [99], "`a` has the unknown value type 99" },
        { "array element type", 37, [99], "`a` has the unknown element type 99" },
        { "array of arrays", 37, [9], "array of arrays" },
        { "2^56 elements", 48, [1], "elements, more than the file holds" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void ADamagedHeadIsNamed(string what, int position, byte[] bytes, string expected)
    {
        GgufWriter.Write(_folder["x.gguf"], new GgufMetadata { { "a", new uint[] { 1, 2 } } }, []);
        byte[] file = File.ReadAllBytes(_folder["x.gguf"]);
        bytes.CopyTo(file, position);
        File.WriteAllBytes(_folder["x.gguf"], file);
        Assert.Contains(expected, Assert.Throws<InputException>(() => GgufReader.Open(_folder["x.gguf"])).Message + what);
    }

    public static TheoryData<string, string, uint, long[], long, string> DamagedTensors => new()
    {
        { "hole", "b", 0, [4], 64, "`b` has offset 64, expected 32" },
        { "negative offset", "b", 0, [4], -32, "expected 32" },
        { "same name", "a", 0, [4], 32, "`a` is there twice" },
        { "unknown type", "b", 5, [4], 32, "`b` has the unknown type 5" },
        { "rows not whole blocks", "b", 8, [33], 32, "no multiple of 32" },
        { "negative dimension", "b", 0, [-4], 32, "negative dimension" },
        { "overflow", "b", 0, [1L << 40, 1L << 40], 32, "impossible shape" },
        { "byte overflow", "b", 0, [1L << 62], 32, "impossible shape" },
        { "huge", "b", 0, [1L << 50], 32, "ends inside tensor `b`" },
        { "five dimensions", "b", 0, [1, 1, 1, 1, 1], 32, "5 dimensions" },
        { "empty name", "", 0, [4], 32, "name" },
        { "long name", new string('n', 64), 0, [4], 32, "name" },
    };

    [Theory]
    [MemberData(nameof(DamagedTensors))]
    public void ADamagedTensorIsNamed(string what, string name, uint type, long[] dimensions, long offset, string expected)
    {
        using (var writer = new BinaryWriter(File.Create(_folder["x.gguf"])))
        {
            writer.Write("GGUF"u8);
            writer.Write(3u);
            writer.Write(2ul);
            writer.Write(0ul);
            WriteInfo(writer, "a", 0, [4], 0);
            WriteInfo(writer, name, type, dimensions, offset);
            writer.Write(new byte[256]);
        }
        Assert.Contains(expected, Assert.Throws<InputException>(() => GgufReader.Open(_folder["x.gguf"])).Message + what);

        static void WriteInfo(BinaryWriter writer, string name, uint type, long[] dimensions, long offset)
        {
            writer.Write((ulong)name.Length);
            writer.Write(Encoding.UTF8.GetBytes(name));
            writer.Write(dimensions.Length);
            foreach (long dimension in dimensions) writer.Write(dimension);
            writer.Write(type);
            writer.Write(offset);
        }
    }

    [Fact]
    public void AlignmentIsObeyedWhenStatedAndRefusedWhenImpossible()
    {
        GgufWriter.Write(_folder["x.gguf"], new GgufMetadata { { "general.alignment", 33u } }, []);
        Assert.Contains("general.alignment", Assert.Throws<InputException>(() => GgufReader.Open(_folder["x.gguf"])).Message);
        GgufWriter.Write(_folder["x.gguf"], new GgufMetadata { { "general.alignment", 32u } }, [Floats("a", 4), Floats("b", 4)]);
        using GgufReader reader = GgufReader.Open(_folder["x.gguf"]);
        Assert.Equal(32, reader.Tensors[1].Offset - reader.Tensors[0].Offset);
    }

    [Fact]
    public void TheWriterRefusesWhatReadersWould()
    {
        GgufMetadata none = [];
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(_folder["x"], none, [Floats("a", 4), Floats("a", 4)]));
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(_folder["x"], none, [Floats(new string('n', 64), 4)]));
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(_folder["x"], none, [new GgufTensorToWrite("q", GgufTensorType.Q8_0, [2, 48], _ => { })]));
        Assert.Throws<InvalidOperationException>(() => GgufWriter.Write(_folder["x"], none, [new GgufTensorToWrite("q", GgufTensorType.F32, [4], _ => { })]));
        Assert.Throws<ArgumentException>(() => new GgufMetadata { { "k", 1u }, { "k", 2u } });
        Assert.Throws<ArgumentException>(() => new GgufMetadata { { "k", 1.5m } });
        Assert.Throws<InputException>(() => GgufWriter.Write(_folder["x"], new GgufMetadata { { "k", new string('x', (16 << 20) + 1) } }, []));
        Assert.Empty(Directory.EnumerateFiles(_folder.Path));
    }

    [Fact]
    public void ATypeThatCannotBeReadBackIsNamed()
    {
        GgufWriter.Write(_folder["x"], [], [new GgufTensorToWrite("q", GgufTensorType.I32, [256], stream => stream.Write(new byte[1024]))]);
        using GgufReader reader = GgufReader.Open(_folder["x"]);
        Assert.Contains("`q` is of type I32", Assert.Throws<InputException>(() => reader.ReadFloats(reader.Tensors[0], 0, new float[4])).Message);
    }

    private static GgufTensorToWrite Floats(string name, int count) => new(name, GgufTensorType.F32, [count], stream => stream.Write(new byte[count * 4]));

    private static GgufMetadata SampleMetadata() => new()
    {
        { "u8", (byte)1 }, { "i8", (sbyte)-1 }, { "u16", (ushort)2 }, { "i16", (short)-2 }, { "u32", 4_000_000u }, { "i32", -4 },
        { "f32", 1.5f }, { "bool", true }, { "string", "grüße ▁" }, { "u64", 9ul }, { "i64", -9L }, { "f64", 2.5 },
        { "strings", new[] { "a", "", "é" } }, { "i32s", new[] { 1, -1 } }, { "bools", new[] { true, false } }, { "none", Array.Empty<float>() },
    };

    private static void WriteSample(string path) => GgufWriter.Write(path, SampleMetadata(),
    [
        new GgufTensorToWrite("floats", GgufTensorType.F32, [3, 5], stream =>
        {
            Span<byte> value = stackalloc byte[4];
            for (int i = 0; i < 15; i++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(value, i);
                stream.Write(value);
            }
        }),
        new GgufTensorToWrite("halves", GgufTensorType.F16, [2], stream => stream.Write([0x00, 0x3C, 0x00, 0xC0])),
        new GgufTensorToWrite("quants", GgufTensorType.Q8_0, [1, 64], stream =>
        {
            stream.Write([0x00, 0x38, .. Enumerable.Range(0, 32).Select(i => (byte)i)]); // scale 0.5
            stream.Write([0x00, 0x40, .. Enumerable.Range(0, 32).Select(i => (byte)-i)]); // scale 2
        }),
    ]);
}
