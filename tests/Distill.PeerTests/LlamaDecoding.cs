namespace Distill.PeerTests;

/// <summary>Several sequences that llama.cpp continues together, each step one <c>llama_batch</c> of one token a sequence.</summary>
internal sealed unsafe class LlamaDecoding : IDisposable
{
    private readonly LlamaCpp _peer;
    private readonly nint _context;
    private readonly int _vocabularySize, _sequences;
    private int _length;

    /// <summary>Makes the context.</summary>
    /// <param name="peer">The libraries.</param>
    /// <param name="model">Handle of the model.</param>
    /// <param name="vocabularySize">Width of the logits.</param>
    /// <param name="settings">Size and speed.</param>
    public LlamaDecoding(LlamaCpp peer, nint model, int vocabularySize, LlamaDecodingSettings settings)
    {
        (_peer, _vocabularySize, _sequences) = (peer, vocabularySize, settings.Sequences);
        LlamaCpp.ContextParameters parameters = ((delegate* unmanaged<LlamaCpp.ContextParameters>)peer.Function("llama_context_default_params"))();
        parameters.ContextLength = (uint)(settings.Sequences * settings.TokensPerSequence); // each sequence gets its share
        parameters.Sequences = (uint)settings.Sequences;
        parameters.Threads = parameters.BatchThreads = settings.Threads;
        parameters.FlashAttention = settings.FlashAttention ? 1 : 0;
        _context = ((delegate* unmanaged<nint, LlamaCpp.ContextParameters, nint>)peer.Function("llama_init_from_model"))(model, parameters);
        if (_context == 0) throw new InvalidOperationException("llama_init_from_model failed");
    }

    /// <summary>Reads the same prompt in every sequence; <see cref="Logits"/> are those after its last token.</summary>
    public void Prefill(int[] prompt)
    {
        for (int position = 0; position < prompt.Length; position++) Step([.. Enumerable.Repeat(prompt[position], _sequences)]);
    }

    /// <summary>Appends one token to each sequence.</summary>
    public void Step(ReadOnlySpan<int> tokens)
    {
        LlamaModel.Batch batch = ((delegate* unmanaged<int, int, int, LlamaModel.Batch>)_peer.Function("llama_batch_init"))(tokens.Length, 0, 1);
        batch.Count = tokens.Length;
        for (int i = 0; i < tokens.Length; i++)
        {
            batch.Tokens[i] = tokens[i];
            batch.Positions[i] = _length;
            batch.SequenceCounts[i] = 1;
            batch.Sequences[i][0] = i;
            batch.Outputs[i] = 1;
        }
        int result = ((delegate* unmanaged<nint, LlamaModel.Batch, int>)_peer.Function("llama_decode"))(_context, batch);
        ((delegate* unmanaged<LlamaModel.Batch, void>)_peer.Function("llama_batch_free"))(batch);
        if (result != 0) throw new InvalidOperationException($"llama_decode returned {result}");
        _length++;
    }

    /// <summary>The logits of one sequence, where llama.cpp keeps them.</summary>
    public ReadOnlySpan<float> Logits(int sequence) =>
        new(((delegate* unmanaged<nint, int, float*>)_peer.Function("llama_get_logits_ith"))(_context, sequence), _vocabularySize);

    public void Dispose() => ((delegate* unmanaged<nint, void>)_peer.Function("llama_free"))(_context);
}

/// <summary>Size and speed of a context.</summary>
internal sealed record LlamaDecodingSettings(int Sequences, int TokensPerSequence, int Threads, bool FlashAttention);
