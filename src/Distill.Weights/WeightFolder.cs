using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>
/// Writes the weights of a model folder: one <c>model.safetensors</c>, or shards with <c>model.safetensors.index.json</c>. Everything is
/// written beside the present weights first, which are then replaced by renaming, so that a crash while writing leaves them as they were.
/// </summary>
public static class WeightFolder
{
    /// <summary>Most bytes of tensors in one file unless told otherwise: what transformers takes.</summary>
    public const long DefaultShardBytes = 5_000_000_000;

    private static readonly JsonWriterOptions Json = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the tensors in the order given; a tensor larger than a shard has one of its own.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="tensors">What to write.</param>
    /// <param name="maxShardBytes">Most bytes of tensors in one file.</param>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public static void Write(string folder, IReadOnlyList<TensorToWrite> tensors, long maxShardBytes = DefaultShardBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardBytes);
        List<List<TensorToWrite>> shards = Divide(tensors, maxShardBytes);
        string staging = Path.Combine(folder, ".weights.partial");
        AtomicFile.Guard(folder, () =>
        {
            if (Directory.Exists(staging)) Directory.Delete(staging, recursive: true);
            for (int i = 0; i < shards.Count; i++) SafetensorsWriter.Write(Path.Combine(staging, FileName(i, shards.Count)), shards[i]);
            if (shards.Count > 1) AtomicFile.Write(Path.Combine(staging, WeightSource.IndexFileName), stream => WriteIndex(stream, shards));
            Replace(folder, staging);
        }, () => Directory.Delete(staging, recursive: true));
    }

    // Without an index the shards are no checkpoint, so the old index goes first and the new one comes last: no reader ever sees a mixture.
    private static void Replace(string folder, string staging)
    {
        File.Delete(Path.Combine(folder, WeightSource.IndexFileName));
        string[] finished = [.. Directory.EnumerateFiles(staging).Select(path => Path.GetFileName(path)).OrderBy(name => name == WeightSource.IndexFileName)];
        foreach (string name in finished) File.Move(Path.Combine(staging, name), Path.Combine(folder, name), overwrite: true);
        Directory.Delete(staging);
        foreach (string path in Directory.EnumerateFiles(folder, "model*.safetensors").Where(path => IsOurs(Path.GetFileName(path)) && !finished.Contains(Path.GetFileName(path))))
            File.Delete(path);
    }

    private static List<List<TensorToWrite>> Divide(IReadOnlyList<TensorToWrite> tensors, long maxShardBytes)
    {
        var shards = new List<List<TensorToWrite>> { new() };
        long bytes = 0;
        foreach (TensorToWrite tensor in tensors)
        {
            if (shards[^1].Count > 0 && tensor.ByteCount > maxShardBytes - bytes)
            {
                shards.Add([]);
                bytes = 0;
            }
            shards[^1].Add(tensor);
            bytes += tensor.ByteCount;
        }
        return shards;
    }

    private static string FileName(int index, int count) => count == 1
        ? WeightSource.SingleFileName
        : string.Create(CultureInfo.InvariantCulture, $"model-{index + 1:D5}-of-{count:D5}.safetensors");

    private static bool IsOurs(string name) =>
        name == WeightSource.SingleFileName || (name.StartsWith("model-", StringComparison.Ordinal) && name.Contains("-of-", StringComparison.Ordinal));

    private static void WriteIndex(Stream stream, List<List<TensorToWrite>> shards)
    {
        using (var json = new Utf8JsonWriter(stream, Json))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_size", shards.Sum(shard => shard.Sum(tensor => tensor.ByteCount)));
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            for (int i = 0; i < shards.Count; i++)
            {
                foreach (TensorToWrite tensor in shards[i]) json.WriteString(tensor.Name, FileName(i, shards.Count));
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        stream.Write(Encoding.UTF8.GetBytes("\n"));
    }
}
