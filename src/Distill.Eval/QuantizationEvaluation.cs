using Distill.Inference;
using Distill.Runs;

namespace Distill.Eval;

/// <summary>
/// <c>eval --quantization</c> as a stage: the unquantised model and every quantised file answer the suites, each in a folder of its own
/// that survives being killed, and every file's predictions are compared with the unquantised model's.
/// </summary>
/// <param name="open">Opens the model that the options name.</param>
internal sealed class QuantizationEvaluation(Func<EvalOptions, ICompletionSource> open)
{
    private const string ReferenceFolder = "reference", FilesFolder = "files";

    /// <summary>Measures every file.</summary>
    /// <param name="options">Options that name a folder of files.</param>
    /// <param name="progress">Receives readings, and the table at the end.</param>
    /// <param name="cancellation">Stops; the same options go on with it.</param>
    /// <returns>The unquantised model's report with the files' scores.</returns>
    /// <exception cref="InputException">A file, the model, a text or a suite cannot be used.</exception>
    public async Task<EvalReport> RunAsync(EvalOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        options.Check();
        IReadOnlyList<string> files = QuantizationQuality.FilesOf(options.Quantization!);
        var comparisons = new Dictionary<string, IReadOnlyList<CorpusScore>>();
        using (SequenceModel reference = SequenceModel.Open(options.Model, options.Device))
        {
            EvalText[] texts = [.. options.Texts.Select(path => EvalText.Load(path, reference, options.Chunks))];
            foreach (string file in files) comparisons[file] = QuantizationQuality.Compare(reference, file, texts, options.Device, progress, cancellation);
        }
        EvalOptions plain = options with { Quantization = null, Texts = [] };
        var evaluation = new Evaluation(open);
        EvalReport report = await evaluation.RunAsync(plain with { Out = Path.Combine(options.Out, ReferenceFolder) }, progress, cancellation);
        var scores = new List<QuantizationScore>();
        foreach (string file in files)
        {
            string folder = Path.Combine(options.Out, FilesFolder, Path.GetFileNameWithoutExtension(file));
            EvalReport own = await evaluation.RunAsync(plain with { Model = file, Name = null, Out = folder }, progress, cancellation);
            (long bytes, double bitsPerWeight) = QuantizationQuality.SizeOf(file);
            scores.Add(new QuantizationScore
            {
                File = Path.GetFileName(file),
                Bytes = bytes,
                BitsPerWeight = bitsPerWeight,
                Texts = comparisons[file],
                Suites = own.Suites,
            });
        }
        report = report with { Quantization = scores };
        report.Save(options.Out);
        foreach (string line in QuantizationTable.Lines(scores)) progress.Report(ProgressEvent.Say(line));
        return report;
    }
}
