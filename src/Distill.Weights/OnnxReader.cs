using System.Globalization;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>Picks the header's parts out of an ONNX file. Field numbers: <c>onnx/onnx.proto</c>.</summary>
internal static class OnnxReader
{
    private const int LongestName = 1 << 16, LongestValue = 1 << 24, MostDimensions = 16;

    // Types by the numbers of TensorProto.DataType, with the bits of one element.
    private static readonly (string Name, int Bits)[] Types =
    [
        ("", 0), ("float", 32), ("uint8", 8), ("int8", 8), ("uint16", 16), ("int16", 16), ("int32", 32), ("int64", 64), ("string", 0), ("bool", 8),
        ("float16", 16), ("double", 64), ("uint32", 32), ("uint64", 64), ("complex64", 64), ("complex128", 128), ("bfloat16", 16),
        ("float8e4m3fn", 8), ("float8e4m3fnuz", 8), ("float8e5m2", 8), ("float8e5m2fnuz", 8), ("uint4", 4), ("int4", 4), ("float4e2m1", 4), ("float8e8m0", 8),
    ];

    public static OnnxHeader Read(MappedFile file)
    {
        long irVersion = 0;
        string producer = "", version = "";
        var opsets = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var metadata = new List<KeyValuePair<string, string>>();
        Graph? graph = null;
        var model = new ProtobufCursor(file, 0, file.Length);
        while (model.Next())
        {
            switch (model.Field)
            {
                case 1:
                    irVersion = model.Number();
                    break;
                case 2:
                    producer = model.Text(LongestName);
                    break;
                case 3:
                    version = model.Text(LongestName);
                    break;
                case 7:
                    graph = ReadGraph(model.Message(), file.Path);
                    break;
                case 8:
                    (string domain, long opset) = ReadOpset(model.Message());
                    opsets[domain.Length == 0 ? "ai.onnx" : domain] = opset;
                    break;
                case 14:
                    metadata.Add(ReadPair(model.Message()));
                    break;
            }
        }
        if (graph is null || irVersion <= 0) throw new InputException($"{file.Path}: is not an ONNX model: it holds no graph", "give an .onnx file");
        var constants = graph.Constants.Select(constant => constant.Name).ToHashSet(StringComparer.Ordinal);
        return new OnnxHeader
        {
            IrVersion = irVersion,
            Producer = $"{producer} {version}".Trim(),
            Opsets = opsets,
            Metadata = metadata,
            Inputs = [.. graph.Inputs.Where(input => !constants.Contains(input.Name))], // up to IR 3 constants are listed as inputs too
            Outputs = graph.Outputs,
            Operators = graph.Operators,
            Constants = graph.Constants,
        };
    }

    private static Graph ReadGraph(ProtobufCursor message, string path)
    {
        var graph = new Graph([], [], new(StringComparer.Ordinal), []);
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    string node = ReadOperator(message.Message());
                    graph.Operators[node] = graph.Operators.GetValueOrDefault(node) + 1;
                    break;
                case 5:
                    graph.Constants.Add(ReadConstant(message.Message(), path));
                    break;
                case 11:
                    graph.Inputs.Add(ReadValue(message.Message()));
                    break;
                case 12:
                    graph.Outputs.Add(ReadValue(message.Message()));
                    break;
            }
        }
        return graph;
    }

    private static string ReadOperator(ProtobufCursor node)
    {
        string name = "", domain = "";
        while (node.Next())
        {
            if (node.Field == 4) name = node.Text(LongestName);
            else if (node.Field == 7) domain = node.Text(LongestName);
        }
        return domain is "" or "ai.onnx" ? name : $"{domain}.{name}";
    }

    private static OnnxConstant ReadConstant(ProtobufCursor tensor, string path)
    {
        var shape = new List<long>();
        string name = "";
        long type = 0, texts = 0;
        Dictionary<string, string> place = new(StringComparer.Ordinal);
        while (tensor.Next())
        {
            switch (tensor.Field)
            {
                case 1:
                    tensor.Numbers(shape, MostDimensions);
                    break;
                case 2:
                    type = tensor.Number();
                    break;
                case 6:
                    texts += tensor.Length();
                    break;
                case 8:
                    name = tensor.Text(LongestName);
                    break;
                case 13:
                    (string key, string value) = ReadPair(tensor.Message());
                    place[key] = value;
                    break;
            }
        }
        (string typeName, int bits) = TypeOf(type);
        try
        {
            if (shape.Exists(dimension => dimension < 0)) throw new OverflowException("negative");
            long elements = shape.Aggregate(1L, (product, dimension) => checked(product * dimension));
            return new OnnxConstant(name, typeName, shape, bits == 0 ? texts : checked((elements * bits) + 7) / 8, place.GetValueOrDefault("location"));
        }
        catch (OverflowException e)
        {
            throw new InputException($"{path}: constant `{name}` has an impossible shape [{string.Join(", ", shape)}]", "copy or download the file again, or export it anew", inner: e);
        }
    }

    // ValueInfo: name, type; type: tensor; tensor: element type, shape; shape: dimensions; dimension: number or name.
    private static OnnxValue ReadValue(ProtobufCursor value)
    {
        string name = "", type = "";
        var shape = new List<string>();
        while (value.Next())
        {
            if (value.Field == 1) name = value.Text(LongestName);
            if (value.Field != 2) continue;
            ProtobufCursor kind = value.Message();
            while (kind.Next())
            {
                if (kind.Field == 1) type = ReadTensorType(kind.Message(), shape);
            }
        }
        return new OnnxValue(name, type, shape);
    }

    private static string ReadTensorType(ProtobufCursor tensor, List<string> shape)
    {
        string type = "";
        while (tensor.Next())
        {
            if (tensor.Field == 1) type = TypeOf(tensor.Number()).Name;
            if (tensor.Field != 2) continue;
            ProtobufCursor dimensions = tensor.Message();
            while (dimensions.Next())
            {
                if (dimensions.Field == 1 && shape.Count < MostDimensions) shape.Add(ReadDimension(dimensions.Message()));
            }
        }
        return type;
    }

    private static string ReadDimension(ProtobufCursor dimension)
    {
        string text = "?";
        while (dimension.Next())
        {
            if (dimension.Field == 1) text = dimension.Number().ToString(CultureInfo.InvariantCulture);
            else if (dimension.Field == 2) text = dimension.Text(LongestName);
        }
        return text;
    }

    private static (string Domain, long Version) ReadOpset(ProtobufCursor opset)
    {
        (string domain, long version) = ("", 0);
        while (opset.Next())
        {
            if (opset.Field == 1) domain = opset.Text(LongestName);
            else if (opset.Field == 2) version = opset.Number();
        }
        return (domain, version);
    }

    private static KeyValuePair<string, string> ReadPair(ProtobufCursor pair)
    {
        (string key, string value) = ("", "");
        while (pair.Next())
        {
            if (pair.Field == 1) key = pair.Text(LongestName);
            else if (pair.Field == 2) value = pair.Text(LongestValue);
        }
        return new(key, value);
    }

    private static (string Name, int Bits) TypeOf(long number) => number > 0 && number < Types.Length ? Types[number] : ($"type {number}", 0);

    private sealed record Graph(List<OnnxValue> Inputs, List<OnnxValue> Outputs, Dictionary<string, long> Operators, List<OnnxConstant> Constants);
}
