namespace Distill.Export.Quantization;

/// <summary>
/// Sixteen blocks side by side: element i of all of them lies together, so a vector holds the same element of several blocks.
/// The memory is the caller's.
/// </summary>
internal unsafe readonly ref struct Tile
{
    /// <summary>Blocks in a tile: as many as the widest vector has lanes.</summary>
    public const int Columns = 16;

    /// <summary>Elements of the largest tile.</summary>
    public const int Capacity = Columns * 32;

    /// <summary>Bytes of memory that a tile needs, alignment included.</summary>
    public const int MemoryBytes = 64 + (sizeof(float) * ((5 * Capacity) + (6 * Columns))) + (2 * Capacity);

    /// <summary>Lays a tile out in memory.</summary>
    /// <param name="memory"><see cref="MemoryBytes"/> bytes.</param>
    /// <param name="height">Elements of a block: 16 or 32.</param>
    public Tile(byte* memory, int height)
    {
        float* aligned = (float*)(((nint)memory + 63) & ~63);
        Height = height;
        Values = aligned;
        Weights = aligned + Capacity;
        Products = aligned + (2 * Capacity);
        Levels = aligned + (3 * Capacity);
        Trial = aligned + (4 * Capacity);
        Scales = aligned + (5 * Capacity);
        Minima = Scales + Columns;
        WeightSums = Minima + Columns;
        Steps = WeightSums + Columns;
        Offsets = Steps + Columns;
        Energy = Offsets + Columns;
        _transposedCodes = (byte*)(Energy + Columns);
        Codes = _transposedCodes + Capacity;
    }

    private readonly byte* _transposedCodes;

    /// <summary>Elements of a block.</summary>
    public int Height { get; }

    /// <summary>The values to quantise, [height, columns].</summary>
    public float* Values { get; }

    /// <summary>How much the error of each value counts, [height, columns].</summary>
    public float* Weights { get; }

    /// <summary>Weight times value, or scratch, [height, columns].</summary>
    public float* Products { get; }

    /// <summary>The chosen levels, whole numbers, [height, columns].</summary>
    public float* Levels { get; }

    /// <summary>The levels of the candidate at hand, [height, columns].</summary>
    public float* Trial { get; }

    /// <summary>Found scale of each block.</summary>
    public float* Scales { get; }

    /// <summary>Found minimum of each block, negated.</summary>
    public float* Minima { get; }

    /// <summary>Sum of each block's weights.</summary>
    public float* WeightSums { get; }

    /// <summary>Scale of each block as it will be read back.</summary>
    public float* Steps { get; }

    /// <summary>Negated minimum of each block as it will be read back.</summary>
    public float* Offsets { get; }

    /// <summary>Mean square of the neighbourhood of each block, as its type defines it.</summary>
    public float* Energy { get; }

    /// <summary>The levels as bytes, one block after the other; filled by <see cref="WriteCodes"/>.</summary>
    public byte* Codes { get; }

    /// <summary>Copies blocks into columns; missing columns become zeros.</summary>
    /// <param name="source">Whole blocks.</param>
    /// <param name="first">Element of <paramref name="source"/> at which the first column starts; what runs over its end goes on at its start.</param>
    /// <param name="blocks">Columns to fill.</param>
    /// <param name="destination">[height, columns].</param>
    public void Transpose(ReadOnlySpan<float> source, int first, int blocks, float* destination)
    {
        fixed (float* start = source)
        {
            int column = 0;
            for (; column + Transposition.Side <= blocks; column += Transposition.Side)
            {
                float* first0 = Block(start, source.Length, first, column), first1 = Block(start, source.Length, first, column + 1);
                float* first2 = Block(start, source.Length, first, column + 2), first3 = Block(start, source.Length, first, column + 3);
                for (int i = 0; i < Height; i += Transposition.Side)
                    Transposition.Floats(first0 + i, first1 + i, first2 + i, first3 + i, destination + (i * Columns) + column, Columns);
            }
            for (; column < Columns; column++)
            {
                float* block = Block(start, source.Length, first, column);
                for (int i = 0; i < Height; i++) destination[(i * Columns) + column] = column < blocks ? block[i] : 0;
            }
        }
    }

    private float* Block(float* source, int length, int first, int column) => source + ((first + (column * Height)) % length);

    /// <summary>Turns the levels into <see cref="Codes"/>.</summary>
    /// <param name="shift">Added to each level first, so that none is negative.</param>
    public void WriteCodes<TLanes>(float shift) where TLanes : struct, ILanes<TLanes>
    {
        TLanes added = TLanes.Of(shift);
        for (int i = 0; i < Height * Columns; i += TLanes.Width) (TLanes.Load(Levels + i) + added).StoreBytes(_transposedCodes + i);
        for (int i = 0; i < Height; i += Columns) Transposition.Bytes(_transposedCodes + (i * Columns), Codes + i, Height);
    }
}
