using Distill.Runs;
using Microsoft.ML.OnnxRuntime;

namespace Distill.Inference;

/// <summary>
/// A model that <c>distill export</c> wrote, run by ONNX Runtime. Several decoding sessions may be open at a time; each is
/// for one thread.
/// </summary>
public sealed class OnnxLanguageModel : ILanguageModel
{
    private readonly InferenceSession session;
    private readonly OnnxModelShape shape;

    private OnnxLanguageModel(InferenceSession session, OnnxModelShape shape, string path)
    {
        (this.session, this.shape) = (session, shape);
        Path = path;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public int VocabularySize => shape.Vocabulary;

    /// <inheritdoc/>
    public int ContextLength => shape.ContextLength;

    /// <summary>Loads a model.</summary>
    /// <param name="path">An <c>.onnx</c> file, or a folder with <c>onnx/model.onnx</c> or <c>model.onnx</c>.</param>
    /// <param name="device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="threads">Threads inside one operation; 0 takes one per core.</param>
    /// <exception cref="InputException">
    /// The file is missing, damaged or not a decoder that this engine can run, or the device cannot be used.
    /// </exception>
    public static OnnxLanguageModel Open(string path, string device = "cpu", int threads = 0)
    {
        string file = OnnxModelPath.Of(path).ModelFile;
        using SessionOptions options = OnnxRuntimeSettings.SessionOptions(device, threads);
        InferenceSession session;
        try
        {
            session = new InferenceSession(file, options); // by path: from bytes, external data would be sought in the working folder
        }
        catch (OnnxRuntimeException e)
        {
            throw new InputException($"{file}: ONNX Runtime cannot load it: {OnnxRuntimeSettings.FirstLine(e)}", "export the model again, or copy the whole folder again", inner: e);
        }
        try
        {
            return new OnnxLanguageModel(session, OnnxModelShape.Read(session, file), file);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IDecodingSession StartSession(int maxTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 1);
        return new OnnxDecodingSession(session, shape, Math.Min(maxTokens, ContextLength), Path);
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();
}
