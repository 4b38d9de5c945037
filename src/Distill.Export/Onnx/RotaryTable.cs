using System.Runtime.InteropServices;

namespace Distill.Export.Onnx;

/// <summary>
/// The cosines and sines of the rotary embedding, <c>[positions, width / 2]</c>, computed in double precision as
/// <c>Distill.Models.RotaryEmbedding</c> does. Source: RoFormer, arXiv:2104.09864.
/// </summary>
internal static class RotaryTable
{
    public static OnnxTensor Cosines(int positions, int width, double theta) => Table("model.rotary_emb.cos_cache", positions, width, theta, Math.Cos);

    public static OnnxTensor Sines(int positions, int width, double theta) => Table("model.rotary_emb.sin_cache", positions, width, theta, Math.Sin);

    private static OnnxTensor Table(string name, int positions, int width, double theta, Func<double, double> function) =>
        new(name, OnnxType.Float, [positions, width / 2], stream =>
        {
            double[] frequencies = [.. Enumerable.Range(0, width / 2).Select(i => Math.Pow(theta, -2.0 * i / width))];
            float[] row = new float[frequencies.Length];
            for (int position = 0; position < positions; position++)
            {
                for (int i = 0; i < row.Length; i++) row[i] = (float)function(position * frequencies[i]);
                stream.Write(MemoryMarshal.AsBytes<float>(row));
            }
        });
}
