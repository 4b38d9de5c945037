using System.Diagnostics.CodeAnalysis;

namespace Distill.Chat;

/// <summary>
/// llama.cpp's names for ways of splitting text, as GGUF files state them (<c>tokenizer.ggml.pre</c>). A wrong name splits
/// text differently without any error, so only splits that are known letter for letter have one.
/// </summary>
public static partial class PreTokenizerNames
{
    // R1's Qwen students are `qwen2`: the name `deepseek-r1-qwen` means the same and older runtimes refuse it.
    private static readonly (string Name, string[] Aliases, IReadOnlyList<SplitPattern> Patterns, bool IgnoreMerges)[] Known =
    [
        ("qwen2", ["deepseek-r1-qwen"], [new SplitPattern(SplitPatterns.Qwen2)], false),
        ("llama-bpe", ["llama3", "llama-v3"], [new SplitPattern(SplitPatterns.Llama3)], true),
        ("deepseek-v3", [], SplitPatterns.DeepSeekV3, false),
        ("gpt-2", [], [new SplitPattern(SplitPatterns.Gpt2)], false),
    ];

    /// <summary>Whether llama.cpp loads a file with that name; how the text is split is known here only for <see cref="All"/>.</summary>
    public static bool IsKnownToLlamaCpp(string name) => TryGet(name, out _, out _) || NamesOfLlamaCpp.Contains(name);

    /// <summary>Names of splits that are known here.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Known.Select(known => known.Name)];

    /// <summary>The name of a tokenizer's way of splitting, or null when llama.cpp has none.</summary>
    public static string? Find(TokenizerDefinition tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.AddPrefixSpace) return null;
        foreach ((string name, _, IReadOnlyList<SplitPattern> patterns, bool ignoreMerges) in Known)
        {
            if (tokenizer.IgnoreMerges == ignoreMerges && Escaped(tokenizer.SplitPatterns).SequenceEqual(Escaped(patterns))) return name;
        }
        return null;
    }

    /// <summary>What a name stands for.</summary>
    /// <param name="name">Value of <c>tokenizer.ggml.pre</c>.</param>
    /// <param name="patterns">The split patterns, in order.</param>
    /// <param name="ignoreMerges">Whether pieces that are tokens are taken whole.</param>
    public static bool TryGet(string name, [NotNullWhen(true)] out IReadOnlyList<SplitPattern>? patterns, out bool ignoreMerges)
    {
        (_, _, patterns, ignoreMerges) = Known.FirstOrDefault(known => known.Name == name || known.Aliases.Contains(name));
        return patterns is not null;
    }

    // Line ends stand in patterns as escapes or as themselves.
    private static IEnumerable<SplitPattern> Escaped(IReadOnlyList<SplitPattern> patterns) =>
        patterns.Select(pattern => pattern with { Regex = pattern.Regex.Replace("\r", @"\r").Replace("\n", @"\n") });
}
