using System.Buffers.Binary;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>What a super-block of a type with a lattice is made of, before it is packed.</summary>
/// <param name="lower">Lower eight bits of each group's number.</param>
/// <param name="upper">The bits above.</param>
/// <param name="signs">Signs of eight weights each.</param>
/// <param name="subScales">Four bits of each sub-block.</param>
internal readonly ref struct LatticeParts(Span<byte> lower, Span<byte> upper, Span<byte> signs, Span<byte> subScales)
{
    /// <summary>Lower eight bits of each group's number.</summary>
    public Span<byte> Lower { get; } = lower;

    /// <summary>The bits above.</summary>
    public Span<byte> Upper { get; } = upper;

    /// <summary>Signs of eight weights each.</summary>
    public Span<byte> Signs { get; } = signs;

    /// <summary>Four bits of each sub-block.</summary>
    public Span<byte> SubScales { get; } = subScales;

    /// <summary>All zeros.</summary>
    public void Clear()
    {
        Lower.Clear();
        Upper.Clear();
        Signs.Clear();
        SubScales.Clear();
    }

    /// <summary>Packs it into a block of zeros, all but the scale in the first two bytes.</summary>
    public void Write(GgufTensorType type, Span<byte> block)
    {
        switch (type)
        {
            case GgufTensorType.IQ2_XXS:
                for (int sub = 0; sub < 8; sub++)
                {
                    Lower.Slice(4 * sub, 4).CopyTo(block[(2 + (8 * sub))..]);
                    WriteSignsAndScale(sub, block[(6 + (8 * sub))..]);
                }
                break;
            case GgufTensorType.IQ2_XS:
                for (int group = 0; group < 32; group++)
                    BinaryPrimitives.WriteUInt16LittleEndian(block[(2 + (2 * group))..], (ushort)(Lower[group] | (Upper[group] << 8) | ((Signs[group] & 127) << 9)));
                WriteNibbles(block[66..]);
                break;
            case GgufTensorType.IQ2_S:
                Lower[..32].CopyTo(block[2..]);
                Signs.CopyTo(block[34..]);
                for (int group = 0; group < 32; group++) block[66 + (group / 4)] |= (byte)(Upper[group] << (2 * (group % 4)));
                WriteNibbles(block[74..]);
                break;
            case GgufTensorType.IQ3_XXS:
                Lower.CopyTo(block[2..]);
                for (int sub = 0; sub < 8; sub++) WriteSignsAndScale(sub, block[(66 + (4 * sub))..]);
                break;
            case GgufTensorType.IQ3_S:
                Lower.CopyTo(block[2..]);
                for (int group = 0; group < 64; group++) block[66 + (group / 8)] |= (byte)(Upper[group] << (group % 8));
                Signs.CopyTo(block[74..]);
                WriteNibbles(block[106..]);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "has no such lattice");
        }
    }

    // Seven signs of each of four groups, the eighth follows from them; above them the sub-scale.
    private void WriteSignsAndScale(int sub, Span<byte> destination)
    {
        uint packed = (uint)SubScales[sub] << 28;
        for (int i = 0; i < 4; i++) packed |= (uint)(Signs[(4 * sub) + i] & 127) << (7 * i);
        BinaryPrimitives.WriteUInt32LittleEndian(destination, packed);
    }

    private void WriteNibbles(Span<byte> destination)
    {
        for (int i = 0; i < destination.Length; i++) destination[i] = (byte)(SubScales[2 * i] | (SubScales[(2 * i) + 1] << 4));
    }
}
