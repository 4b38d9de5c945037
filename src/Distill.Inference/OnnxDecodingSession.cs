using Distill.Runs;
using Microsoft.ML.OnnxRuntime;

namespace Distill.Inference;

/// <summary>
/// One batch being decoded by ONNX Runtime. Shorter prompts are padded on the left, so every sequence ends at the same
/// position and one step appends to all of them.
/// </summary>
internal sealed class OnnxDecodingSession : IDecodingSession
{
    // Prompts are read in groups whose logits and attention scores stay below this many numbers (256 MB).
    private const long LargestRun = 1 << 26;
    private const int CapacityStep = 256;

    private readonly InferenceSession session;
    private readonly OnnxModelShape shape;
    private readonly int maxTokens;
    private readonly string path;
    private readonly OrtIoBinding binding;
    private readonly RunOptions runOptions = new();
    private readonly OnnxKeyValueCache cache;

    private OrtValue[] boundCache = [];
    private (int First, int Count, int Capacity) bound;
    private int[] padding = []; // positions before each sequence's first token
    private int length;         // positions in use, padding included
    private long[] inputIds = [], positions = [], mask = [];
    private float[] output = [];

    public OnnxDecodingSession(InferenceSession session, OnnxModelShape shape, int maxTokens, string path)
    {
        (this.session, this.shape, this.maxTokens, this.path) = (session, shape, maxTokens, path);
        cache = new OnnxKeyValueCache(shape);
        binding = session.CreateIoBinding();
    }

    public void Prefill(IReadOnlyList<int[]> prompts, Span<float> logits)
    {
        if (length > 0) throw new InvalidOperationException("the session has read its prompts");
        ArgumentOutOfRangeException.ThrowIfZero(prompts.Count, nameof(prompts));
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, prompts.Count * shape.Vocabulary, nameof(logits));
        int longest = prompts.Max(prompt => prompt.Length);
        if (prompts.Any(prompt => prompt.Length == 0)) throw new ArgumentException("a prompt has no tokens", nameof(prompts));
        if (longest > shape.ContextLength)
            throw new InputException($"a prompt has {longest} tokens, {path} accepts {shape.ContextLength}", "shorten the prompt or use a model with a longer context");
        foreach (int[] prompt in prompts) RequireKnown(prompt);

        padding = [.. prompts.Select(prompt => longest - prompt.Length)];
        cache.Allocate(prompts.Count, Capacity(longest));
        long perToken = Math.Max(shape.Vocabulary, (long)shape.Heads * longest);
        int rows = (int)Math.Clamp(LargestRun / (perToken * longest), 1, prompts.Count);
        int tokens = rows > 1 ? longest : (int)Math.Clamp(LargestRun / perToken, 1, longest); // only a single row may be read in pieces
        for (int first = 0; first < prompts.Count; first += rows)
        {
            int count = Math.Min(rows, prompts.Count - first);
            for (int start = 0; start < longest; start += tokens)
            {
                int end = Math.Min(longest, start + tokens);
                FillPrompts(prompts, first, count, start, end);
                Run(first, count, start, end, logits.Slice(first * shape.Vocabulary, count * shape.Vocabulary));
            }
        }
        length = longest;
    }

    public void Step(ReadOnlySpan<int> tokens, Span<float> logits)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(tokens.Length, cache.Rows, nameof(tokens));
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, tokens.Length * shape.Vocabulary, nameof(logits));
        if (tokens.IsEmpty) return;
        if (length - padding.Max() >= shape.ContextLength) // a row that is done may wait beyond its end, but not all of them
            throw new InputException($"a sequence reached the {shape.ContextLength} tokens that {path} accepts", "lower the token limit");
        RequireKnown(tokens);
        if (length == cache.Capacity) cache.Grow(Capacity(length + 1), length);
        Resize(ref inputIds, tokens.Length);
        for (int row = 0; row < tokens.Length; row++) inputIds[row] = tokens[row];
        Run(0, tokens.Length, length, length + 1, logits);
        length++;
    }

    public void Keep(ReadOnlySpan<int> rows)
    {
        int[] kept = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)rows[i], (uint)cache.Rows, nameof(rows));
            kept[i] = padding[rows[i]];
        }
        cache.Keep(rows, length);
        padding = kept;
        bound = default;
    }

    public void Dispose()
    {
        ReleaseBoundCache();
        binding.Dispose();
        runOptions.Dispose();
    }

    // Room in even steps, doubled as it fills, and never more than the caller said is needed.
    private int Capacity(int needed)
    {
        long rounded = (long)(needed + CapacityStep - 1) / CapacityStep * CapacityStep;
        return (int)Math.Max(needed, Math.Min(maxTokens, Math.Max(rounded, 2L * cache.Capacity)));
    }

    private void FillPrompts(IReadOnlyList<int[]> prompts, int first, int count, int start, int end)
    {
        int width = end - start;
        Resize(ref inputIds, count * width);
        for (int row = 0; row < count; row++)
        {
            int pad = padding[first + row];
            for (int position = start; position < end; position++)
                inputIds[(row * width) + position - start] = position < pad ? 0 : prompts[first + row][position - pad];
        }
    }

    // Runs the rows [first, first + count) over the positions [start, end) and copies out each row's last logits.
    private void Run(int first, int count, int start, int end, Span<float> logits)
    {
        int width = end - start;
        Resize(ref positions, count * width);
        Resize(ref mask, count * end);
        for (int row = 0; row < count; row++)
        {
            int pad = padding[first + row];
            for (int position = start; position < end; position++) positions[(row * width) + position - start] = Math.Clamp(position - pad, 0, shape.ContextLength - 1);
            mask.AsSpan(row * end, Math.Min(pad, end)).Clear();
            if (pad < end) mask.AsSpan((row * end) + pad, end - pad).Fill(1);
        }
        int outputLength = checked(count * width * shape.Vocabulary);
        Resize(ref output, outputLength);
        BindCache(first, count);

        using OrtValue idsValue = Bind("input_ids", inputIds, count, width);
        using OrtValue positionsValue = Bind("position_ids", positions, count, width);
        using OrtValue maskValue = Bind("attention_mask", mask, count, end);
        using OrtValue logitsValue = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, output.AsMemory(0, outputLength), [count, width, shape.Vocabulary]);
        binding.BindOutput("logits", logitsValue);
        try
        {
            session.RunWithBinding(runOptions, binding);
        }
        catch (OnnxRuntimeException e)
        {
            throw new InputException($"{path}: ONNX Runtime failed: {OnnxRuntimeSettings.FirstLine(e)}", "export the model again", inner: e);
        }
        for (int row = 0; row < count; row++)
        {
            output.AsSpan((((row + 1) * width) - 1) * shape.Vocabulary, shape.Vocabulary)
                .CopyTo(logits.Slice(row * shape.Vocabulary, shape.Vocabulary));
        }
    }

    private OrtValue Bind(string name, long[] values, int rows, int columns)
    {
        OrtValue value = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, values.AsMemory(0, rows * columns), [rows, columns]);
        binding.BindInput(name, value);
        return value;
    }

    private void BindCache(int first, int count)
    {
        if (bound == (first, count, cache.Capacity)) return;
        ReleaseBoundCache();
        boundCache = cache.Bind(binding, first, count);
        bound = (first, count, cache.Capacity);
    }

    private void ReleaseBoundCache()
    {
        binding.ClearBoundInputs();
        binding.ClearBoundOutputs();
        foreach (OrtValue value in boundCache) value.Dispose();
        boundCache = [];
    }

    private void RequireKnown(ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)shape.Vocabulary)
                throw new InputException($"token {token} is outside the vocabulary of {path} ({shape.Vocabulary})", "use the tokenizer that belongs to this model");
        }
    }

    private static void Resize<T>(ref T[] array, int needed)
    {
        if (array.Length < needed) array = GC.AllocateUninitializedArray<T>(Math.Max(needed, 2 * array.Length), pinned: true);
    }
}
