using System.Runtime.InteropServices;
using System.Text;

namespace Distill.PeerTests;

/// <summary>A model loaded by llama.cpp, computing on the CPU with a key and value cache in single precision.</summary>
internal sealed unsafe class LlamaModel : IDisposable
{
    private readonly LlamaCpp _peer;
    private readonly nint _model;
    private readonly nint _vocabulary;

    public LlamaModel(LlamaCpp peer, nint model)
    {
        _peer = peer;
        _model = model;
        _vocabulary = ((delegate* unmanaged<nint, nint>)peer.Function("llama_model_get_vocab"))(model);
        VocabularySize = ((delegate* unmanaged<nint, int>)peer.Function("llama_vocab_n_tokens"))(_vocabulary);
    }

    public int VocabularySize { get; }

    public int BosTokenId => ((delegate* unmanaged<nint, int>)_peer.Function("llama_vocab_bos"))(_vocabulary);

    public int EosTokenId => ((delegate* unmanaged<nint, int>)_peer.Function("llama_vocab_eos"))(_vocabulary);

    public bool AddBos => ((delegate* unmanaged<nint, byte>)_peer.Function("llama_vocab_get_add_bos"))(_vocabulary) != 0;

    /// <summary>One line about the model, e.g. <c>qwen2 1.5B Q8_0</c>.</summary>
    public string Description
    {
        get
        {
            var buffer = new byte[256];
            fixed (byte* text = buffer) return Text(buffer, ((delegate* unmanaged<nint, byte*, nuint, int>)_peer.Function("llama_model_desc"))(_model, text, 256));
        }
    }

    /// <summary>A metadata value as llama.cpp prints it, or null.</summary>
    public string? Metadata(string key)
    {
        var buffer = new byte[1 << 16];
        fixed (byte* text = buffer)
        {
            int length = ((delegate* unmanaged<nint, byte*, byte*, nuint, int>)_peer.Function("llama_model_meta_val_str"))(_model, LlamaCpp.Utf8(key), text, (nuint)buffer.Length);
            return length < 0 ? null : Text(buffer, length);
        }
    }

    /// <summary>Whether a token ends a completion.</summary>
    public bool EndsCompletion(int token) => ((delegate* unmanaged<nint, int, byte>)_peer.Function("llama_vocab_is_eog"))(_vocabulary, token) != 0;

    /// <summary>Token ids of a text, special tokens in it recognised.</summary>
    public int[] Tokenize(string text, bool addSpecial)
    {
        byte[] utf8 = [.. Encoding.UTF8.GetBytes(text), 0];
        var tokens = new int[utf8.Length + 8];
        fixed (byte* bytes = utf8)
        fixed (int* ids = tokens)
        {
            int count = ((delegate* unmanaged<nint, byte*, int, int*, int, byte, byte, int>)_peer.Function("llama_tokenize"))(
                _vocabulary, bytes, utf8.Length - 1, ids, tokens.Length, addSpecial ? (byte)1 : (byte)0, 1);
            return count < 0 ? throw new InvalidOperationException($"llama_tokenize returned {count}") : tokens[..count];
        }
    }

    /// <summary>Logits after every token of a sequence: one array per position.</summary>
    public float[][] Logits(int[] tokens)
    {
        nint context = NewContext(tokens.Length);
        try
        {
            Decode(context, tokens, 0);
            return [.. Enumerable.Range(0, tokens.Length).Select(position => LogitsAt(context, position))];
        }
        finally
        {
            Free(context);
        }
    }

    /// <summary>Reads a sequence from the beginning and shows what it computes.</summary>
    public void Read(int[] tokens, LlamaActivations activations)
    {
        nint context = NewContext(tokens.Length, activations);
        Decode(context, tokens, 0);
        Free(context);
    }

    /// <summary>The likeliest token, again and again, through llama.cpp's own key and value cache. With the margin by which each won.</summary>
    public (int Token, float Margin)[] Greedy(int[] prompt, int count)
    {
        nint context = NewContext(prompt.Length + count);
        try
        {
            var produced = new List<(int, float)>();
            int[] next = prompt;
            for (int position = 0; produced.Count < count; position += next.Length, next = [produced[^1].Item1])
            {
                Decode(context, next, position);
                float[] logits = LogitsAt(context, next.Length - 1);
                int best = Array.IndexOf(logits, logits.Max());
                produced.Add((best, logits[best] - logits.Where((_, token) => token != best).Max()));
            }
            return [.. produced];
        }
        finally
        {
            Free(context);
        }
    }

    /// <summary>Starts continuing several sequences together.</summary>
    public LlamaDecoding StartDecoding(LlamaDecodingSettings settings) => new(_peer, _model, VocabularySize, settings);

    public void Dispose() => ((delegate* unmanaged<nint, void>)_peer.Function("llama_model_free"))(_model);

    private nint NewContext(int tokens, LlamaActivations? activations = null)
    {
        LlamaCpp.ContextParameters parameters = ((delegate* unmanaged<LlamaCpp.ContextParameters>)_peer.Function("llama_context_default_params"))();
        parameters.ContextLength = parameters.Batch = parameters.MicroBatch = (uint)Math.Max(tokens, 32);
        parameters.Threads = parameters.BatchThreads = 1; // tiny models: threads would only wait for each other
        parameters.FlashAttention = 0;
        parameters.KeyType = parameters.ValueType = 0; // F32: the cache's default F16 would cost three digits
        if (activations is not null) (parameters.EvaluationCallback, parameters.EvaluationData) = (LlamaActivations.Callback, activations.UserData);
        nint context = ((delegate* unmanaged<nint, LlamaCpp.ContextParameters, nint>)_peer.Function("llama_init_from_model"))(_model, parameters);
        return context != 0 ? context : throw new InvalidOperationException("llama_init_from_model failed");
    }

    private void Decode(nint context, int[] tokens, int firstPosition)
    {
        Batch batch = ((delegate* unmanaged<int, int, int, Batch>)_peer.Function("llama_batch_init"))(tokens.Length, 0, 1);
        batch.Count = tokens.Length;
        for (int i = 0; i < tokens.Length; i++)
        {
            batch.Tokens[i] = tokens[i];
            batch.Positions[i] = firstPosition + i;
            batch.SequenceCounts[i] = 1;
            batch.Sequences[i][0] = 0;
            batch.Outputs[i] = 1;
        }
        int result = ((delegate* unmanaged<nint, Batch, int>)_peer.Function("llama_decode"))(context, batch);
        ((delegate* unmanaged<Batch, void>)_peer.Function("llama_batch_free"))(batch);
        if (result != 0) throw new InvalidOperationException($"llama_decode returned {result}");
    }

    private float[] LogitsAt(nint context, int index) =>
        new ReadOnlySpan<float>(((delegate* unmanaged<nint, int, float*>)_peer.Function("llama_get_logits_ith"))(context, index), VocabularySize).ToArray();

    private void Free(nint context) => ((delegate* unmanaged<nint, void>)_peer.Function("llama_free"))(context);

    private static string Text(byte[] buffer, int length) => Encoding.UTF8.GetString(buffer, 0, Math.Clamp(length, 0, buffer.Length - 1));

    [StructLayout(LayoutKind.Sequential)]
    internal struct Batch
    {
        public int Count;
        public int* Tokens;
        public float* Embeddings;
        public int* Positions;
        public int* SequenceCounts;
        public int** Sequences;
        public sbyte* Outputs;
    }
}
