using Distill.Export.Gguf;
using Distill.Export.Onnx;
using Distill.Inspection;
using Distill.Runs;
using Distill.Tests.Traces;
using Distill.Traces;
using Xunit;

namespace Distill.Tests.Inspection;

/// <summary>Files that somebody has tampered with: told apart in one line, never a crash.</summary>
public sealed class HostileFileTests : IDisposable
{
    private const int Mutations = 1000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("gguf")]
    [InlineData("onnx")]
    [InlineData("safetensors")]
    [InlineData("parquet")]
    public void AMutatedFileIsRefusedOrRead(string format)
    {
        byte[] whole = File.ReadAllBytes(Make(format));
        int head = Math.Min(whole.Length, 20_000); // what describes the file; of a Parquet file that is its end
        var random = new Random(11);
        string path = _folder["mutated." + format];
        int refused = 0;
        for (int i = 0; i < (format == "parquet" ? Mutations / 10 : Mutations); i++)
        {
            byte[] bytes = [.. whole];
            for (int change = random.Next(1, 5); change > 0; change--)
            {
                int at = random.Next(head);
                bytes[format == "parquet" ? bytes.Length - 1 - at : at] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => 0xFF, _ => 0 };
            }
            File.WriteAllBytes(path, random.Next(20) == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            try
            {
                Inspector.Inspect(path, withTensors: true);
            }
            catch (InputException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 1, Mutations); // the mutations do reach the parts that matter
    }

    [Fact]
    public void ClaimsOfAnOnnxFileAreNotBelieved()
    {
        // Graph with a constant of 2^40 x 2^40 elements; with dimensions that multiply to just below 2^63, twice.
        Assert.Contains("impossible shape", Refused(Model(Constant(1L << 40, 1L << 40))));
        byte[] twice = Model([.. Constant(long.MaxValue / 32), .. Constant(long.MaxValue / 32)]);
        File.WriteAllBytes(_folder["m.onnx"], twice);
        Assert.Equal(long.MaxValue / 32 * 2, (long)Inspector.Inspect(_folder["m.onnx"], false).Facts["types"]![0]!["elements"]!);
        Assert.Contains("ends behind the message", Refused([0x08, 0x0A, 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00]));
        Assert.Contains("holds no graph", Refused([0x08, 0x0A]));
        Assert.Contains("unknown kind 3", Refused([0x08, 0x0A, 0x4B, 0x4B, 0x4B]));
        Assert.Contains("more than ten bytes", Refused([0x08, .. Enumerable.Repeat((byte)0xFF, 12)]));
    }

    private string Make(string format)
    {
        TinyModels.Qwen2(_folder["model"]);
        switch (format)
        {
            case "gguf":
                GgufExport.Write(_folder["model"], _folder["m.gguf"], GgufFileType.Q8_0, "tiny");
                return _folder["m.gguf"];
            case "onnx":
                return OnnxExport.Write(_folder["model"], _folder["onnx"]);
            case "safetensors":
                return _folder["model/model.safetensors"];
            default:
                TraceWriter.WritePart(_folder["t.parquet"], [SampleTraces.Make(1), SampleTraces.Make(2)]);
                return _folder["t.parquet"];
        }
    }

    private string Refused(byte[] bytes)
    {
        File.WriteAllBytes(_folder["m.onnx"], bytes);
        return Assert.Throws<InputException>(() => Inspector.Inspect(_folder["m.onnx"], false)).Message;
    }

    private static byte[] Model(byte[] graph) => [0x08, 0x0A, .. Field(7, graph)];

    private static byte[] Constant(params long[] shape)
    {
        byte[] tensor = [.. shape.SelectMany(dimension => Varint(1 << 3).Concat(Varint((ulong)dimension))), .. Varint(2 << 3), 1];
        return Field(5, tensor);
    }

    private static byte[] Field(int number, byte[] content) => [.. Varint((ulong)((number << 3) | 2)), .. Varint((ulong)content.Length), .. content];

    private static IEnumerable<byte> Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
