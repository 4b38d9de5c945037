using System.Runtime.CompilerServices;
using System.Text;

namespace Distill.Chat.Jinja;

/// <summary>One rendering of a template: the output, the line at work, and the limits that keep a hostile template harmless.</summary>
/// <param name="clock">Tells <c>strftime_now</c> the time.</param>
internal sealed class JinjaRun(TimeProvider clock)
{
    /// <summary>Longest text a template may print or build, in UTF-16 units.</summary>
    public const int LongestText = 10 * 1024 * 1024;

    /// <summary>Deepest nesting of macro calls.</summary>
    public const int DeepestCall = 100;

    // One unit is one node evaluated, one list element made, or some characters of text looked at: an eighth of a second and
    // 80 MB of texts at the very most, and still what a conversation of a million tokens in thousands of messages needs.
    private const long MostWork = 1_250_000;
    private const int CharactersPerUnit = 32, ComparisonsPerUnit = 1024, UnitsPerVisit = 4;

    [ThreadStatic]
    private static JinjaRun? _atWork;

    private long _work;

    /// <summary>What is printed goes here.</summary>
    public StringBuilder Output { get; set; } = new();

    /// <summary>Line of the template at work, from 1.</summary>
    public int Line { get; set; }

    /// <summary>Macro calls in progress.</summary>
    public int CallDepth { get; set; }

    /// <summary>Tells the time.</summary>
    public TimeProvider Clock { get; } = clock;

    /// <summary>Pays for one node; also keeps the stack from overflowing.</summary>
    /// <exception cref="JinjaError">A limit is reached.</exception>
    public void Step()
    {
        Spend(1);
        EnsureStack();
    }

    /// <summary>Pays for <paramref name="units"/> of work.</summary>
    /// <exception cref="JinjaError">The limit is reached.</exception>
    public void Spend(long units)
    {
        _work += units;
        if (_work > MostWork) throw new JinjaError("the template does too much work (an endless loop?)");
    }

    /// <summary>Does work for which <see cref="Charge"/> makes this rendering pay.</summary>
    public T Work<T>(Func<T> work)
    {
        JinjaRun? outer = _atWork;
        _atWork = this;
        try
        {
            return work();
        }
        finally
        {
            _atWork = outer;
        }
    }

    /// <summary>Makes the rendering at work on this thread pay. Values compare, print and loop without knowing whose they are.</summary>
    /// <exception cref="JinjaError">The limit is reached.</exception>
    public static void Charge(long units) => _atWork?.Spend(units);

    /// <summary>Pays for a look at every character of a text.</summary>
    /// <exception cref="JinjaError">The limit is reached.</exception>
    public static void ChargeText(string text) => Charge(text.Length / CharactersPerUnit);

    /// <summary>Pays for looking for one text in another, which takes the product of their lengths when somebody means harm.</summary>
    /// <exception cref="JinjaError">The limit is reached.</exception>
    public static void ChargeSearch(string text, string part) => Charge(text.Length / CharactersPerUnit + (long)text.Length * part.Length / ComparisonsPerUnit);

    /// <summary>Pays for one value inside another, and keeps the stack from overflowing.</summary>
    /// <exception cref="JinjaError">A limit is reached.</exception>
    public static void Visit()
    {
        Charge(UnitsPerVisit);
        EnsureStack();
    }

    /// <summary>Pays for a text before it is made.</summary>
    /// <exception cref="JinjaError">A limit is reached.</exception>
    public void SpendText(long length)
    {
        if (length > LongestText) throw new JinjaError($"the template makes a text of more than {LongestText >> 20} Mi characters");
        Spend(length / CharactersPerUnit);
    }

    /// <summary>Pays for a text and gives it back.</summary>
    public string Made(string text)
    {
        SpendText(text.Length);
        return text;
    }

    /// <summary>Prints.</summary>
    /// <exception cref="JinjaError">The output is too long.</exception>
    public void Print(string text) => Append(Output, text);

    /// <summary>Pays for a text that makes another one longer.</summary>
    /// <exception cref="JinjaError">That one becomes too long.</exception>
    public void Append(StringBuilder longer, string text)
    {
        SpendText(longer.Length + (long)text.Length > LongestText ? long.MaxValue : text.Length);
        longer.Append(text);
    }

    /// <summary>Runs <paramref name="body"/> and gives back what it printed.</summary>
    public string Capture(Action body)
    {
        StringBuilder outer = Output;
        Output = new StringBuilder();
        try
        {
            body();
            return Output.ToString();
        }
        finally
        {
            Output = outer;
        }
    }

    /// <exception cref="JinjaError">The values or expressions are nested too deeply.</exception>
    public static void EnsureStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw new JinjaError("nested too deeply");
    }
}
