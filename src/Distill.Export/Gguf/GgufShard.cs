using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>One file of a model.</summary>
/// <param name="Path">The file.</param>
/// <param name="Metadata">Its head: all of it in the first shard, only the shard's number in the others.</param>
/// <param name="Tensors">The model's tensors that it holds.</param>
/// <param name="Layouts">The same, name, type and shape.</param>
internal sealed record GgufShard(string Path, GgufMetadata Metadata, Range Tensors, IReadOnlyList<GgufTensorLayout> Layouts)
{
    /// <summary>Bytes of the file.</summary>
    public long FileSize => GgufWriter.FileSize(Path, Metadata, Layouts);

    /// <summary>
    /// Divides a model into files that are no larger than its settings allow, unless a single tensor is.
    /// </summary>
    /// <exception cref="InputException">There would be more shards than names.</exception>
    public static IReadOnlyList<GgufShard> Split(GgufFilePlan plan, string path)
    {
        GgufMetadata metadata = plan.Metadata();
        if (plan.Settings.MaxShardBytes is not { } limit) return [new GgufShard(path, metadata, .., plan.Layouts)];
        long head = GgufWriter.FileSize(path, metadata, [.. plan.Layouts.Select(layout => layout with { Shape = [0] })]);
        List<Range> ranges = Ranges(plan.Layouts, limit, head);
        if (ranges.Count == 1) return [new GgufShard(path, metadata, .., plan.Layouts)];
        if (ranges.Count > GgufShards.Most) throw new InputException($"{path}: {ranges.Count} shards are too many", "give a larger `--max-shard-size`");
        return [.. ranges.Select((range, number) =>
        {
            GgufMetadata keys = number == 0 ? metadata : [];
            keys.Add(GgufShards.NumberKey, (ushort)number);
            keys.Add(GgufShards.CountKey, (ushort)ranges.Count);
            keys.Add(GgufShards.TensorCountKey, plan.Layouts.Count);
            (int start, int count) = range.GetOffsetAndLength(plan.Layouts.Count);
            return new GgufShard(GgufShards.PathOf(path, number, ranges.Count), keys, range, [.. plan.Layouts.Skip(start).Take(count)]);
        })];
    }

    private static List<Range> Ranges(IReadOnlyList<GgufTensorLayout> layouts, long limit, long head)
    {
        var ranges = new List<Range>();
        int start = 0;
        long size = head;
        for (int i = 0; i < layouts.Count; i++)
        {
            long bytes = GgufReader.AlignUp(layouts[i].ByteCount, GgufReader.DefaultAlignment);
            if (i > start && size + bytes > limit)
            {
                ranges.Add(start..i);
                (start, size) = (i, 0);
            }
            size += bytes;
        }
        ranges.Add(start..layouts.Count);
        return ranges;
    }
}
