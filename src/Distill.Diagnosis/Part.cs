using Distill.Runs;

namespace Distill.Diagnosis;

/// <summary>A part of a model that is read when first asked for, and may turn out to be absent or unreadable.</summary>
internal sealed class Part<T>(Func<T?> read) where T : class
{
    private readonly Lazy<(T? Value, InputException? Problem)> _read = new(() =>
    {
        try
        {
            return (read(), null);
        }
        catch (InputException e)
        {
            return (null, e);
        }
    });

    /// <summary>The part; null when it is absent or unreadable.</summary>
    public T? Value => _read.Value.Value;

    /// <summary>Why it could not be read.</summary>
    public InputException? Problem => _read.Value.Problem;
}
