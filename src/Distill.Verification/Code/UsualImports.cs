using System.Text;
using System.Text.RegularExpressions;

namespace Distill.Verification.Code;

/// <summary>
/// The imports that judges put in front of a Python program, as far as the program uses them without importing them itself: importing all of
/// them would take longer than most programs run.
/// </summary>
internal static partial class UsualImports
{
    private static readonly string[] Modules =
    [
        "bisect", "collections", "copy", "datetime", "decimal", "fractions", "functools", "heapq", "itertools", "json", "math", "operator",
        "os", "random", "re", "statistics", "string", "sys", "time", "typing",
    ];

    private static readonly (string Module, string[] Names)[] Members =
    [
        ("typing", ["Any", "Callable", "Deque", "DefaultDict", "Dict", "Generator", "Iterable", "Iterator", "List", "Optional", "Sequence", "Set", "Tuple", "Union"]),
        ("collections", ["Counter", "OrderedDict", "defaultdict", "deque", "namedtuple"]),
        ("functools", ["cache", "cmp_to_key", "lru_cache", "partial", "reduce"]),
        ("itertools", ["accumulate", "chain", "combinations", "combinations_with_replacement", "count", "cycle", "groupby", "permutations", "product", "repeat", "zip_longest"]),
        ("heapq", ["heapify", "heappop", "heappush", "heappushpop", "heapreplace", "nlargest", "nsmallest"]),
        ("bisect", ["bisect_left", "bisect_right", "insort"]),
        ("math", ["ceil", "comb", "factorial", "floor", "gcd", "inf", "isqrt", "lcm", "log", "log2", "log10", "pi", "sqrt"]),
    ];

    /// <summary>The program with the imports it lacks in front, behind imports from <c>__future__</c>, which must come first.</summary>
    public static string AddTo(string program)
    {
        string imports = For(program);
        if (imports.Length == 0) return program;
        int place = 0;
        foreach (Match future in FutureImport().Matches(program)) place = future.Index + future.Length;
        return $"{program[..place]}{imports}\n{program[place..]}";
    }

    /// <summary>The imports that a program lacks, as one line; empty when it lacks none.</summary>
    public static string For(string program)
    {
        HashSet<string> words = [.. Word().Matches(program).Select(match => match.Value)];
        var imports = new StringBuilder();
        foreach (string module in Modules)
            if (words.Contains(module) && program.Contains(module + ".", StringComparison.Ordinal)) imports.Append($"import {module}; ");
        foreach ((string module, string[] names) in Members)
        {
            string[] used = [.. names.Where(words.Contains)];
            if (used.Length > 0) imports.Append($"from {module} import {string.Join(", ", used)}; ");
        }
        return imports.ToString();
    }

    [GeneratedRegex(@"[A-Za-z_][A-Za-z0-9_]*", RegexOptions.NonBacktracking)]
    private static partial Regex Word();

    [GeneratedRegex(@"^from __future__ import [^\n]*\n", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex FutureImport();
}
