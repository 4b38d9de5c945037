using System.Text.Json;
using Distill.Chat;
using Distill.Runs;

namespace Distill.Eval;

/// <summary>
/// The completions of one suite, journaled as they come, so that a run that is killed goes on where it was. Texts stay on
/// disk. Hidden in the stage folder: its bytes depend on timing, the result's do not.
/// </summary>
internal sealed class CompletionLog : IDisposable
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly Journal journal;
    private readonly long[] offsets;

    private CompletionLog(Journal journal, int count)
    {
        this.journal = journal;
        offsets = new long[count];
    }

    /// <summary>Completions that are stored.</summary>
    public int Count { get; private set; }

    /// <summary>Seconds that went into them, over all attempts.</summary>
    public double Seconds { get; private set; }

    /// <summary>Opens the log of a suite in a stage folder, with what earlier attempts stored.</summary>
    /// <param name="folder">Stage folder.</param>
    /// <param name="plan">What is asked.</param>
    /// <param name="settings">Identity of model and batches: completions of another one are refused.</param>
    /// <param name="onStored">Receives every completion that is there already.</param>
    /// <exception cref="InputException">The folder belongs to another evaluation, or another process is writing it.</exception>
    public static CompletionLog Open(string folder, EvaluationPlan plan, string settings, Action<int, Completion> onStored)
    {
        string path = Path.Combine(folder, $".journal-{plan.Suite.Name}");
        string identity = Fingerprint.OfTexts(settings, plan.Fingerprint);
        Journal journal = Journal.Open(path);
        try
        {
            var log = new CompletionLog(journal, plan.Count);
            log.Load(identity, onStored);
            return log;
        }
        catch (JsonException e)
        {
            journal.Dispose();
            throw new InputException($"{path}: is not understood", "choose another output folder, or delete this one", inner: e);
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    public bool Has(int index) => offsets[index] != 0;

    /// <summary>Stores a completion; false when there was one already.</summary>
    /// <param name="index">Its place in the plan.</param>
    /// <param name="completion">The completion.</param>
    /// <param name="seconds">Seconds since the one before.</param>
    public bool Add(int index, Completion completion, double seconds)
    {
        if (Has(index)) return false;
        offsets[index] = journal.Append(JsonSerializer.SerializeToUtf8Bytes(new Entry(null, index, completion, seconds), Json));
        Count++;
        Seconds += seconds;
        return true;
    }

    public Completion Read(int index) => Parse(journal.Read(offsets[index])).Completion!;

    public void Dispose() => journal.Dispose();

    private void Load(string identity, Action<int, Completion> onStored)
    {
        if (journal.Count == 0)
        {
            journal.Append(JsonSerializer.SerializeToUtf8Bytes(new Entry(identity, 0, null, 0), Json));
            return;
        }
        foreach ((long offset, byte[] record) in journal.ReadAll())
        {
            Entry entry = Parse(record);
            if (entry.Settings is not null)
            {
                if (entry.Settings != identity)
                    throw new InputException($"{Path.GetDirectoryName(journal.Path)}: holds an unfinished evaluation with another model or other settings", "choose another output folder, or delete this one");
                continue;
            }
            if (entry.Completion is null || entry.Index < 0 || entry.Index >= offsets.Length) throw new JsonException("a completion of no problem");
            if (Has(entry.Index)) continue;
            offsets[entry.Index] = offset;
            Count++;
            Seconds += entry.Seconds;
            onStored(entry.Index, entry.Completion);
        }
    }

    private static Entry Parse(byte[] record) => JsonSerializer.Deserialize<Entry>(record, Json) ?? throw new JsonException("an empty record");

    private sealed record Entry(string? Settings, int Index, Completion? Completion, double Seconds);
}
