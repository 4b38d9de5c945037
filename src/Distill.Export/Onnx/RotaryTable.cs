using System.Runtime.InteropServices;
using Distill.Models;

namespace Distill.Export.Onnx;

/// <summary>
/// The cosines and sines of the rotary embedding, <c>[positions, width / 2]</c>, computed in double precision as
/// <c>Distill.Models.RotaryEmbedding</c> does. Source: RoFormer, arXiv:2104.09864.
/// </summary>
internal static class RotaryTable
{
    public static OnnxTensor Cosines(int positions, ModelConfig config) => Table("model.rotary_emb.cos_cache", positions, config, Math.Cos);

    public static OnnxTensor Sines(int positions, ModelConfig config) => Table("model.rotary_emb.sin_cache", positions, config, Math.Sin);

    private static OnnxTensor Table(string name, int positions, ModelConfig config, Func<double, double> function) =>
        new(name, OnnxType.Float, [positions, config.RotaryWidth / 2], stream =>
        {
            double[] frequencies = config.RotaryFrequencies();
            double magnitude = config.RopeScaling?.Magnitude ?? 1;
            float[] row = new float[frequencies.Length];
            for (int position = 0; position < positions; position++)
            {
                for (int i = 0; i < row.Length; i++) row[i] = (float)(magnitude * function(position * frequencies[i]));
                stream.Write(MemoryMarshal.AsBytes<float>(row));
            }
        });
}
