using System.Text.RegularExpressions;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>A model in several GGUF files, as llama.cpp's gguf-split divides it: the first has the metadata, each has its part of the tensors.</summary>
public static partial class GgufShards
{
    /// <summary>Key of a shard's number, from 0.</summary>
    public const string NumberKey = "split.no";

    /// <summary>Key of the number of shards.</summary>
    public const string CountKey = "split.count";

    /// <summary>Key of the number of tensors in all shards.</summary>
    public const string TensorCountKey = "split.tensors.count";

    /// <summary>Most shards of a model: their names have five digits.</summary>
    public const int Most = 99_999;

    /// <summary>Path of a shard; loaders find the others by the first one's name, so the names are fixed: <c>name-00001-of-00003.gguf</c>.</summary>
    /// <param name="path">Path that the model would have in one file, or has without its extension.</param>
    /// <param name="number">Number of the shard, from 0.</param>
    /// <param name="count">Number of shards.</param>
    public static string PathOf(string path, int number, int count) => OfStem(Path.ChangeExtension(path, null), number, count);

    /// <summary>Whether a path is that of a shard other than the first, which by itself is no model.</summary>
    public static bool IsLater(string path) => NameOf(path) is { Success: true } name && name.Groups["number"].Value != "00001";

    /// <summary>The first shard of a model that lies in shards where somebody looks for one file, or null.</summary>
    /// <param name="path">Path that the model would have in one file; nothing is there.</param>
    public static string? InsteadOf(string path)
    {
        if (!path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || Path.GetDirectoryName(Path.GetFullPath(path)) is not { } folder || !Directory.Exists(folder)) return null;
        string stem = Path.GetFileNameWithoutExtension(path);
        return Directory.EnumerateFiles(folder, "*.gguf").FirstOrDefault(file => NameOf(file) is { Success: true } name && name.Groups["stem"].Value == stem && !IsLater(file)) is { } first
            ? Path.Combine(Path.GetDirectoryName(path) ?? "", Path.GetFileName(first)) : null;
    }

    /// <summary>The file of a model, or all of its shards.</summary>
    /// <param name="first">Path of the file or of the first shard.</param>
    public static IReadOnlyList<string> FilesOf(string first)
    {
        if (StemOf(first) is not { } stem || IsLater(first)) return [first];
        int count = int.Parse(NameOf(first).Groups["count"].Value);
        return [first, .. Enumerable.Range(1, Math.Max(0, count - 1)).Select(number => OfStem(stem, number, count)).TakeWhile(File.Exists)];
    }

    /// <summary>Opens the shards after the first and makes one model of all.</summary>
    /// <exception cref="InputException">The file is not the first shard, its name does not tell the others', or one of them is missing, damaged or of another model.</exception>
    internal static GgufReader Join(GgufReader first, int count)
    {
        int place = first.Metadata.GetCount(NumberKey);
        if (StemOf(first.Path) is not { } stem || OfStem(stem, place, count) != first.Path)
        {
            string own = Path.GetFileName(StemOf(first.Path) ?? Path.ChangeExtension(first.Path, null));
            throw new InputException($"{first.Path}: is shard {place + 1} of {count}, but its name does not say so",
                $"loaders find the others by it: call it {OfStem(own, place, count)}, the others alike, all in one folder");
        }
        if (place != 0) throw new InputException($"{first.Path}: is shard {place + 1} of {count}", $"give the first one, {OfStem(stem, 0, count)}");
        var shards = new List<GgufReader> { first };
        try
        {
            for (int number = 1; number < count; number++) shards.Add(OpenShard(OfStem(stem, number, count), number, count));
            RequireWhole(shards);
            return GgufReader.Of(shards);
        }
        catch
        {
            foreach (GgufReader shard in shards.Skip(1)) shard.Dispose(); // the first is the caller's until all are one
            throw;
        }
    }

    private static string OfStem(string stem, int number, int count) => $"{stem}-{number + 1:00000}-of-{count:00000}.gguf";

    // The folder and the part of the name before the numbers; null for a name without them.
    private static string? StemOf(string path) =>
        NameOf(path) is { Success: true } name ? Path.Combine(Path.GetDirectoryName(path) ?? "", name.Groups["stem"].Value) : null;

    private static Match NameOf(string path) => ShardName().Match(Path.GetFileName(path));

    private static GgufReader OpenShard(string path, int number, int count)
    {
        if (!File.Exists(path)) throw new InputException($"{path}: shard {number + 1} of {count} is missing", "copy or download it beside the others");
        GgufReader shard = GgufReader.Open(new MappedFile(path));
        if (shard.Metadata.FindCount(NumberKey) == number && shard.Metadata.FindCount(CountKey) == count) return shard;
        shard.Dispose();
        throw new InputException($"{path}: is not shard {number + 1} of {count}", "copy or download the shards of one model again");
    }

    private static void RequireWhole(List<GgufReader> shards)
    {
        string path = shards[0].Path;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (GgufTensorInfo tensor in shards.SelectMany(shard => shard.Tensors))
        {
            if (!names.Add(tensor.Name)) throw new InputException($"{path}: tensor `{tensor.Name}` is in two shards", "copy or download the shards of one model again");
        }
        if (shards[0].Metadata.FindCount(TensorCountKey) is { } expected && expected != names.Count)
            throw new InputException($"{path}: its shards hold {names.Count} tensors, the first one says {expected}", "copy or download the shards of one model again");
    }

    [GeneratedRegex(@"^(?<stem>.+)-(?<number>[0-9]{5})-of-(?<count>[0-9]{5})\.gguf$", RegexOptions.CultureInvariant)]
    private static partial Regex ShardName();
}
