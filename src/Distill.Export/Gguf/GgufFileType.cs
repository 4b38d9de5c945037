using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>
/// Quantization types of a whole GGUF file, with llama.cpp's names and its numbers for <c>general.file_type</c>. Most are
/// mixtures: the name says what most matrices get, <see cref="Quantization.TensorMixture"/> what each one does.
/// </summary>
public enum GgufFileType
{
    /// <summary>Every weight in single precision.</summary>
    F32 = 0,

    /// <summary>Matrices in half precision.</summary>
    F16 = 1,

    /// <summary>4.5 bits, one scale for 32 weights; the fastest on some processors.</summary>
    Q4_0 = 2,

    /// <summary>5 bits, scale and minimum for 32 weights.</summary>
    Q4_1 = 3,

    /// <summary>8.5 bits per weight; no loss to speak of.</summary>
    Q8_0 = 7,

    /// <summary>5.5 bits, one scale for 32 weights.</summary>
    Q5_0 = 8,

    /// <summary>6 bits, scale and minimum for 32 weights.</summary>
    Q5_1 = 9,

    /// <summary>Mostly 2.6 and 3.4 bits.</summary>
    Q2_K = 10,

    /// <summary>Mostly 3.4 bits.</summary>
    Q3_K_S = 11,

    /// <summary>3.4 bits, more where it matters.</summary>
    Q3_K_M = 12,

    /// <summary>3.4 bits, still more where it matters.</summary>
    Q3_K_L = 13,

    /// <summary>Mostly 4.5 bits.</summary>
    Q4_K_S = 14,

    /// <summary>4.5 bits, 6.6 where it matters: what most people download.</summary>
    Q4_K_M = 15,

    /// <summary>Mostly 5.5 bits.</summary>
    Q5_K_S = 16,

    /// <summary>5.5 bits, 6.6 where it matters.</summary>
    Q5_K_M = 17,

    /// <summary>6.6 bits.</summary>
    Q6_K = 18,

    /// <summary>2.06 bits; needs an imatrix.</summary>
    IQ2_XXS = 19,

    /// <summary>2.31 bits; needs an imatrix.</summary>
    IQ2_XS = 20,

    /// <summary>Mostly 2.6 bits; needs an imatrix.</summary>
    Q2_K_S = 21,

    /// <summary>3.3 bits; needs an imatrix.</summary>
    IQ3_XS = 22,

    /// <summary>3.06 bits; needs an imatrix.</summary>
    IQ3_XXS = 23,

    /// <summary>1.56 bits; needs an imatrix.</summary>
    IQ1_S = 24,

    /// <summary>4.5 bits into an uneven codebook.</summary>
    IQ4_NL = 25,

    /// <summary>3.44 bits.</summary>
    IQ3_S = 26,

    /// <summary>3.66 bits.</summary>
    IQ3_M = 27,

    /// <summary>2.5 bits; needs an imatrix.</summary>
    IQ2_S = 28,

    /// <summary>2.7 bits; needs an imatrix.</summary>
    IQ2_M = 29,

    /// <summary>4.25 bits into an uneven codebook.</summary>
    IQ4_XS = 30,

    /// <summary>1.75 bits; needs an imatrix.</summary>
    IQ1_M = 31,

    /// <summary>Matrices in bfloat16.</summary>
    BF16 = 32,

    /// <summary>Ternary, 1.69 bits: for models that were trained so.</summary>
    TQ1_0 = 36,

    /// <summary>Ternary, 2.06 bits: for models that were trained so.</summary>
    TQ2_0 = 37,

    /// <summary>Experts in 4.25 bits, the rest in 8.5.</summary>
    MXFP4_MOE = 38,
}

/// <summary>Facts about each <see cref="GgufFileType"/>.</summary>
internal static class GgufFileTypes
{
    /// <summary>Type of most of the file's matrices.</summary>
    public static GgufTensorType MatrixType(this GgufFileType type) => type switch
    {
        GgufFileType.Q2_K_S => GgufTensorType.Q2_K,
        GgufFileType.Q3_K_S or GgufFileType.Q3_K_M or GgufFileType.Q3_K_L => GgufTensorType.Q3_K,
        GgufFileType.Q4_K_S or GgufFileType.Q4_K_M => GgufTensorType.Q4_K,
        GgufFileType.Q5_K_S or GgufFileType.Q5_K_M => GgufTensorType.Q5_K,
        GgufFileType.IQ2_S => GgufTensorType.IQ2_XS,
        GgufFileType.IQ2_M => GgufTensorType.IQ2_S,
        GgufFileType.IQ3_XS or GgufFileType.IQ3_M => GgufTensorType.IQ3_S,
        GgufFileType.MXFP4_MOE => GgufTensorType.MXFP4,
        _ => Enum.Parse<GgufTensorType>(type.ToString()),
    };
}
