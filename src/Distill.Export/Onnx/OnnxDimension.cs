namespace Distill.Export.Onnx;

/// <summary>One dimension of an input or output: fixed by the model, or named and left to the caller.</summary>
/// <param name="Size">The size, where it is fixed.</param>
/// <param name="Name">The name, where it is not.</param>
internal readonly record struct OnnxDimension(long Size, string? Name)
{
    public static implicit operator OnnxDimension(int size) => new(size, null);

    public static implicit operator OnnxDimension(string name) => new(0, name);
}
