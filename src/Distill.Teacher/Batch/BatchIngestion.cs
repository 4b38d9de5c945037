using System.Globalization;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Runs;

namespace Distill.Teacher.Batch;

/// <summary>
/// Takes the results of batches in: output and error files, in any order, whole or cut off, again and again. Every reply goes
/// through the same gate, verification and ledger as a server's, so that a rollout is stored once.
/// </summary>
/// <param name="options">The files.</param>
/// <param name="plan">The run.</param>
/// <param name="ledger">What is stored.</param>
/// <param name="parts">Which rollouts are this client's.</param>
/// <param name="intake">Stores.</param>
internal sealed class BatchIngestion(TeacherGenOptions options, RolloutPlan plan, RolloutLedger ledger, TraceParts parts, RolloutIntake intake)
{
    // So many refusals and not one success: the fault lies in what all requests share, not in each of them.
    private const int RefusalsBeforeStop = 8;

    private readonly BatchGate _gate = new();
    private readonly BatchTally _tally = new();
    private readonly ModelTokens? _tokens = ModelTokens.Of(options);
    private readonly Dictionary<UInt128, int> _places = [];
    private readonly List<(int Index, BatchResult Result, UInt128 Key, string Place)> _held = [];

    /// <summary>Reads all files.</summary>
    /// <returns>What they held, line by line of the report.</returns>
    /// <exception cref="InputException">No line is of this run, all requests were refused, or another model answers; what came before is stored.</exception>
    public async Task<IReadOnlyList<string>> ReadAsync(CancellationToken cancellation)
    {
        for (int index = 0; index < plan.Count; index++)
            if (parts.Has(index) && KeyOf(plan[index].Id) is { } key) _places[key] = index;
        foreach (string file in options.IngestBatch.Distinct(StringComparer.Ordinal))
        {
            _tally.Files++;
            await foreach (BatchLine line in BatchOutput.ReadAsync(file, cancellation)) Take(line, $"{file}:{line.Number}");
        }
        StoreHeld();
        if (_tally.Unknown > 0 && _tally.Unknown + _tally.Broken == _tally.Lines)
        {
            throw new InputException($"{string.Join(", ", options.IngestBatch)}: none of the {_tally.Lines} lines is a rollout of this run",
                "give the prompts, model, sampling options and seed that the batch was emitted with; nothing was stored");
        }
        return [.. _tally.Describe()];
    }

    private void Take(BatchLine line, string place)
    {
        _tally.Lines++;
        if (line.Reply is not { } reply)
        {
            _tally.AddBroken(place, line.Problem!);
            return;
        }
        if (KeyOf(reply.RolloutId) is not { } key || !_places.TryGetValue(key, out int index))
        {
            _tally.AddUnknown(place, reply.RolloutId);
            return;
        }
        PlannedRollout rollout = plan[index];
        BatchResult result = Judge(reply, rollout.ToRequest(_tokens is null ? null : _tokens.Count), place);
        if (result.Completed is null)
        {
            _tally.AddOpen(result.Reason!, place, result.Message);
            Waste(reply.Key, result);
        }
        else if (ledger.Has(index)) TakeAgain(index, reply, result, place);
        else if (result.IsRefused && !ledger.Tally.HasSuccess) _held.Add((index, result, reply.Key, place));
        else Store(rollout, result);
    }

    private BatchResult Judge(BatchReply reply, CompletionRequest request, string place)
    {
        try
        {
            return _gate.Judge(reply, request);
        }
        catch (InputException e)
        {
            throw new InputException($"{place}: {e.Message}", e.Hint, e.ExitCode, e);
        }
    }

    private void Store(PlannedRollout rollout, BatchResult result)
    {
        if (!intake.Store(rollout, result.Completed!)) throw new InvalidOperationException($"rollout {rollout.Id} was stored meanwhile");
        if (result.IsRefused) _tally.Refused++;
        else _tally.Stored++;
        if (_held.Count > 0 && ledger.Tally.HasSuccess) StoreHeld();
    }

    // The same file read again, or a second completion that somebody paid for.
    private void TakeAgain(int index, BatchReply reply, BatchResult result, string place)
    {
        RolloutRecord stored = ledger.Read(index);
        if (stored.Completion.RawText == result.Completed!.Completion.RawText && stored.Completion.CompletionTokens == result.Completed.Completion.CompletionTokens)
        {
            _tally.SeenBefore++;
            return;
        }
        _tally.AddDuplicate(place, stored.Id);
        Waste(reply.Key, result);
    }

    // Refusals wait for the first success: when there is none, the request itself is wrong, and no rollout must be lost to that.
    private void StoreHeld()
    {
        if (_held.Count == 0) return;
        if (_held.Count >= RefusalsBeforeStop && !ledger.Tally.HasSuccess)
        {
            throw new InputException($"{_held[0].Place}: {_held[0].Result.Message} (so ended each of the {_held.Count} requests)",
                "nothing was stored; check the model, the sampling options and --batch-dialect against what the service accepts, and emit again");
        }
        var held = _held.ToArray();
        _held.Clear();
        foreach (var (index, result, _, place) in held)
        {
            if (ledger.Has(index)) _tally.AddDuplicate(place, plan[index].Id);
            else Store(plan[index], result);
        }
    }

    private void Waste(UInt128 key, BatchResult result)
    {
        if (result.CompletionTokens > 0) ledger.AddWastedReply(key, result.PromptTokens, result.CompletionTokens);
    }

    private static UInt128? KeyOf(string id) => id.Length == RolloutPlan.IdLength && UInt128.TryParse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 key) ? key : null;
}
