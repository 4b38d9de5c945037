namespace Distill.Export;

/// <summary>Precisions of an exported ONNX model.</summary>
public enum OnnxPrecision
{
    /// <summary>Single precision.</summary>
    Fp32,

    /// <summary>Weights in 8 bits, a scale for 32 of them; computed with in single precision.</summary>
    Int8,

    /// <summary>Weights in 4 bits, a scale for 32 of them; embedding and head in 8. Activations are rounded to 8 bits where the processor gains by it.</summary>
    Int4,
}

/// <summary>Facts about each <see cref="OnnxPrecision"/>.</summary>
internal static class OnnxPrecisions
{
    /// <summary>Name of the graph's file: where transformers.js looks for the precision.</summary>
    public static string FileName(this OnnxPrecision precision) => precision switch
    {
        OnnxPrecision.Int8 => "model_quantized.onnx",
        OnnxPrecision.Int4 => "model_q4.onnx",
        _ => "model.onnx",
    };

    /// <summary>What transformers.js calls it.</summary>
    public static string TransformersName(this OnnxPrecision precision) => precision switch
    {
        OnnxPrecision.Int8 => "q8",
        OnnxPrecision.Int4 => "q4",
        _ => "fp32",
    };

    /// <summary>Most bytes of a file of so many weights, rounded up.</summary>
    public static long MostBytes(this OnnxPrecision precision, long parameters) => precision == OnnxPrecision.Fp32 ? sizeof(float) * parameters : parameters * 5 / 4;
}
