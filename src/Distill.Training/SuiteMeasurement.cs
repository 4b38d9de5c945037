using Distill.Inference;
using Distill.Models;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Training;

/// <summary>Asks the student that is being trained the problems of a suite, and judges what it says.</summary>
public sealed class SuiteMeasurement
{
    private const int Together = 64; // prompts decoded in one batch

    private readonly MeasuredSuite _suite;
    private readonly IVerifier _verifier;
    private readonly ModelChat _chat;
    private readonly CompletionRequest[] _requests;

    /// <summary>Prepares the requests: the same at every measurement, so that only the weights differ.</summary>
    /// <param name="suite">The problems.</param>
    /// <param name="chat">Tokenizer and template of the student.</param>
    /// <param name="seed">Seed of the samples.</param>
    public SuiteMeasurement(MeasuredSuite suite, StudentChat chat, long seed)
    {
        _suite = suite;
        _verifier = Verifiers.Create(suite.Verifiers);
        _chat = new ModelChat(chat.Tokenizer, chat.Template, new HashSet<int> { chat.EndOfSequence });
        _requests = [.. from problem in Enumerable.Range(0, suite.Problems.Count)
                        from sample in Enumerable.Range(0, suite.Samples)
                        select new CompletionRequest($"{problem}", suite.Problems[problem].Messages,
                            suite.Sampling with { Seed = RandomStream.DeriveSeed(seed, suite.Name, suite.Problems[problem].Id, $"{sample}") })];
    }

    /// <summary>Name of the suite.</summary>
    public string Name => _suite.Name;

    /// <summary>Share of right samples, from 0 to 1.</summary>
    /// <param name="student">The model; left as it was.</param>
    /// <param name="progress">Receives readings.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    public double PassAt1(CausalLM student, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        student.eval();
        // Not disposed: the student is not this generator's to dispose.
        var generator = new BatchGenerator(new TorchLanguageModel(student), _chat, "student", Math.Min(Together, _requests.Length));
        int done = 0, correct = 0;
        foreach (CompletedRequest completed in generator.CompleteAsync(_requests, cancellation).ToBlockingEnumerable(cancellation))
        {
            if (_verifier.Verify(_suite.Problems[int.Parse(completed.Request.Id)], completed.Completion).Outcome == Outcome.Correct) correct++;
            if (++done % Together == 0) progress.Report(new($"train: {Name}", done, _requests.Length, "completions", $"pass@1 {100.0 * correct / done:F1} %"));
        }
        student.train();
        return (double)correct / _requests.Length;
    }
}
