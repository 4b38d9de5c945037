namespace Distill.Verification;

/// <summary>The assignment of rows to columns, one to one, with the greatest sum. Source: Kuhn, "The Hungarian Method for the Assignment Problem", 1955.</summary>
internal static class Assignment
{
    /// <summary>The greatest sum.</summary>
    /// <param name="scores">Score of each row and column, [rows, columns]; not negative.</param>
    public static double BestSum(double[,] scores)
    {
        int size = Math.Max(scores.GetLength(0), scores.GetLength(1));
        double[] rowPrice = new double[size + 1], columnPrice = new double[size + 1];
        int[] rowOf = new int[size + 1];
        for (int row = 1; row <= size; row++) Augment(scores, size, row, rowPrice, columnPrice, rowOf);
        double sum = 0;
        for (int column = 1; column <= size; column++) sum -= Cost(scores, rowOf[column], column);
        return sum;
    }

    // Shortest augmenting path from one row, with prices that keep reduced costs from being negative.
    private static void Augment(double[,] scores, int size, int row, double[] rowPrice, double[] columnPrice, int[] rowOf)
    {
        double[] least = new double[size + 1];
        int[] before = new int[size + 1];
        bool[] used = new bool[size + 1];
        Array.Fill(least, double.PositiveInfinity);
        rowOf[0] = row;
        int at = 0;
        while (rowOf[at] != 0)
        {
            used[at] = true;
            int next = 0;
            double delta = double.PositiveInfinity;
            for (int column = 1; column <= size; column++)
            {
                if (used[column]) continue;
                double reduced = Cost(scores, rowOf[at], column) - rowPrice[rowOf[at]] - columnPrice[column];
                if (reduced < least[column]) (least[column], before[column]) = (reduced, at);
                if (least[column] < delta) (delta, next) = (least[column], column);
            }
            for (int column = 0; column <= size; column++)
            {
                if (used[column])
                {
                    rowPrice[rowOf[column]] += delta;
                    columnPrice[column] -= delta;
                }
                else least[column] -= delta;
            }
            at = next;
        }
        for (int previous; at != 0; at = previous)
        {
            previous = before[at];
            rowOf[at] = rowOf[previous];
        }
    }

    // Rows and columns that are only there to make the matrix square cost nothing.
    private static double Cost(double[,] scores, int row, int column) =>
        row <= scores.GetLength(0) && column <= scores.GetLength(1) ? -scores[row - 1, column - 1] : 0;
}
