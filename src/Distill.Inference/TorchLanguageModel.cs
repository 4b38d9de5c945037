using System.Runtime.InteropServices;
using Distill.Models;
using static TorchSharp.torch;

namespace Distill.Inference;

/// <summary>A model computed by TorchSharp.</summary>
/// <param name="model">The model; disposed with this.</param>
public sealed class TorchLanguageModel(CausalLM model) : ILanguageModel
{
    /// <inheritdoc/>
    public int VocabularySize => model.Config.VocabSize;

    /// <inheritdoc/>
    public int ContextLength => model.Config.MaxPositionEmbeddings;

    /// <inheritdoc/>
    public IDecodingSession StartSession(int maxTokens) => new Session(model, maxTokens);

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    // Prompts of different lengths are padded at the left, so that every row's last token is in the last column.
    private sealed class Session(CausalLM model, int maxTokens) : IDecodingSession
    {
        private readonly KVCache _cache = new(model.Config.NumHiddenLayers, maxTokens);
        private long[] _padding = [];

        public void Prefill(IReadOnlyList<int[]> prompts, Span<float> logits)
        {
            int length = prompts.Max(prompt => prompt.Length);
            _padding = [.. prompts.Select(prompt => (long)(length - prompt.Length))];
            long[] ids = new long[prompts.Count * length], positions = new long[ids.Length];
            for (int row = 0; row < prompts.Count; row++)
            {
                int start = (row * length) + (int)_padding[row];
                for (int i = 0; i < prompts[row].Length; i++) (ids[start + i], positions[start + i]) = (prompts[row][i], i);
            }
            Forward(ids, positions, length, logits);
        }

        public void Step(ReadOnlySpan<int> tokens, Span<float> logits)
        {
            long[] ids = new long[tokens.Length];
            for (int row = 0; row < ids.Length; row++) ids[row] = tokens[row];
            Forward(ids, [.. _padding.Select(padding => _cache.Length - padding)], 1, logits);
        }

        public void Keep(ReadOnlySpan<int> rows)
        {
            long[] kept = new long[rows.Length];
            for (int i = 0; i < kept.Length; i++) kept[i] = rows[i];
            _padding = [.. kept.Select(row => _padding[row])];
            using var none = no_grad();
            using Tensor index = tensor(kept, device: model.Device);
            _cache.Keep(index);
        }

        private void Forward(long[] ids, long[] positions, int length, Span<float> logits)
        {
            using var none = no_grad();
            using var scope = NewDisposeScope();
            long rows = ids.Length / length;
            Tensor hidden = model.Hidden(Matrix(ids), Matrix(positions), Mask(length), _cache);    // [batch, length, hidden]
            Tensor last = model.Logits(hidden.narrow(1, length - 1, 1)).to(ScalarType.Float32).cpu().contiguous();
            MemoryMarshal.Cast<byte, float>(last.bytes).CopyTo(logits);

            Tensor Matrix(long[] values) => tensor(values, [rows, length], device: model.Device);
        }

        private AttentionMask Mask(int queries)
        {
            if (Array.TrueForAll(_padding, padding => padding == 0)) return queries == 1 ? AttentionMask.None : AttentionMask.CausalOnly;
            return AttentionMask.LeftPadded(tensor(_padding, device: model.Device), queries, _cache.Length + queries);
        }

        public void Dispose() => _cache.Dispose();
    }
}
