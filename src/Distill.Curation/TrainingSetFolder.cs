using Distill.Traces;

namespace Distill.Curation;

/// <summary>Writes the training set in parts, two at a time while the next one fills.</summary>
/// <param name="folder">Where the parts go.</param>
internal sealed class TrainingSetFolder(string folder)
{
    private const int MostRowsPerPart = 50_000;
    private const long MostCharactersPerPart = 32 << 20;
    private const int MostWriting = 2;

    private readonly Queue<Task> _writing = new();
    private List<Trace> _part = [];
    private long _characters;
    private int _parts;

    /// <summary>Adds the next trace.</summary>
    public void Add(Trace trace)
    {
        _part.Add(trace);
        _characters += trace.Completion.RawText.Length + (3L * (trace.Completion.TopLogProbabilities?.Values.Length ?? 0)); // six bytes each, a character has two
        if (_part.Count >= MostRowsPerPart || _characters >= MostCharactersPerPart) Write();
    }

    /// <summary>Writes the last part and waits for all of them. A set without traces is one part without rows.</summary>
    public void Finish()
    {
        if (_part.Count > 0 || _parts == 0) Write();
        Wait(0);
    }

    /// <summary>Waits for what is being written, after a failure elsewhere.</summary>
    public void Abandon() => Task.WhenAll(_writing).ContinueWith(_ => { }, TaskScheduler.Default).Wait();

    private void Write()
    {
        Wait(MostWriting - 1);
        List<Trace> part = _part;
        string path = Path.Combine(folder, TraceWriter.PartName(_parts++));
        _writing.Enqueue(Task.Run(() => TraceWriter.WritePart(path, part)));
        (_part, _characters) = ([], 0);
    }

    private void Wait(int left)
    {
        while (_writing.Count > left) _writing.Dequeue().GetAwaiter().GetResult();
    }
}
