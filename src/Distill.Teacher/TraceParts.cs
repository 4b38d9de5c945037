using Distill.Traces;

namespace Distill.Teacher;

/// <summary>
/// The Parquet files of a run: part k holds the k-th stretch of the plan, in the plan's order, so the files are the same
/// however often the run was interrupted. A part is written as soon as its last rollout has come.
/// </summary>
internal sealed class TraceParts
{
    private readonly string _folder;
    private readonly RolloutPlan _plan;
    private readonly RolloutLedger _ledger;
    private readonly int _rowsPerPart;
    private readonly RunShard _shard;
    private readonly int[] _missing;

    /// <summary>Counts what each part still lacks.</summary>
    /// <param name="stageFolder">Folder of the run.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="ledger">What is stored.</param>
    /// <param name="shard">Which parts are this client's.</param>
    /// <param name="rowsPerPart">Rows of each part but the last.</param>
    public TraceParts(string stageFolder, RolloutPlan plan, RolloutLedger ledger, RunShard shard, int rowsPerPart)
    {
        _shard = shard;
        _folder = FolderIn(stageFolder);
        _plan = plan;
        _ledger = ledger;
        _rowsPerPart = rowsPerPart;
        _missing = new int[(plan.Count + rowsPerPart - 1) / rowsPerPart];
        for (int index = 0; index < plan.Count; index++)
        {
            if (!Has(index)) continue;
            Rollouts++;
            if (!ledger.Has(index)) _missing[index / rowsPerPart]++;
        }
    }

    /// <summary>Rollouts of all parts that are this client's.</summary>
    public int Rollouts { get; }

    /// <summary>Whether a rollout belongs to a part that is this client's.</summary>
    public bool Has(int index) => _shard.Has(index / _rowsPerPart);

    /// <summary>The part files of a stage folder.</summary>
    public static string[] FilesIn(string stageFolder) => Directory.Exists(FolderIn(stageFolder)) ? Directory.GetFiles(FolderIn(stageFolder), "*.parquet") : [];

    /// <summary>Folder of the parts inside a stage folder.</summary>
    public static string FolderIn(string stageFolder) => Path.Combine(stageFolder, TraceGeneration.TracesFolder);

    /// <summary>Writes the complete parts that are not on disk as they were written: a crash came before, or they were removed.</summary>
    public void WriteMissing()
    {
        for (int part = 0; part < _missing.Length; part++)
        {
            if (!_shard.Has(part) || _missing[part] > 0) continue;
            var file = new FileInfo(PathOf(part));
            if (!file.Exists || _ledger.BytesOfPart(part) != file.Length) Write(part);
        }
    }

    /// <summary>Notes that a rollout was stored, and writes its part when that was the last one missing.</summary>
    public void Stored(int index)
    {
        int part = index / _rowsPerPart;
        if (--_missing[part] == 0) Write(part);
    }

    private void Write(int part)
    {
        int start = part * _rowsPerPart, end = Math.Min(start + _rowsPerPart, _plan.Count);
        var traces = new List<Trace>(end - start);
        for (int index = start; index < end; index++) traces.Add(TraceAt(index));
        _ledger.Flush(); // a part must not outlive the records it came from
        TraceWriter.WritePart(PathOf(part), traces);
        RolloutMeter.Parts.Add(1);
        _ledger.AddPart(part, new FileInfo(PathOf(part)).Length);
    }

    private Trace TraceAt(int index)
    {
        PlannedRollout rollout = _plan[index];
        RolloutRecord record = _ledger.Read(index);
        if (record.Id != rollout.Id) throw new InvalidDataException($"the journal holds rollout {record.Id} where the plan has {rollout.Id}");
        return new Trace
        {
            Id = rollout.Id,
            Prompt = rollout.Prompt,
            SampleIndex = rollout.SampleIndex,
            Teacher = _plan.Teacher,
            Sampling = rollout.Sampling,
            Completion = record.Completion,
            Verdict = record.Verdict,
            Seconds = record.Seconds,
        };
    }

    private string PathOf(int part) => Path.Combine(_folder, TraceWriter.PartName(part));
}
