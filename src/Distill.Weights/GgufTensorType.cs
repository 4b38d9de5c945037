namespace Distill.Weights;

/// <summary>Type of a GGUF tensor, with ggml's numbers and names. All but the plain types pack rows into blocks that share scales.</summary>
public enum GgufTensorType
{
    /// <summary>IEEE single.</summary>
    F32 = 0,

    /// <summary>IEEE half.</summary>
    F16 = 1,

    /// <summary>32 weights of 4 bits and a scale.</summary>
    Q4_0 = 2,

    /// <summary>32 weights of 4 bits, a scale and a minimum.</summary>
    Q4_1 = 3,

    /// <summary>32 weights of 5 bits and a scale.</summary>
    Q5_0 = 6,

    /// <summary>32 weights of 5 bits, a scale and a minimum.</summary>
    Q5_1 = 7,

    /// <summary>32 weights of 8 bits and a scale.</summary>
    Q8_0 = 8,

    /// <summary>256 weights of 2 bits with 4-bit sub-scales and minima.</summary>
    Q2_K = 10,

    /// <summary>256 weights of 3 bits with 6-bit sub-scales.</summary>
    Q3_K = 11,

    /// <summary>256 weights of 4 bits with 6-bit sub-scales and minima.</summary>
    Q4_K = 12,

    /// <summary>256 weights of 5 bits with 6-bit sub-scales and minima.</summary>
    Q5_K = 13,

    /// <summary>256 weights of 6 bits with 8-bit sub-scales.</summary>
    Q6_K = 14,

    /// <summary>256 weights of 2.06 bits: points of a lattice, eight weights each.</summary>
    IQ2_XXS = 16,

    /// <summary>256 weights of 2.31 bits: points of a lattice, eight weights each.</summary>
    IQ2_XS = 17,

    /// <summary>256 weights of 3.06 bits: points of a lattice, four weights each.</summary>
    IQ3_XXS = 18,

    /// <summary>256 weights of 1.56 bits: points of a lattice, eight weights each.</summary>
    IQ1_S = 19,

    /// <summary>32 weights of 4 bits that index a codebook, and a scale.</summary>
    IQ4_NL = 20,

    /// <summary>256 weights of 3.44 bits: points of a lattice, four weights each.</summary>
    IQ3_S = 21,

    /// <summary>256 weights of 2.56 bits: points of a lattice, eight weights each.</summary>
    IQ2_S = 22,

    /// <summary>256 weights of 4 bits that index a codebook, with 6-bit sub-scales.</summary>
    IQ4_XS = 23,

    /// <summary>Signed 8-bit integer.</summary>
    I8 = 24,

    /// <summary>Signed 16-bit integer.</summary>
    I16 = 25,

    /// <summary>Signed 32-bit integer.</summary>
    I32 = 26,

    /// <summary>Signed 64-bit integer.</summary>
    I64 = 27,

    /// <summary>IEEE double.</summary>
    F64 = 28,

    /// <summary>256 weights of 1.75 bits: points of a lattice, eight weights each.</summary>
    IQ1_M = 29,

    /// <summary>The upper 16 bits of an IEEE single.</summary>
    BF16 = 30,

    /// <summary>256 weights of -1, 0 and 1 in 1.69 bits.</summary>
    TQ1_0 = 34,

    /// <summary>256 weights of -1, 0 and 1 in 2.06 bits.</summary>
    TQ2_0 = 35,

    /// <summary>32 floats of 4 bits and an exponent.</summary>
    MXFP4 = 39,
}

/// <summary>Facts about each <see cref="GgufTensorType"/>.</summary>
public static class GgufTensorTypes
{
    /// <summary>Elements of one block; 1 for plain types. Rows are whole numbers of blocks.</summary>
    public static int BlockSize(this GgufTensorType type) => Layout(type).Elements;

    /// <summary>Bytes of one block.</summary>
    public static int BlockBytes(this GgufTensorType type) => Layout(type).Bytes;

    /// <summary>Bytes of <paramref name="elements"/> elements, a whole number of blocks.</summary>
    public static long ByteCount(this GgufTensorType type, long elements)
    {
        (int blockSize, int blockBytes) = Layout(type);
        return checked(elements / blockSize * blockBytes);
    }

    /// <summary>The element type on disk, when the tensor is not packed into blocks and safetensors knows it too.</summary>
    public static TensorType? Plain(this GgufTensorType type) => type switch
    {
        GgufTensorType.F32 => TensorType.F32,
        GgufTensorType.F16 => TensorType.F16,
        GgufTensorType.BF16 => TensorType.BF16,
        GgufTensorType.F64 => TensorType.F64,
        GgufTensorType.I8 => TensorType.I8,
        GgufTensorType.I16 => TensorType.I16,
        GgufTensorType.I32 => TensorType.I32,
        GgufTensorType.I64 => TensorType.I64,
        _ => null,
    };

    private static (int Elements, int Bytes) Layout(GgufTensorType type) => type switch
    {
        GgufTensorType.F32 or GgufTensorType.I32 => (1, 4),
        GgufTensorType.F16 or GgufTensorType.BF16 or GgufTensorType.I16 => (1, 2),
        GgufTensorType.F64 or GgufTensorType.I64 => (1, 8),
        GgufTensorType.I8 => (1, 1),
        GgufTensorType.Q4_0 or GgufTensorType.IQ4_NL => (32, 18),
        GgufTensorType.Q4_1 => (32, 20),
        GgufTensorType.Q5_0 => (32, 22),
        GgufTensorType.Q5_1 => (32, 24),
        GgufTensorType.Q8_0 => (32, 34),
        GgufTensorType.Q2_K => (256, 84),
        GgufTensorType.Q3_K => (256, 110),
        GgufTensorType.Q4_K => (256, 144),
        GgufTensorType.Q5_K => (256, 176),
        GgufTensorType.Q6_K => (256, 210),
        GgufTensorType.IQ4_XS => (256, 136),
        GgufTensorType.IQ3_S => (256, 110),
        GgufTensorType.IQ3_XXS => (256, 98),
        GgufTensorType.IQ2_S => (256, 82),
        GgufTensorType.IQ2_XS => (256, 74),
        GgufTensorType.IQ2_XXS or GgufTensorType.TQ2_0 => (256, 66),
        GgufTensorType.IQ1_M => (256, 56),
        GgufTensorType.TQ1_0 => (256, 54),
        GgufTensorType.IQ1_S => (256, 50),
        GgufTensorType.MXFP4 => (32, 17),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown GGUF tensor type"),
    };
}
