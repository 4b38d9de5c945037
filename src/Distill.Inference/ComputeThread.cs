using System.Collections.Concurrent;

namespace Distill.Inference;

/// <summary>
/// One thread on which a model is loaded and computed. libtorch keeps a team of helpers for every thread that ever computed; work that wanders over a thread
/// pool leaves many such teams behind, which take the cores from each other and have to be woken for each operation.
/// </summary>
internal sealed class ComputeThread : IDisposable
{
    private const int StackSize = 16 << 20;

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    public ComputeThread()
    {
        _thread = new Thread(Work, StackSize) { IsBackground = true, Name = "compute" };
        _thread.Start();
    }

    /// <summary>Runs a function on the thread and waits for its result.</summary>
    public T Run<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>();
        _work.Add(() =>
        {
            try
            {
                result.SetResult(function());
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        });
        return result.Task.GetAwaiter().GetResult();
    }

    /// <summary>Waits for what is under way; the thread's helpers end with it.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Work()
    {
        foreach (Action action in _work.GetConsumingEnumerable()) action();
    }
}
