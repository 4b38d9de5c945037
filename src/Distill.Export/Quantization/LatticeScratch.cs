namespace Distill.Export.Quantization;

/// <summary>Memory of the search for one sub-block of a type with a lattice; the caller's.</summary>
internal unsafe readonly ref struct LatticeScratch
{
    /// <summary>Candidates side by side: the most that a type tries, in whole vectors.</summary>
    public const int Candidates = 32;

    /// <summary>Bytes of memory.</summary>
    public const int MemoryBytes = 64 + (sizeof(float) * ((4 * 32) + (4 * Candidates) + (8 * NearestPoint<ScalarLane>.TableSize))) + (sizeof(int) * 16) + (sizeof(ushort) * 8 * Candidates);

    /// <summary>Lays it out in memory.</summary>
    /// <param name="memory"><see cref="MemoryBytes"/> bytes.</param>
    public LatticeScratch(byte* memory)
    {
        Values = (float*)(((nint)memory + 63) & ~63);
        Weights = Values + 32;
        Roots = Weights + 32;
        Products = Roots + 32;
        Inverses = Products + 32;
        Steps = Inverses + Candidates;
        ProductSums = Steps + Candidates;
        SquareSums = ProductSums + Candidates;
        Table = SquareSums + Candidates;
        Chosen = (int*)(Table + (8 * NearestPoint<ScalarLane>.TableSize));
        Moved = (uint*)(Chosen + 8);
        Points = (ushort*)(Moved + 8);
    }

    /// <summary>The weights' magnitudes; with even signs one of a group may be negative.</summary>
    public float* Values { get; }

    /// <summary>How much the error of each counts.</summary>
    public float* Weights { get; }

    /// <summary>Roots of <see cref="Weights"/>: what the choice between points counts.</summary>
    public float* Roots { get; }

    /// <summary>Weight times value.</summary>
    public float* Products { get; }

    /// <summary>Of each candidate, what a value is multiplied with.</summary>
    public float* Inverses { get; }

    /// <summary>Of each candidate, the scale.</summary>
    public float* Steps { get; }

    /// <summary>Of each candidate, the sum of weight · value · level.</summary>
    public float* ProductSums { get; }

    /// <summary>Of each candidate, the sum of weight · level².</summary>
    public float* SquareSums { get; }

    /// <summary>Levels of a group in the bits of a point, [groups, candidates].</summary>
    public ushort* Points { get; }

    /// <summary>Memory for <see cref="NearestPoint{TLanes}"/>.</summary>
    public float* Table { get; }

    /// <summary>The point of each group.</summary>
    public int* Chosen { get; }

    /// <summary>Of each group, the candidates whose levels were no point.</summary>
    public uint* Moved { get; }
}
