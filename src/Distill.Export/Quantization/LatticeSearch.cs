namespace Distill.Export.Quantization;

/// <summary>
/// Scale and points of a sub-block: some scales around the one that maps the largest magnitude to the highest level; for each the
/// nearest point of each group; the one whose weighted least-squares fit explains most stays. Lanes are candidates here or,
/// when a group chooses between points, points.
/// </summary>
internal static unsafe class LatticeSearch<TLanes> where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Searches, and leaves the points in <see cref="LatticeScratch.Chosen"/>.</summary>
    /// <param name="scratch">Values, weights, and what is derived from them.</param>
    /// <param name="settings">Of the type.</param>
    /// <param name="lattice">Of the type.</param>
    /// <param name="range">The largest magnitude.</param>
    /// <param name="scale">The scale if no candidate explains anything; receives the one found.</param>
    /// <returns>Whether every group found a point; not so if the numbers are too large to be compared.</returns>
    public static bool Run(in LatticeScratch scratch, LatticeSettings settings, Lattice lattice, float range, ref float scale)
    {
        int count = (2 * settings.Reach) + 1, groups = settings.SubBlock / settings.Group;
        for (int i = 0; i < LatticeScratch.Candidates; i++)
        {
            scratch.Inverses[i] = (settings.Top + (settings.Step * (Math.Min(i, count - 1) - settings.Reach))) / range;
            scratch.Steps[i] = 1 / scratch.Inverses[i];
        }
        for (int column = 0; column < count; column += TLanes.Width) SetLevels(scratch, settings, column);
        bool found = true;
        for (int group = 0; group < groups; group++) found &= MoveToPoints(scratch, settings, lattice, group, count);
        for (int column = 0; column < count; column += TLanes.Width) Fit(scratch, settings, column);

        int chosen = -1;
        float best = 0;
        for (int i = 0; i < count; i++)
        {
            float products = scratch.ProductSums[i], squares = scratch.SquareSums[i];
            if (!(squares > 0 && products * products > best * squares)) continue;
            scale = products / squares;
            best = scale * products;
            chosen = i;
        }
        uint moved = 0;
        for (int group = 0; group < groups; group++)
        {
            scratch.Chosen[group] = chosen < 0 ? 0 : scratch.Points[(group * LatticeScratch.Candidates) + chosen];
            if (chosen < 0 ? settings.Refinement == LatticeRefinement.AllIfAnyMoved : (scratch.Moved[group] >> chosen & 1) != 0) moved |= 1u << group;
        }
        if (settings.Refinement == LatticeRefinement.Always || (settings.Refinement == LatticeRefinement.AllIfAnyMoved && moved != 0)) moved = uint.MaxValue;
        return moved == 0 || !(scale > 0) ? found : Refine(scratch, settings, lattice, moved, ref scale) && found;
    }

    // The nearest level of every value, for several candidates at once.
    private static void SetLevels(in LatticeScratch scratch, LatticeSettings settings, int column)
    {
        TLanes inverse = TLanes.Load(scratch.Inverses + column), one = TLanes.Of(1), half = TLanes.Of(0.5f);
        int size = settings.Group, bits = settings.Bits, highest = settings.Levels - 1;
        for (int group = 0; group < settings.SubBlock / size; group++)
        {
            TLanes point = TLanes.Of(0);
            for (int i = 0; i < size; i++)
            {
                TLanes level = TLanes.Round(half * ((inverse * TLanes.Of(scratch.Values[(group * size) + i])) - one), 0, highest);
                point += level * TLanes.Of(1 << (bits * i)); // exact: sixteen bits at most
            }
            point.StoreCodes(scratch.Points + (group * LatticeScratch.Candidates) + column);
        }
    }

    private static bool MoveToPoints(in LatticeScratch scratch, LatticeSettings settings, Lattice lattice, int group, int count)
    {
        bool found = true;
        uint moved = 0;
        ushort* points = scratch.Points + (group * LatticeScratch.Candidates);
        int levels = -1, place = 0;
        for (int i = 0; i < count; i++)
        {
            if (points[i] != levels) place = lattice.NumberOf(levels = points[i]);
            if (place >= 0) continue;
            moved |= 1u << i;
            points[i] = (ushort)Nearest(scratch, settings, lattice, group, place, scratch.Steps[i], ref found);
        }
        scratch.Moved[group] = moved;
        return found;
    }

    private static int Odd(int point, int index, int bits) => (2 * ((point >> (bits * index)) & ((1 << bits) - 1))) + 1;

    private static int Nearest(in LatticeScratch scratch, LatticeSettings settings, Lattice lattice, int group, int list, float step, ref bool found)
    {
        float* values = scratch.Values + (group * settings.Group), roots = scratch.Roots + (group * settings.Group);
        fixed (float* numbers = settings.Bits == 3 ? ThreeBitNumbers : TwoBitNumbers)
            return NearestPoint<TLanes>.Find(lattice, list, values, roots, step, numbers, scratch.Table, ref found);
    }

    private static ReadOnlySpan<float> ThreeBitNumbers => [1, 3, 5, 7, 9, 11, 13, 15, 1, 3, 5, 7, 9, 11, 13, 15];

    private static ReadOnlySpan<float> TwoBitNumbers => [1, 3, 5, 7, 1, 3, 5, 7, 1, 3, 5, 7, 1, 3, 5, 7];

    // Sums of weight · value · level and weight · level²: their quotient is the best scale for these points.
    private static void Fit(in LatticeScratch scratch, LatticeSettings settings, int column)
    {
        TLanes products = TLanes.Of(0), squares = products;
        int size = settings.Group, bits = settings.Bits;
        fixed (float* numbers = bits == 3 ? ThreeBitNumbers : TwoBitNumbers)
        {
            for (int i = 0; i < settings.SubBlock; i++)
            {
                TLanes level = TLanes.Lookup(numbers, scratch.Points + (i / size * LatticeScratch.Candidates) + column, bits * (i % size));
                products += TLanes.Of(scratch.Products[i]) * level;
                squares += TLanes.Of(scratch.Weights[i]) * level * level;
            }
        }
        products.Store(scratch.ProductSums + column);
        squares.Store(scratch.SquareSums + column);
    }

    // New points for the fitted scale, and a scale fitted to them.
    private static bool Refine(in LatticeScratch scratch, LatticeSettings settings, Lattice lattice, uint moved, ref float scale)
    {
        bool found = true;
        float inverse = 1 / scale, products = 0, squares = 0;
        for (int group = 0; group < settings.SubBlock / settings.Group; group++)
        {
            if ((moved >> group & 1) != 0)
            {
                int levels = 0;
                for (int i = 0; i < settings.Group; i++)
                {
                    int level = Rounding.Nearest(0.5f * ((inverse * scratch.Values[(group * settings.Group) + i]) - 1));
                    levels |= Math.Clamp(level, 0, settings.Levels - 1) << (settings.Bits * i);
                }
                int place = lattice.NumberOf(levels);
                scratch.Chosen[group] = place >= 0 ? levels : Nearest(scratch, settings, lattice, group, place, scale, ref found);
            }
            for (int i = 0; i < settings.Group; i++)
            {
                int index = (group * settings.Group) + i;
                float level = Odd(scratch.Chosen[group], i, settings.Bits);
                products += scratch.Products[index] * level;
                squares += scratch.Weights[index] * level * level;
            }
        }
        if (squares > 0) scale = products / squares;
        return found;
    }
}
