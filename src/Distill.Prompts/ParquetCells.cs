using System.Globalization;
using Parquet.Data;

namespace Distill.Prompts;

/// <summary>The values of one column of one row group, whatever their Parquet type, as the few types that are asked for.</summary>
internal abstract class ParquetCells
{
    /// <summary>The value as text, numbers in invariant form.</summary>
    public abstract string TextAt(int cell);

    /// <summary>The value as a whole number.</summary>
    public abstract long IntegerAt(int cell);

    /// <summary>The value as a number.</summary>
    public abstract double NumberAt(int cell);

    /// <summary>Wraps what the Parquet library read, or null when the type is none of text, number and truth value.</summary>
    public static ParquetCells? TryFrom(RawColumnData data) => data switch
    {
        RawColumnData<ReadOnlyMemory<char>> texts => new TextCells(texts),
        RawColumnData<int> numbers => new NumberCells<int>(numbers),
        RawColumnData<long> numbers => new NumberCells<long>(numbers),
        RawColumnData<short> numbers => new NumberCells<short>(numbers),
        RawColumnData<sbyte> numbers => new NumberCells<sbyte>(numbers),
        RawColumnData<byte> numbers => new NumberCells<byte>(numbers),
        RawColumnData<ushort> numbers => new NumberCells<ushort>(numbers),
        RawColumnData<uint> numbers => new NumberCells<uint>(numbers),
        RawColumnData<ulong> numbers => new NumberCells<ulong>(numbers),
        RawColumnData<float> numbers => new NumberCells<float>(numbers),
        RawColumnData<double> numbers => new NumberCells<double>(numbers),
        RawColumnData<decimal> numbers => new NumberCells<decimal>(numbers),
        RawColumnData<bool> flags => new FlagCells(flags),
        _ => null,
    };

    private sealed class TextCells(RawColumnData<ReadOnlyMemory<char>> data) : ParquetCells
    {
        public override string TextAt(int cell) => data.Values[cell].ToString();

        public override long IntegerAt(int cell) => throw NotNumeric(cell);

        public override double NumberAt(int cell) => throw NotNumeric(cell);

        private InvalidDataException NotNumeric(int cell) => new($"text where a number is needed: \"{Shorten(TextAt(cell))}\"");

        private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
    }

    private sealed class NumberCells<T>(RawColumnData<T> data) : ParquetCells where T : struct, System.Numerics.INumber<T>
    {
        public override string TextAt(int cell) => data.Values[cell].ToString(null, CultureInfo.InvariantCulture);

        public override long IntegerAt(int cell) => long.CreateChecked(data.Values[cell]);

        public override double NumberAt(int cell) => double.CreateChecked(data.Values[cell]);
    }

    private sealed class FlagCells(RawColumnData<bool> data) : ParquetCells
    {
        public override string TextAt(int cell) => data.Values[cell] ? "true" : "false";

        public override long IntegerAt(int cell) => data.Values[cell] ? 1 : 0;

        public override double NumberAt(int cell) => IntegerAt(cell);
    }
}
