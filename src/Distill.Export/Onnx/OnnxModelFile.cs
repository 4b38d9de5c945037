using Distill.Runs;

namespace Distill.Export.Onnx;

/// <summary>
/// Writes a graph as one file while that stays under protobuf's 2 GB, else with the large constants in another beside it
/// (<c>model.onnx_data</c>). Field numbers: <c>onnx/onnx.proto</c>.
/// </summary>
internal static class OnnxModelFile
{
    /// <summary>Name of the file beside a graph: what transformers.js looks for; ONNX Runtime finds any name, it stands in the model file.</summary>
    public static string ExternalName(string fileName) => fileName + "_data";

    /// <summary>Bytes of constants that still fit under protobuf's limit together with the nodes.</summary>
    public const long LargestSingleFile = int.MaxValue - (64L << 20);

    private const int IrVersion = 10, Opset = 21;
    private const int InlineBytes = 1024, SmallAlignment = 64, LargeAlignment = 1 << 16, LargeBytes = 1 << 20;

    /// <summary>Writes the graph into a folder, each file whole or not at all.</summary>
    /// <param name="path">The graph's file.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="metadata">Key and value pairs that ONNX Runtime hands out again.</param>
    /// <param name="externalAbove">Constants of more bytes in all go to a file of their own.</param>
    public static void Write(string path, OnnxGraph graph, IReadOnlyList<(string Key, string Value)> metadata, long externalAbove)
    {
        string externalPath = ExternalName(path), externalName = Path.GetFileName(externalPath);
        ProtobufMessage model;
        if (graph.Constants.Sum(constant => constant.ByteCount) <= externalAbove)
        {
            model = Model(graph.ToMessage("main_graph", Inline), metadata);
            AtomicFile.Write(path, model.WriteTo);
            AtomicFile.Guard(externalPath, () => File.Delete(externalPath)); // an earlier, larger model's
            return;
        }
        Dictionary<OnnxTensor, long> offsets = Layout(graph.Constants);
        AtomicFile.Write(externalPath, stream => WriteExternal(stream, offsets));
        model = Model(graph.ToMessage("main_graph", tensor => offsets.TryGetValue(tensor, out long offset) ? External(tensor, externalName, offset) : Inline(tensor)), metadata);
        AtomicFile.Write(path, model.WriteTo);
    }

    private static ProtobufMessage Model(ProtobufMessage graph, IReadOnlyList<(string Key, string Value)> metadata)
    {
        ProtobufMessage model = new ProtobufMessage()
            .Varint(1, IrVersion)
            .Text(2, "distill")
            .Text(3, ToolVersion.Current)
            .Message(7, graph)
            .Message(8, new ProtobufMessage().Text(1, "").Varint(2, Opset))
            .Message(8, new ProtobufMessage().Text(1, OnnxGraph.MicrosoftDomain).Varint(2, 1));
        foreach ((string key, string value) in metadata) model.Message(14, new ProtobufMessage().Text(1, key).Text(2, value));
        return model;
    }

    private static ProtobufMessage Inline(OnnxTensor tensor) => Header(tensor).Streamed(9, tensor.ByteCount, tensor.WriteBytes);

    private static ProtobufMessage External(OnnxTensor tensor, string file, long offset)
    {
        (string Key, string Value)[] place = [("location", file), ("offset", offset.ToString()), ("length", tensor.ByteCount.ToString())];
        ProtobufMessage message = Header(tensor);
        foreach ((string key, string value) in place) message.Message(13, new ProtobufMessage().Text(1, key).Text(2, value));
        return message.Varint(14, 1);
    }

    private static ProtobufMessage Header(OnnxTensor tensor)
    {
        var message = new ProtobufMessage();
        foreach (long dimension in tensor.Shape) message.Varint(1, dimension);
        return message.Varint(2, (int)tensor.Type).Text(8, tensor.Name);
    }

    // Aligned so that the file can be mapped: 64 KiB is the granularity on Windows.
    private static Dictionary<OnnxTensor, long> Layout(IEnumerable<OnnxTensor> tensors)
    {
        var offsets = new Dictionary<OnnxTensor, long>(ReferenceEqualityComparer.Instance);
        long end = 0;
        foreach (OnnxTensor tensor in tensors.Where(tensor => tensor.ByteCount >= InlineBytes))
        {
            int alignment = tensor.ByteCount >= LargeBytes ? LargeAlignment : SmallAlignment;
            long offset = (end + alignment - 1) / alignment * alignment;
            offsets.Add(tensor, offset);
            end = offset + tensor.ByteCount;
        }
        return offsets;
    }

    private static void WriteExternal(Stream stream, Dictionary<OnnxTensor, long> offsets)
    {
        byte[] zeros = new byte[LargeAlignment];
        foreach ((OnnxTensor tensor, long offset) in offsets.OrderBy(entry => entry.Value))
        {
            stream.Write(zeros.AsSpan(0, (int)(offset - stream.Position)));
            tensor.WriteBytes(stream);
            if (stream.Position != offset + tensor.ByteCount)
                throw new InvalidOperationException($"constant {tensor.Name} wrote {stream.Position - offset} bytes instead of {tensor.ByteCount}");
        }
    }
}
