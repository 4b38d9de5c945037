using Distill.Traces;

namespace Distill.Curation;

/// <summary>Writes the training set in parts, two at a time while the next one fills.</summary>
/// <param name="folder">Where the parts go.</param>
/// <param name="rowsPerPart">Most rows of a part.</param>
/// <param name="parts">Parts that are there already.</param>
/// <param name="written">Told of every part on the disk, in order: how many there are, and the first row that is in none of them.</param>
internal sealed class TrainingSetFolder(string folder, int rowsPerPart, int parts, Action<int, int> written)
{
    private const long MostCharactersPerPart = 32 << 20;
    private const int MostWriting = 2;

    private readonly Queue<(Task Task, int Parts, int NextRow)> _writing = new();
    private List<Trace> _part = [];
    private long _characters;
    private int _parts = parts, _nextRow;

    /// <summary>Adds the next trace.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="row">Its place among all traces read.</param>
    public void Add(Trace trace, int row)
    {
        _part.Add(trace);
        _nextRow = row + 1;
        _characters += trace.Completion.RawText.Length + (3L * (trace.Completion.TopLogProbabilities?.Values.Length ?? 0)); // six bytes each, a character has two
        if (_part.Count >= rowsPerPart || _characters >= MostCharactersPerPart) Write();
    }

    /// <summary>Writes the last part and waits for all of them. A set without traces is one part without rows.</summary>
    public void Finish()
    {
        if (_part.Count > 0 || _parts == 0) Write();
        Wait(0);
    }

    /// <summary>Waits for what is being written, after a failure elsewhere.</summary>
    public void Abandon() => Task.WhenAll(_writing.Select(part => part.Task)).ContinueWith(_ => { }, TaskScheduler.Default).Wait();

    private void Write()
    {
        Wait(MostWriting - 1);
        List<Trace> part = _part;
        string path = Path.Combine(folder, TraceWriter.PartName(_parts++));
        _writing.Enqueue((Task.Run(() => TraceWriter.WritePart(path, part)), _parts, _nextRow));
        (_part, _characters) = ([], 0);
    }

    private void Wait(int left)
    {
        while (_writing.Count > left)
        {
            (Task task, int count, int nextRow) = _writing.Dequeue();
            task.GetAwaiter().GetResult();
            written(count, nextRow);
        }
    }
}
