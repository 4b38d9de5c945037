using Distill.Inference;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Eval;

/// <summary>
/// <c>eval --quantization</c>: what each quantised file of a folder lost. Next-token distributions are compared with the unquantised
/// model's, position by position, with both models computed here in single precision, so that nothing but the weights differs; and
/// every file answers the suites.
/// </summary>
internal static class QuantizationQuality
{
    /// <summary>Finds the files to measure: those of the folder, or of its <c>gguf</c> folder; of a model in shards the first.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static IReadOnlyList<string> FilesOf(string folder)
    {
        foreach (string candidate in new[] { folder, Path.Combine(folder, "gguf") })
        {
            if (!Directory.Exists(candidate)) continue;
            string[] files = [.. Directory.GetFiles(candidate, "*.gguf").Where(file => Path.GetFileName(file) != "imatrix.gguf" && !GgufShards.IsLater(file)).Order(StringComparer.Ordinal)];
            if (files.Length > 0) return files;
        }
        throw new InputException($"{folder}: holds no .gguf file", "give the output folder of `distill export`");
    }

    /// <summary>Compares one file with the unquantised model.</summary>
    /// <param name="reference">The unquantised model.</param>
    /// <param name="file">The quantised file.</param>
    /// <param name="texts">What both read.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="progress">Receives one event per chunk.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    /// <exception cref="InputException">The file cannot be read, or is of another model.</exception>
    public static IReadOnlyList<CorpusScore> Compare(
        SequenceModel reference, string file, IReadOnlyList<EvalText> texts, string device, IProgress<ProgressEvent>? progress, CancellationToken cancellation)
    {
        using SequenceModel model = SequenceModel.Open(file, device);
        int vocabulary = reference.VocabularySize;
        if (model.VocabularySize != vocabulary)
            throw new InputException($"{file}: has {model.VocabularySize} tokens, the unquantised model {vocabulary}", "give the model that the files were made from with `--model`");
        var scores = new List<CorpusScore>();
        int done = 0, total = texts.Sum(text => text.Chunks.Count);
        foreach (EvalText text in texts)
        {
            var comparison = new LogitComparison();
            foreach ((int[] tokens, int first) in text.Chunks)
            {
                cancellation.ThrowIfCancellationRequested();
                int count = tokens.Length - 1 - first;
                var expected = new float[checked(count * vocabulary)];
                var found = new float[expected.Length];
                reference.ReadLogits(tokens, first, expected);
                model.ReadLogits(tokens, first, found);
                for (int i = 0; i < count; i++)
                    comparison.Add(expected.AsSpan(i * vocabulary, vocabulary), found.AsSpan(i * vocabulary, vocabulary), tokens[first + i + 1]);
                progress?.Report(new ProgressEvent($"compare {Path.GetFileName(file)}", ++done, total, "chunks", text.Name));
            }
            scores.Add(comparison.Score(text.Name));
        }
        return scores;
    }

    /// <summary>Bytes of a model's file or of all its shards, and bits per weight.</summary>
    public static (long Bytes, double BitsPerWeight) SizeOf(string file)
    {
        using GgufReader reader = GgufReader.Open(file);
        return (reader.Length, Math.Round(8.0 * reader.Tensors.Sum(tensor => tensor.ByteCount) / Math.Max(reader.Tensors.Sum(tensor => tensor.ElementCount), 1), 3));
    }
}
