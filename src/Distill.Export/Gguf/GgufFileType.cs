using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>Quantization types of a whole GGUF file, with llama.cpp's names and its numbers for <c>general.file_type</c>.</summary>
public enum GgufFileType
{
    /// <summary>Every weight in single precision.</summary>
    F32 = 0,

    /// <summary>Matrices in half precision.</summary>
    F16 = 1,

    /// <summary>Matrices in blocks of 32 signed bytes and a half-precision scale.</summary>
    Q8_0 = 7,

    /// <summary>Matrices in bfloat16.</summary>
    BF16 = 32,
}

/// <summary>Facts about each <see cref="GgufFileType"/>.</summary>
internal static class GgufFileTypes
{
    /// <summary>Type of the file's matrices.</summary>
    public static GgufTensorType MatrixType(this GgufFileType type) => type switch
    {
        GgufFileType.F32 => GgufTensorType.F32,
        GgufFileType.F16 => GgufTensorType.F16,
        GgufFileType.BF16 => GgufTensorType.BF16,
        GgufFileType.Q8_0 => GgufTensorType.Q8_0,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown file type"),
    };
}
