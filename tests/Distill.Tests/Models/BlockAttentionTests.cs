using Distill.Models;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

public sealed class BlockAttentionTests
{
    private const int Length = 23, Width = 4;

    private readonly record struct Attended(Tensor Mixed, Tensor Query, Tensor Key, Tensor Value);

    public static TheoryData<int, string> Cases => new MatrixTheoryData<int, string>([1, 5, 8, 23, 64], ["one", "several", "two rows"]);

    private static IReadOnlyList<long[]> Documents(string name) => name switch { "one" => [[Length]], "several" => [[4, 9, 1, 9]], _ => [[Length], [10, 13]] };

    private static (Tensor Query, Tensor Key, Tensor Value, Tensor Gradient) Given(int rows) =>
        (FiniteDifferences.Leaf(1, rows, 4, Length, Width), FiniteDifferences.Leaf(2, rows, 2, Length, Width), FiniteDifferences.Leaf(3, rows, 2, Length, Width), FiniteDifferences.Random(4, rows, 4, Length, Width));

    // The definition: a softmax over the scores of all keys that a query may see.
    private static Attended Defined(IReadOnlyList<long[]> documents)
    {
        (Tensor query, Tensor key, Tensor value, Tensor gradient) = Given(documents.Count);
        long[] numbers = [.. documents.SelectMany(row => row.SelectMany((count, document) => Enumerable.Repeat((long)document, (int)count)))];
        Tensor document = tensor(numbers, [documents.Count, Length]), hidden = document.unsqueeze(1).ne(document.unsqueeze(2)).logical_or(ones(Length, Length, ScalarType.Bool).triu(1));
        Tensor scores = matmul(query, key.repeat_interleave(2, 1).transpose(2, 3)) * 0.3;
        Tensor mixed = matmul(scores.masked_fill(hidden.unsqueeze(1), double.NegativeInfinity).softmax(-1), value.repeat_interleave(2, 1));
        mixed.backward([gradient]);
        return new(mixed.detach(), query.grad!, key.grad!, value.grad!);
    }

    private static Attended InBlocks(IReadOnlyList<long[]> documents, int size)
    {
        using var none = no_grad();
        (Tensor query, Tensor key, Tensor value, Tensor gradient) = Given(documents.Count);
        var attention = new BlockAttention(documents, size, 0.3);
        Tensor mixed = empty_like(query), logSums = empty(documents.Count, 4, Length, dtype: ScalarType.Float64), byQuery = empty_like(query), byKey = zeros_like(key), byValue = zeros_like(value);
        for (long first = 0; first < Length; first += size)
        {
            long count = Math.Min(size, Length - first);
            attention.Forward(Of(query), key, value, first, Of(mixed), Of(logSums));
            Of(byQuery).copy_(attention.Backward(Of(gradient), Of(query), key, value, first, Of(mixed), Of(logSums), byKey, byValue));

            Tensor Of(Tensor row) => row.narrow(2, first, count);
        }
        return new(mixed, byQuery, byKey, byValue);
    }

    private static void Same(Attended expected, Attended actual)
    {
        foreach ((Tensor left, Tensor right) in new[] { (expected.Mixed, actual.Mixed), (expected.Query, actual.Query), (expected.Key, actual.Key), (expected.Value, actual.Value) })
        {
            Assert.True((left - right).abs().max().item<double>() < 1e-12);
            Assert.True(left.abs().max().item<double>() > 0.1);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void BlockByBlockIsTheSoftmaxOverAllKeys(int size, string documents)
    {
        using var scope = NewDisposeScope();
        TorchRuntime.Initialize(1);
        Same(Defined(Documents(documents)), InBlocks(Documents(documents), size));
    }

    // What devices without the CPU's kernel take.
    [Theory, InlineData(true), InlineData(false)]
    public void TheComposedFormIsTheKernel(bool causal)
    {
        using var scope = NewDisposeScope();
        using var none = no_grad();
        TorchRuntime.Initialize(1);
        Tensor query = FiniteDifferences.Random(5, 2, 4, 7, Width), key = FiniteDifferences.Random(6, 2, 2, 7, Width), value = FiniteDifferences.Random(7, 2, 2, 7, Width), gradient = FiniteDifferences.Random(8, 2, 4, 7, Width);
        var attention = new BlockAttention([[7], [7]], 7, 0.3);
        (Tensor mixed, Tensor logSum) = Aten.FlashAttention(query, key, value, causal, 0.3);
        (Tensor composed, Tensor composedSum) = attention.Composed(query, key, value, causal);
        (Tensor byQuery, Tensor byKey, Tensor byValue) = Aten.FlashAttentionBackward(gradient, query, key, value, mixed, logSum, causal, 0.3);
        (Tensor composedQuery, Tensor composedKey, Tensor composedValue) = attention.ComposedBackward(gradient, query, key, value, composed, composedSum, causal);
        foreach ((Tensor left, Tensor right) in new[] { (mixed, composed), (logSum, composedSum), (byQuery, composedQuery), (byKey, composedKey), (byValue, composedValue) })
            Assert.True((left - right).abs().max().item<double>() < 1e-12);
    }
}
