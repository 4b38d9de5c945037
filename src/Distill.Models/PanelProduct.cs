using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// <c>y = x Wᵀ</c> and <c>dx = dy W</c> for the many rows of a training step and a weight that is stored small. The weight is expanded to 32-bit floats a pair of panels at a time,
/// in the order in which it is multiplied and in the cache of the thread that does it: it travels through memory once, as small as it is, and there is no second, packed copy.
/// An output is summed in the same order whatever the number of threads is. Source of the division into panels: Goto and van de Geijn, "Anatomy of high-performance matrix
/// multiplication", ACM Transactions on Mathematical Software 34 (2008).
/// </summary>
internal static unsafe class PanelProduct
{
    private const int BlockSize = StoredWeight.BlockSize;
    private const int PairColumns = PanelTile.PanelStride; // whole blocks

    // What is summed at once: two panels of it, and as much of all rows of a step, share the second-level cache.
    private const long Depth = 512;

    // Panels that a thread takes at a time while the same part of the rows is in its cache.
    private const long PairsAtOnce = 4;

    private const long FewestRows = 64; // the expansion costs as much as the product of a few rows

    /// <summary>Whether rows are multiplied here.</summary>
    /// <param name="input"><c>[rows, inputs]</c>.</param>
    /// <param name="output"><c>[rows, outputs]</c>.</param>
    public static bool Takes(Tensor input, Tensor output) =>
        PanelTile.IsSupported && input.shape[0] >= FewestRows && input.shape[1] % BlockSize == 0 && output.shape[1] % BlockSize == 0
        && output.stride(1) == 1 && Aten.IsFloat32OnCpu(input) && Aten.IsFloat32OnCpu(output);

    /// <summary>Fills, or adds to, <c>y = x Wᵀ</c>.</summary>
    /// <param name="input">x, <c>[rows, columns]</c>.</param>
    /// <param name="weight">W, <c>[outputs, columns]</c>.</param>
    /// <param name="output">y, <c>[rows, outputs]</c>.</param>
    /// <param name="adds">Whether the product is added to what is there.</param>
    public static void Forward(Tensor input, StoredNumbers weight, Tensor output, bool adds) =>
        Run(new Work { Weight = weight, BlocksPerRow = input.shape[1] / BlockSize, SumsColumns = true, Adds = adds }, input, output);

    /// <summary>Fills, or adds to, <c>dx = dy W</c>.</summary>
    /// <param name="outputGradient">dy, <c>[rows, outputs]</c>.</param>
    /// <param name="weight">W, <c>[outputs, columns]</c>.</param>
    /// <param name="inputGradient">dx, <c>[rows, columns]</c>.</param>
    /// <param name="adds">Whether the product is added to what is there.</param>
    public static void Backward(Tensor outputGradient, StoredNumbers weight, Tensor inputGradient, bool adds) =>
        Run(new Work { Weight = weight, BlocksPerRow = inputGradient.shape[1] / BlockSize, Adds = adds }, outputGradient, inputGradient);

    private static void Run(Work work, Tensor input, Tensor output)
    {
        using Tensor rows = input.contiguous();
        int threads = get_num_threads();
        nuint bytes = (nuint)(threads * Depth * PairColumns * sizeof(float));
        float* panels = (float*)NativeMemory.AlignedAlloc(bytes, alignment: 64);
        NativeMemory.Clear(panels, bytes); // a last panel may be too wide: what is too much is multiplied, but not stored
        work.Panels = panels;
        work.Input = (float*)Aten.Data(rows);
        work.Output = (float*)Aten.Data(output);
        (work.Rows, work.Inputs, work.Outputs, work.OutputStride) = (rows.shape[0], rows.shape[1], output.shape[1], output.stride(0));
        work.Pairs = (work.Outputs + PairColumns - 1) / PairColumns;
        Aten.ParallelFor(threads, grain: 1, &Share, &work);
        NativeMemory.AlignedFree(panels);
        GC.KeepAlive(output);
    }

    // Threads take what is left rather than halves: one that is interrupted does not hold up the other.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Share(long begin, long end, void* context)
    {
        Work* work = (Work*)context;
        float* panels = work->Panels + (begin * Depth * PairColumns);
        for (long first; (first = Interlocked.Add(ref work->Next, PairsAtOnce) - PairsAtOnce) < work->Pairs;)
        {
            long stop = Math.Min(first + PairsAtOnce, work->Pairs);
            for (long depth = 0; depth < work->Inputs; depth += Depth)
            {
                for (long pair = first; pair < stop; pair++)
                {
                    Part next = pair + 1 < stop ? work->PartOf(pair + 1, depth) : depth + Depth < work->Inputs ? work->PartOf(first, depth + Depth) : work->PartOf(Math.Min(stop, work->Pairs - 1), 0);
                    Multiply(in *work, work->PartOf(pair, depth), next, panels);
                }
            }
        }
    }

    // Adds the part of the sums of all rows that a part of the weight gives.
    private static void Multiply(in Work work, in Part part, in Part next, float* panels)
    {
        if (work.SumsColumns) ExpandAcross(in work, in part, panels);
        else ExpandAlong(in work, in part, panels);
        var tile = new Tile { InputStride = work.Inputs, OutputStride = work.OutputStride, Count = part.Depth, Adds = work.Adds || part.FirstInput > 0 };
        for (long row = 0; row < work.Rows; row += PanelTile.Rows)
        {
            tile.RowCount = Math.Min(PanelTile.Rows, work.Rows - row);
            Fetch(in work, in next, row, row + tile.RowCount);
            tile.Input = work.Input + (row * work.Inputs) + part.FirstInput;
            for (long column = 0; column < part.Columns; column += PanelTile.Columns)
            {
                tile.Panel = panels + column;
                tile.Output = work.Output + (row * work.OutputStride) + part.FirstOutput + column;
                tile.ColumnCount = Math.Min(PanelTile.Columns, part.Columns - column);
                PanelTile.Multiply(in tile);
            }
        }
    }

    // Rows of the weight become columns of the panels.
    [SkipLocalsInit]
    private static void ExpandAcross(in Work work, in Part part, float* panels)
    {
        const int Square = PanelTile.Lanes, Stretch = 4 * BlockSize;
        float* some = stackalloc float[Square * Stretch];
        for (long row = 0; row < part.Columns; row += Square)
        {
            for (long first = 0; first < part.Depth; first += Stretch)
            {
                long count = Math.Min(Stretch, part.Depth - first);
                for (int i = 0; i < Square; i++)
                    work.Weight.Expand(((part.FirstOutput + row + i) * work.BlocksPerRow) + ((part.FirstInput + first) / BlockSize), count / BlockSize, some + (i * Stretch));
                for (long column = 0; column < count; column += Square)
                    PanelTile.Transpose(some + column, Stretch, panels + ((first + column) * PairColumns) + row, PairColumns);
            }
        }
    }

    // Pieces of the weight's rows become rows of the panels.
    private static void ExpandAlong(in Work work, in Part part, float* panels)
    {
        for (long row = 0; row < part.Depth; row++)
            work.Weight.Expand(((part.FirstInput + row) * work.BlocksPerRow) + (part.FirstOutput / BlockSize), part.Columns / BlockSize, panels + (row * PairColumns));
    }

    // Memory answers while some rows are multiplied with the part before.
    private static void Fetch(in Work work, in Part part, long firstRow, long endRow)
    {
        (long first, long count, long column, long columns) = work.SumsColumns
            ? (part.FirstOutput, part.Columns, part.FirstInput, part.Depth)
            : (part.FirstInput, part.Depth, part.FirstOutput, part.Columns);
        for (long row = count * firstRow / work.Rows; row < count * endRow / work.Rows; row++)
            work.Weight.Fetch(((first + row) * work.BlocksPerRow) + (column / BlockSize), columns / BlockSize);
    }

    // A pair of panels: some outputs, and some inputs that they are sums of.
    private readonly record struct Part(long FirstOutput, long Columns, long FirstInput, long Depth);

    private struct Work
    {
        public float* Input;  // [rows, inputs]
        public float* Output; // [rows, outputs], OutputStride from a row to the next
        public float* Panels; // [threads, depth, columns of two panels]
        public StoredNumbers Weight;
        public long BlocksPerRow;
        public bool SumsColumns; // of the weight, as in the forward pass; else its rows
        public bool Adds;
        public long Rows, Inputs, Outputs, OutputStride, Pairs;
        public long Next; // the first pair that no thread has taken

        public readonly Part PartOf(long pair, long depth) =>
            new(pair * PairColumns, Math.Min(PairColumns, Outputs - (pair * PairColumns)), depth, Math.Min(PanelProduct.Depth, Inputs - depth));
    }
}
