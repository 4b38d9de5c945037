using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Distill.Models;

namespace Distill.Tests.Weights;

/// <summary>A checkpoint of any size that takes no room: real headers and a real index, holes where the tensors' bytes would be.</summary>
internal static class SparseCheckpoint
{
    private const long ShardBytes = 5_000_000_000;

    /// <summary>The shape of Llama-3.3-70B.</summary>
    public static ModelConfig Llama70B { get; } = new()
    {
        Architecture = Architecture.Llama,
        VocabSize = 128256,
        HiddenSize = 8192,
        IntermediateSize = 28672,
        NumHiddenLayers = 80,
        NumAttentionHeads = 64,
        NumKeyValueHeads = 8,
        HeadDim = 128,
        RopeTheta = 500000,
        MaxPositionEmbeddings = 131072,
    };

    /// <summary>Writes the shards and the index of a model in bfloat16.</summary>
    /// <returns>Bytes of its tensors.</returns>
    public static long Write(string folder, ModelConfig config)
    {
        Directory.CreateDirectory(folder);
        var shards = new List<List<(string Name, IReadOnlyList<long> Shape, long Bytes)>> { new() };
        foreach (CheckpointTensor tensor in CheckpointTensors.Of(config))
        {
            long bytes = 2 * tensor.Shape.Aggregate((a, b) => a * b);
            if (shards[^1].Sum(item => item.Bytes) + bytes > ShardBytes) shards.Add([]);
            shards[^1].Add((tensor.Name, tensor.Shape, bytes));
        }
        var map = new JsonObject();
        for (int i = 0; i < shards.Count; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors");
            WriteShard(Path.Combine(folder, name), shards[i]);
            foreach (var tensor in shards[i]) map[tensor.Name] = name;
        }
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
        return shards.Sum(shard => shard.Sum(item => item.Bytes));
    }

    private static void WriteShard(string path, List<(string Name, IReadOnlyList<long> Shape, long Bytes)> tensors)
    {
        var header = new JsonObject();
        long position = 0;
        foreach ((string name, IReadOnlyList<long> shape, long bytes) in tensors)
        {
            header[name] = new JsonObject
            {
                ["dtype"] = "BF16",
                ["shape"] = new JsonArray([.. shape.Select(dimension => (JsonNode)dimension)]),
                ["data_offsets"] = new JsonArray(position, position + bytes),
            };
            position += bytes;
        }
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString()), length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        using FileStream stream = File.Create(path);
        stream.Write(length);
        stream.Write(json);
        stream.SetLength(8 + json.Length + position);
    }
}
