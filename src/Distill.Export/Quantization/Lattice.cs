using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>
/// A type's <see cref="GgufLattice"/>, ready for searching: for every combination of levels the number of its point or, where there is
/// none, the points nearest to it. Made on first use; at most a few hundred kilobytes.
/// </summary>
internal sealed unsafe class Lattice
{
    /// <summary>Lists of neighbours can be read in vectors of this many, beyond their end.</summary>
    public const int Padding = 16;

    private static readonly Lazy<Lattice> IQ2XXS = new(() => new Lattice(GgufTensorType.IQ2_XXS, shells: 2)), IQ2XS = new(() => new Lattice(GgufTensorType.IQ2_XS, shells: 2));
    private static readonly Lazy<Lattice> IQ2S = new(() => new Lattice(GgufTensorType.IQ2_S, shells: 1)), IQ1 = new(() => new Lattice(GgufTensorType.IQ1_S, shells: 3));
    private static readonly Lazy<Lattice> IQ3XXS = new(() => new Lattice(GgufTensorType.IQ3_XXS, shells: 2)), IQ3S = new(() => new Lattice(GgufTensorType.IQ3_S, shells: 3));

    private readonly int _bits;

    // Number of the point, or -1 - place of the list: its length, then the neighbours. Pinned, so that the searches can use pointers.
    private readonly int[] _places;
    private readonly ushort[] _neighbours;

    private Lattice(GgufTensorType type, int shells)
    {
        _bits = GgufLattice.BitsOfLevel(type);
        Dimensions = _bits == 3 ? 4 : 8;
        ReadOnlySpan<ushort> points = GgufLattice.Points(type);
        _places = GC.AllocateArray<int>(1 << (_bits * Dimensions), pinned: true);
        var onPoints = new bool[_places.Length];
        for (int i = 0; i < points.Length; i++) (_places[points[i]], onPoints[points[i]]) = (i, true);

        int[] halves = HalfDistances();
        var distances = new int[points.Length];
        var neighbours = new List<ushort>();
        for (int combination = 0; combination < _places.Length; combination++)
        {
            if (onPoints[combination] || !IsPossible(combination)) continue;
            for (int i = 0; i < points.Length; i++) distances[i] = Distance(halves, combination, points[i]);
            _places[combination] = -1 - neighbours.Count;
            AddNearest(points, distances, shells, neighbours);
        }
        neighbours.AddRange(new ushort[Padding]);
        _neighbours = GC.AllocateUninitializedArray<ushort>(neighbours.Count, pinned: true);
        neighbours.CopyTo(_neighbours);
    }

    /// <summary>Weights that a point stands for: four or eight.</summary>
    public int Dimensions { get; }

    /// <summary>The lattice of a type that has one.</summary>
    public static Lattice Of(GgufTensorType type) => type switch
    {
        GgufTensorType.IQ2_XXS => IQ2XXS.Value,
        GgufTensorType.IQ2_XS => IQ2XS.Value,
        GgufTensorType.IQ2_S => IQ2S.Value,
        GgufTensorType.IQ3_XXS => IQ3XXS.Value,
        GgufTensorType.IQ3_S => IQ3S.Value,
        _ => IQ1.Value,
    };

    /// <summary>Number of the point with these levels, negative if there is none.</summary>
    public int NumberOf(int levels) => _places[levels];

    /// <summary>The points nearest to levels that are no point: nearest first, then by number.</summary>
    /// <param name="place">What <see cref="NumberOf"/> said.</param>
    /// <param name="count">How many.</param>
    public ushort* Neighbours(int place, out int count)
    {
        fixed (ushort* list = &_neighbours[-1 - place])
        {
            count = *list;
            return list + 1;
        }
    }

    // All points of the nearest distances that occur.
    private static void AddNearest(ReadOnlySpan<ushort> points, int[] distances, int shells, List<ushort> neighbours)
    {
        int head = neighbours.Count, shell = -1;
        neighbours.Add(0);
        for (int i = 0; i < shells; i++)
        {
            int next = int.MaxValue;
            foreach (int distance in distances) next = distance > shell ? Math.Min(next, distance) : next;
            shell = next;
            for (int j = 0; j < points.Length; j++)
            {
                if (distances[j] == shell) neighbours.Add(points[j]);
            }
        }
        neighbours[head] = (ushort)(neighbours.Count - head - 1);
    }

    // Squared distances of all pairs of the lower half of the levels; the upper half has the same.
    private int[] HalfDistances()
    {
        int half = 1 << (_bits * Dimensions / 2);
        var distances = new int[half * half];
        for (int i = 0; i < distances.Length; i++)
        {
            for (int shift = 0; (1 << shift) < half; shift += _bits)
            {
                int difference = Level(i / half, shift) - Level(i % half, shift);
                distances[i] += difference * difference;
            }
        }
        return distances;
    }

    private int Distance(int[] halves, int a, int b)
    {
        int shift = _bits * Dimensions / 2, mask = (1 << shift) - 1;
        return halves[((a & mask) << shift) | (b & mask)] + halves[((a >> shift) << shift) | (b >> shift)];
    }

    // Two-bit levels have three values.
    private bool IsPossible(int combination) => _bits == 3 || (combination & (combination >> 1) & 0x5555) == 0;

    private int Level(int levels, int shift) => (levels >> shift) & ((1 << _bits) - 1);
}
