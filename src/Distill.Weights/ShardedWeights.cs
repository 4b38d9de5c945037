using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>A checkpoint over several safetensors files, joined by <c>model.safetensors.index.json</c>.</summary>
public sealed class ShardedWeights : IWeightSource
{
    private readonly Dictionary<string, SafetensorsFile> _shards;
    private readonly Dictionary<string, (TensorInfo Info, SafetensorsFile Shard)> _byName = new(StringComparer.Ordinal);

    private ShardedWeights(string path, Dictionary<string, SafetensorsFile> shards, IReadOnlyDictionary<string, string> shardByTensor)
    {
        Path = path;
        _shards = shards;
        var tensors = new List<TensorInfo>(shardByTensor.Count);
        foreach ((string name, string shardName) in shardByTensor)
        {
            SafetensorsFile shard = shards[shardName];
            if (!shard.TryGet(name, out TensorInfo? info))
                throw SafetensorsFile.Damaged(path, $"tensor `{name}` is not in {shardName}, where the index says it is");
            tensors.Add(info);
            _byName.Add(name, (info, shard));
        }
        Tensors = tensors;
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Opens every shard that the index names.</summary>
    /// <param name="indexPath">Path of <c>model.safetensors.index.json</c>.</param>
    /// <exception cref="InputException">The index is malformed, names a file outside its folder, or a shard is missing or damaged.</exception>
    public static ShardedWeights Open(string indexPath)
    {
        Dictionary<string, string> shardByTensor = ReadIndex(indexPath);
        var shards = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        try
        {
            foreach (string shardPath in FilesOf(indexPath, shardByTensor))
            {
                string name = System.IO.Path.GetFileName(shardPath);
                if (!File.Exists(shardPath)) throw new InputException($"{indexPath}: shard {name} is missing", "copy or download the missing file beside the index");
                shards.Add(name, SafetensorsFile.Open(shardPath));
            }
            return new ShardedWeights(indexPath, shards, shardByTensor);
        }
        catch
        {
            foreach (SafetensorsFile shard in shards.Values) shard.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool TryGet(string name, [NotNullWhen(true)] out TensorInfo? info)
    {
        bool found = _byName.TryGetValue(name, out var entry);
        info = found ? entry.Info : null;
        return found;
    }

    /// <inheritdoc/>
    public nint Pointer(TensorInfo info) => _byName[info.Name].Shard.Pointer(info);

    /// <inheritdoc/>
    public void ReadBytes(TensorInfo info, long start, Span<byte> destination) => _byName[info.Name].Shard.ReadBytes(info, start, destination);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafetensorsFile shard in _shards.Values) shard.Dispose();
    }

    /// <summary>Paths of the shards that an index names, whether they are there or not.</summary>
    /// <exception cref="InputException">The index is malformed, or names a file outside its folder.</exception>
    internal static IEnumerable<string> FilesOf(string indexPath) => FilesOf(indexPath, ReadIndex(indexPath));

    private static IEnumerable<string> FilesOf(string indexPath, Dictionary<string, string> shardByTensor)
    {
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(indexPath))!;
        foreach (string name in shardByTensor.Values.Distinct(StringComparer.Ordinal))
        {
            if (name is "" or "." or ".." || name.AsSpan().ContainsAny('/', '\\', ':') || name.Contains('\0'))
                throw new InputException($"{indexPath}: shard `{name}` is not a plain file name", "shards must lie beside their index");
            yield return System.IO.Path.Combine(folder, name);
        }
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        try
        {
            if (new FileInfo(path).Length > SafetensorsFile.HeaderLimit) throw SafetensorsFile.Damaged(path, "the index is larger than 100 MB");
            return ParseIndex(path, File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", "check that it is a file you may read", inner: e);
        }
    }

    /// <summary>The shard of every tensor, by name.</summary>
    internal static Dictionary<string, string> ParseIndex(string path, byte[] utf8)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8);
            var map = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (JsonProperty entry in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                if (!map.TryAdd(entry.Name, entry.Value.GetString() ?? "")) throw SafetensorsFile.Damaged(path, $"tensor `{entry.Name}` is listed twice");
            }
            return map;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InputException($"{path}: is not a safetensors index with a `weight_map`", "copy or download the file again", inner: e);
        }
    }
}
