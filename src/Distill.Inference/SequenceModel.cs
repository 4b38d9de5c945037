using System.Runtime.InteropServices;
using Distill.Models;
using Distill.Runs;
using static TorchSharp.torch;

namespace Distill.Inference;

/// <summary>A model that reads whole texts and says what it expected after each token.</summary>
public sealed class SequenceModel : IDisposable
{
    private readonly CausalLM _model;

    private SequenceModel(CausalLM model, ModelChat chat)
    {
        _model = model;
        Chat = chat;
        model.eval();
    }

    /// <summary>Tokenizer and template of the model.</summary>
    public ModelChat Chat { get; }

    /// <summary>Width of the logits.</summary>
    public int VocabularySize => _model.Config.VocabSize;

    /// <summary>Most tokens of a text.</summary>
    public int ContextLength => _model.Config.MaxPositionEmbeddings;

    /// <summary>Opens a model folder or a GGUF file; quantised weights are read back, activations stay in single precision.</summary>
    /// <param name="path">The model.</param>
    /// <param name="device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <exception cref="InputException">There is no model at the path, or it cannot be used.</exception>
    public static SequenceModel Open(string path, string device = "cpu")
    {
        (CausalLM model, ModelChat chat) = CompletionSources.OpenTorch(path, device);
        return new SequenceModel(model, chat);
    }

    /// <summary>Logits after the tokens from <paramref name="first"/> on.</summary>
    /// <param name="tokens">The text.</param>
    /// <param name="first">Index of the first token after which they are wanted.</param>
    /// <param name="logits">Receives them, <c>[positions, vocabulary]</c>; its length says how many.</param>
    public void ReadLogits(ReadOnlySpan<int> tokens, int first, Span<float> logits)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        long[] ids = new long[tokens.Length];
        for (int i = 0; i < ids.Length; i++) ids[i] = tokens[i];
        Tensor hidden = _model.Hidden(tensor(ids, device: _model.Device).unsqueeze(0), arange(ids.Length, ScalarType.Int64, _model.Device).unsqueeze(0), AttentionMask.CausalOnly);
        int count = logits.Length / VocabularySize;
        Tensor wanted = _model.Logits(hidden.narrow(1, first, count)).to(ScalarType.Float32).cpu().contiguous();
        MemoryMarshal.Cast<byte, float>(wanted.bytes).CopyTo(logits);
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();
}
