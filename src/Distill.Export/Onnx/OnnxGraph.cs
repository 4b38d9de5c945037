namespace Distill.Export.Onnx;

/// <summary>A value that flows through the graph: an input, a constant or the output of a node.</summary>
/// <param name="Name">Name in the file; empty where a node leaves an input out.</param>
internal readonly record struct OnnxValue(string Name)
{
    public static OnnxValue None => new("");
}

/// <summary>
/// A graph of ONNX operators being put together, in topological order. Every node is named, its outputs are called
/// <c>{node}/output_{i}</c> as ONNX Runtime GenAI's builder calls them. Field numbers: <c>onnx/onnx.proto</c>.
/// </summary>
internal sealed class OnnxGraph
{
    private readonly List<ProtobufMessage> nodes = [], inputs = [], outputs = [];
    private readonly Dictionary<string, OnnxTensor> constants = new(StringComparer.Ordinal);

    /// <summary>Constants, in the order of first use.</summary>
    public List<OnnxTensor> Constants { get; } = [];

    /// <summary>Declares an input of the graph.</summary>
    /// <param name="name">Name.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Dimensions: a name where the caller decides, a number where the model does.</param>
    public OnnxValue Input(string name, OnnxType type, params OnnxDimension[] shape)
    {
        inputs.Add(ValueInfo(name, type, shape));
        return new OnnxValue(name);
    }

    /// <summary>Declares an output; a node must produce a value of that name.</summary>
    public void Output(OnnxValue value, OnnxType type, params OnnxDimension[] shape) => outputs.Add(ValueInfo(value.Name, type, shape));

    /// <summary>Adds a constant; the same name stands for the same constant.</summary>
    public OnnxValue Constant(OnnxTensor tensor)
    {
        if (constants.TryAdd(tensor.Name, tensor)) Constants.Add(tensor);
        return new OnnxValue(tensor.Name);
    }

    /// <summary>Adds a node with one output.</summary>
    /// <param name="name">Name of the node.</param>
    /// <param name="type">Operator.</param>
    /// <param name="arguments">Inputs; trailing absent ones must not be given, old runtimes count them.</param>
    /// <param name="attributes">Attributes by name: <see cref="long"/> or <see cref="float"/>.</param>
    public OnnxValue Node(string name, string type, OnnxValue[] arguments, params (string Name, object Value)[] attributes) =>
        Node(name, type, arguments, [new($"{name}/output_0")], attributes);

    /// <summary>Adds a node with named outputs and returns the first.</summary>
    public OnnxValue Node(string name, string type, OnnxValue[] arguments, OnnxValue[] results, params (string Name, object Value)[] attributes)
    {
        var node = new ProtobufMessage();
        foreach (OnnxValue argument in arguments) node.Text(1, argument.Name);
        foreach (OnnxValue result in results) node.Text(2, result.Name);
        node.Text(3, name).Text(4, type);
        foreach ((string attribute, object value) in attributes) node.Message(5, Attribute(attribute, value));
        if (MicrosoftOperators.Contains(type)) node.Text(7, MicrosoftDomain);
        nodes.Add(node);
        return results[0];
    }

    /// <summary>Domain of ONNX Runtime's own operators.</summary>
    public const string MicrosoftDomain = "com.microsoft";

    private static readonly HashSet<string> MicrosoftOperators =
        ["FusedMatMul", "GatherBlockQuantized", "GroupQueryAttention", "MatMulNBits", "RotaryEmbedding", "SkipSimplifiedLayerNormalization"];

    /// <summary>The graph as a <c>GraphProto</c>.</summary>
    /// <param name="name">Name of the graph.</param>
    /// <param name="tensor">How a constant is written: inside the file, or as a reference to another one.</param>
    public ProtobufMessage ToMessage(string name, Func<OnnxTensor, ProtobufMessage> tensor)
    {
        var graph = new ProtobufMessage();
        foreach (ProtobufMessage node in nodes) graph.Message(1, node);
        graph.Text(2, name);
        foreach (OnnxTensor constant in Constants) graph.Message(5, tensor(constant));
        foreach (ProtobufMessage input in inputs) graph.Message(11, input);
        foreach (ProtobufMessage output in outputs) graph.Message(12, output);
        return graph;
    }

    private static ProtobufMessage ValueInfo(string name, OnnxType type, OnnxDimension[] dimensions)
    {
        var shape = new ProtobufMessage();
        foreach (OnnxDimension dimension in dimensions)
        {
            shape.Message(1, dimension.Name is { } symbol
                ? new ProtobufMessage().Text(2, symbol)
                : new ProtobufMessage().Varint(1, dimension.Size));
        }
        ProtobufMessage tensor = new ProtobufMessage().Varint(1, (int)type).Message(2, shape);
        return new ProtobufMessage().Text(1, name).Message(2, new ProtobufMessage().Message(1, tensor));
    }

    // The type (field 20) is mandatory: a reader does not infer it from the field that is set.
    private static ProtobufMessage Attribute(string name, object value)
    {
        var attribute = new ProtobufMessage().Text(1, name);
        return value switch
        {
            float number => attribute.Fixed32(2, number).Varint(20, 1),
            long number => attribute.Varint(3, number).Varint(20, 2),
            _ => throw new ArgumentException($"attribute {name}: {value.GetType().Name} has no place in this writer", nameof(value)),
        };
    }
}
