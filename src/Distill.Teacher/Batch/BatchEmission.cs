using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Runs;

namespace Distill.Teacher.Batch;

/// <summary>
/// Writes the requests of the rollouts that are missing to batch files. Nothing counts as done by it: a rollout is done when its
/// result has come back (<see cref="BatchIngestion"/>).
/// </summary>
/// <param name="options">Files, limits and budget.</param>
/// <param name="plan">The run.</param>
/// <param name="ledger">What is stored.</param>
/// <param name="parts">Which rollouts are this client's.</param>
internal sealed class BatchEmission(TeacherGenOptions options, RolloutPlan plan, RolloutLedger ledger, TraceParts parts)
{
    // Where no tokenizer counts.
    private const int BytesPerPromptToken = 3;

    private readonly List<string> _files = [];
    private readonly ModelTokens? _tokens = ModelTokens.Of(options);
    private int _requests;
    private int _reserved;
    private long _bytes;
    private double _promptTokens;

    /// <summary>Writes the files.</summary>
    /// <returns>What was done.</returns>
    /// <exception cref="InputException">A file is there already, a request is larger than a file may be, or the budget allows none.</exception>
    public StagePausedException Write(CancellationToken cancellation)
    {
        using IEnumerator<PlannedRollout> missing = Missing().GetEnumerator();
        for (bool more = missing.MoveNext(); more;) more = WriteFile(missing, cancellation);
        int open = parts.Rollouts - ledger.Tally.Rollouts;
        if (_requests == 0 && open > 0) throw new InputException("the budget does not allow another request", "raise --max-cost or --max-tokens-total: each request counts with --max-tokens");
        double completion = (double)_requests * options.MaxTokens;
        List<string> lines =
        [
            $"wrote {_requests} requests to {string.Join(", ", _files)} ({_bytes / 1e6:0.0} MB); {ledger.Tally.Rollouts} of {parts.Rollouts} rollouts are stored",
            $"  about {_promptTokens:0} tokens of prompts, at most {completion:0} of completions" + Dollars(completion),
        ];
        if (_requests < open) lines.Add($"  {open - _requests} more are left out: the budget allows no more at their worst");
        lines.Add("emit again only when the results are in, or the service has given the batch up: what is asked twice is paid twice");
        return new StagePausedException(lines, "emit_batch", ("ingest_batch", "RESULTS.jsonl"), StagePausedException.WaitsElsewhere);
    }

    private string Dollars(double completion)
    {
        double most = ((_promptTokens * options.PromptPrice) + (completion * options.CompletionPrice)) / 1e6;
        return most > 0 ? $", at most ${most:0.00}" : "";
    }

    private IEnumerable<PlannedRollout> Missing()
    {
        for (int index = 0; index < plan.Count; index++)
            if (parts.Has(index) && !ledger.Has(index)) yield return plan[index];
    }

    // One request is always ahead: whether it still fits decides where it goes.
    private bool WriteFile(IEnumerator<PlannedRollout> missing, CancellationToken cancellation)
    {
        string path = PathOf(_files.Count);
        if (File.Exists(path))
            throw new InputException($"{path}: is there already", "its requests may be under way: ingest their results first; or give another name, or delete it if nobody was asked");
        long limit = options.BatchMegabytes * 1_000_000L, bytes = 0;
        int requests = 0;
        bool more = true, fits = true;
        AtomicFile.Write(path, stream =>
        {
            for (; more && requests < options.BatchRequests; more = missing.MoveNext())
            {
                cancellation.ThrowIfCancellationRequested();
                CompletionRequest request = missing.Current.ToRequest(_tokens is null ? null : _tokens.Count);
                byte[] line = BatchRequest.Write(request, options.Model!, options.BatchDialect);
                if (line.Length > limit) throw new InputException($"prompt {missing.Current.Prompt.Id}: its request alone is larger than {options.BatchMegabytes} MB", "raise --batch-megabytes, or leave the prompt out");
                if (bytes + line.Length > limit || !(fits = Reserve(request))) break;
                stream.Write(line);
                (requests, bytes) = (requests + 1, bytes + line.Length);
            }
        });
        if (requests == 0) File.Delete(path);
        else _files.Add(path);
        (_requests, _bytes) = (_requests + requests, _bytes + bytes);
        return more && fits;
    }

    // As the fleet does: a request goes out only when its worst case fits beside the worst cases of all others.
    private bool Reserve(CompletionRequest request)
    {
        double prompt = request.PromptTokens ?? (request.Messages.Sum(message => (double)message.Content.Length) / BytesPerPromptToken) + 1;
        RolloutTally spent = ledger.Tally;
        double promptTokens = _promptTokens + prompt, completionTokens = (_reserved + 1.0) * options.MaxTokens;
        if (options.MaxTokensTotal is { } most && spent.PaidPromptTokens + spent.WastedPromptTokens + spent.PaidCompletionTokens + spent.WastedCompletionTokens + promptTokens + completionTokens > most) return false;
        if (options.MaxCost is { } dollars && spent.Cost(options) + (((promptTokens * options.PromptPrice) + (completionTokens * options.CompletionPrice)) / 1e6) > dollars) return false;
        (_promptTokens, _reserved) = (promptTokens, _reserved + 1);
        return true;
    }

    private string PathOf(int number) => number == 0 ? options.EmitBatch!
        : Path.Combine(Path.GetDirectoryName(options.EmitBatch!) ?? "", $"{Path.GetFileNameWithoutExtension(options.EmitBatch)}-{number + 1}{Path.GetExtension(options.EmitBatch)}");
}
