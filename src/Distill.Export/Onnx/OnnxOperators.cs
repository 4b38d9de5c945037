namespace Distill.Export.Onnx;

/// <summary>
/// The operators of a decoder, one method each, so that a graph reads like the model. Semantics:
/// https://onnx.ai/onnx/operators (opset 21) and <c>docs/ContribOperators.md</c> of ONNX Runtime.
/// </summary>
internal static class OnnxOperators
{
    /// <summary>Rows of a matrix: <c>[v, h]</c> at <c>[batch, seq]</c> gives <c>[batch, seq, h]</c>.</summary>
    public static OnnxValue Gather(this OnnxGraph graph, string name, OnnxValue data, OnnxValue indices) =>
        graph.Node(name, "Gather", [data, indices], ("axis", 0L));

    public static OnnxValue MatMul(this OnnxGraph graph, string name, OnnxValue left, OnnxValue right) =>
        graph.Node(name, "MatMul", [left, right]);

    /// <summary>Matrix product with the right side transposed: <c>[.., k] · [n, k]ᵀ</c>.</summary>
    public static OnnxValue MatMulTransposed(this OnnxGraph graph, string name, OnnxValue left, OnnxValue right, OnnxValue result) =>
        graph.Node(name, "FusedMatMul", [left, right], [result], ("transB", 1L));

    /// <summary>Matrix product with a matrix in blocks. Activations are rounded to 8 bits beside 4-bit weights, which hides it; beside 8-bit ones it would not.</summary>
    public static OnnxValue MatMulBlocks(this OnnxGraph graph, string name, OnnxValue left, BlockMatrix right, OnnxValue? result = null) =>
        graph.Node($"{name}_Q{right.Bits}", "MatMulNBits", [left, graph.Constant(right.Levels), graph.Constant(right.Scales)], [result ?? new($"{name}_Q{right.Bits}/output_0")],
            ("K", right.Inputs), ("N", right.Outputs), ("bits", (long)right.Bits), ("block_size", (long)BlockMatrix.BlockSize), ("accuracy_level", right.Bits == 4 ? 4L : 0L));

    /// <summary>Rows of a matrix in blocks of 8-bit levels.</summary>
    public static OnnxValue GatherBlocks(this OnnxGraph graph, string name, BlockMatrix data, OnnxValue indices)
    {
        OnnxValue shape = graph.Constant(OnnxTensor.Vector("/model/constants/embedding", data.Outputs, data.Inputs));
        OnnxValue rows = graph.Reshape($"{name}/Reshape", graph.Constant(data.Levels), shape); // the head takes the same levels block by block
        return graph.Node($"{name}_Q{data.Bits}", "GatherBlockQuantized", [rows, indices, graph.Constant(data.Scales)],
            ("bits", (long)data.Bits), ("block_size", (long)BlockMatrix.BlockSize), ("gather_axis", 0L), ("quantize_axis", 1L));
    }

    public static OnnxValue Add(this OnnxGraph graph, string name, OnnxValue left, OnnxValue right) =>
        graph.Node(name, "Add", [left, right]);

    public static OnnxValue Subtract(this OnnxGraph graph, string name, OnnxValue left, OnnxValue right) =>
        graph.Node(name, "Sub", [left, right]);

    public static OnnxValue Multiply(this OnnxGraph graph, string name, OnnxValue left, OnnxValue right) =>
        graph.Node(name, "Mul", [left, right]);

    public static OnnxValue Sigmoid(this OnnxGraph graph, string name, OnnxValue value) => graph.Node(name, "Sigmoid", [value]);

    public static OnnxValue Cast(this OnnxGraph graph, string name, OnnxValue value, OnnxType type) =>
        graph.Node(name, "Cast", [value], ("to", (long)type));

    public static OnnxValue Where(this OnnxGraph graph, string name, OnnxValue condition, OnnxValue yes, OnnxValue no) =>
        graph.Node(name, "Where", [condition, yes, no]);

    public static OnnxValue Unsqueeze(this OnnxGraph graph, string name, OnnxValue value, OnnxValue axes) =>
        graph.Node(name, "Unsqueeze", [value, axes]);

    public static OnnxValue Expand(this OnnxGraph graph, string name, OnnxValue value, OnnxValue shape) =>
        graph.Node(name, "Expand", [value, shape]);

    public static OnnxValue Concat(this OnnxGraph graph, string name, params OnnxValue[] values) =>
        graph.Node(name, "Concat", values, ("axis", 0L));

    /// <summary>The same numbers in another shape; 0 keeps a dimension, -1 takes what is left.</summary>
    public static OnnxValue Reshape(this OnnxGraph graph, string name, OnnxValue value, OnnxValue shape) =>
        graph.Node(name, "Reshape", [value, shape]);

    /// <summary>The dimensions from <paramref name="start"/> up to <paramref name="end"/>, as a vector.</summary>
    public static OnnxValue Shape(this OnnxGraph graph, string name, OnnxValue value, long start, long end) =>
        graph.Node(name, "Shape", [value], ("start", start), ("end", end));

    /// <summary>A vector of one element as a scalar.</summary>
    public static OnnxValue Squeeze(this OnnxGraph graph, string name, OnnxValue value) => graph.Node(name, "Squeeze", [value]);

    /// <summary>RMSNorm, arXiv:1910.07467. The operator is ONNX Runtime's, though it lives in the standard domain.</summary>
    public static OnnxValue RmsNorm(this OnnxGraph graph, string name, OnnxValue value, OnnxValue weight, double epsilon) =>
        graph.Node(name, "SimplifiedLayerNormalization", [value, weight], ("axis", -1L), ("epsilon", (float)epsilon), ("stash_type", 1L));

    /// <summary>Adds to the residual stream and normalises it: gives the normalised and the new stream.</summary>
    public static (OnnxValue Normed, OnnxValue Stream) AddAndRmsNorm(
        this OnnxGraph graph, string name, OnnxValue stream, OnnxValue addition, OnnxValue weight, double epsilon)
    {
        OnnxValue normed = new($"{name}/output_0"), sum = new($"{name}/output_3");
        graph.Node(name, "SkipSimplifiedLayerNormalization", [stream, addition, weight],
            [normed, OnnxValue.None, OnnxValue.None, sum], ("epsilon", (float)epsilon));
        return (normed, sum);
    }

    /// <summary>Turns every head of <c>[batch, seq, heads · width]</c> by its position; component i pairs with i + width / 2.</summary>
    public static OnnxValue RotaryEmbedding(
        this OnnxGraph graph, string name, OnnxValue value, OnnxValue positions, OnnxValue cosines, OnnxValue sines) =>
        graph.Node(name, "RotaryEmbedding", [value, positions, cosines, sines],
            ("interleaved", 0L), ("num_heads", 0L), ("rotary_embedding_dim", 0L));
}
