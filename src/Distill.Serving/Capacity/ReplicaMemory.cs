namespace Distill.Serving;

/// <summary>How the memory of one replica's accelerators is shared between weights and cache.</summary>
public sealed record ReplicaMemory
{
    /// <summary>Share of an accelerator's memory that an engine may fill, as engines have it by default.</summary>
    public const double DefaultFraction = 0.9;

    /// <summary>Bytes on each accelerator for activations, graphs and communication.</summary>
    public const long OtherBytes = 8L << 30;

    /// <summary>
    /// Tokens that a running request of R1 keeps in the cache on average. open-r1's replicas of 16 H100 ran 56 requests in a cache
    /// of 374,000 tokens. Source: open-r1, slurm/serve_r1.slurm.
    /// </summary>
    public const int ResidentTokens = 6_700;

    private ReplicaMemory(Topology topology, Parallelism parallelism) => (Topology, Parallelism) = (topology, parallelism);

    /// <summary>The machines.</summary>
    public Topology Topology { get; }

    /// <summary>How the model is divided; never <see cref="Parallelism.Auto"/>.</summary>
    public Parallelism Parallelism { get; }

    /// <summary>Bytes of weights on each accelerator.</summary>
    public long WeightsPerGpu { get; private init; }

    /// <summary>Bytes left for the cache on each accelerator; negative when the weights do not fit.</summary>
    public long KvPerGpu { get; private init; }

    /// <summary>Bytes that one token takes in the cache of an accelerator that holds it.</summary>
    public double KvBytesPerToken { get; private init; }

    /// <summary>Caches that are independent of each other: a sequence lives in one of them.</summary>
    public int Caches { get; private init; }

    /// <summary>Tokens that one cache holds.</summary>
    public long TokensPerCache => KvPerGpu <= 0 ? 0 : (long)(KvPerGpu / KvBytesPerToken);

    /// <summary>Tokens that the replica holds.</summary>
    public long KvTokens => TokensPerCache * Caches;

    /// <summary>Name in tables: <c>TP8</c>, <c>TP8xPP2</c>, <c>DP8+EP8</c>.</summary>
    public string Name => Parallelism switch
    {
        Parallelism.Tp => $"TP{Topology.Gpus}",
        Parallelism.TpPp => $"TP{Topology.GpusPerNode}xPP{Topology.Nodes}",
        _ => $"DP{Topology.Gpus}+EP{Topology.Gpus}",
    };

    /// <summary>Sequences of that length that fit at once; not whole, because partial sequences fill the rest.</summary>
    public double Sequences(int length) => KvTokens / (double)length;

    /// <summary>Bytes that each accelerator lacks for the weights and one whole sequence of that length in every cache; 0 when it lacks none.</summary>
    public long Shortage(int length) => Math.Max(0, (long)Math.Ceiling(length * KvBytesPerToken) - KvPerGpu);

    /// <summary>Works it out.</summary>
    /// <param name="shape">The model.</param>
    /// <param name="topology">The machines.</param>
    /// <param name="parallelism">How the model is divided; <see cref="Parallelism.Auto"/> takes what holds most tokens.</param>
    /// <param name="format">What the cache is kept as.</param>
    /// <param name="fraction">Share of the memory that the engine may fill.</param>
    public static ReplicaMemory Of(ServedShape shape, Topology topology, Parallelism parallelism, KvCacheFormat format = KvCacheFormat.Bf16, double fraction = DefaultFraction)
    {
        if (parallelism == Parallelism.Auto) return Possible(topology, shape).Select(one => Of(shape, topology, one, format, fraction)).MaxBy(memory => (memory.KvTokens, memory.KvPerGpu))!;
        bool spread = parallelism == Parallelism.DpEp;
        int stages = parallelism == Parallelism.TpPp ? topology.Nodes : 1, width = spread ? 1 : topology.Gpus / stages;
        long weights = spread ? shape.Total - shape.RoutedExperts + (shape.RoutedExperts / topology.Gpus) : shape.Total / topology.Gpus;
        return new(topology, parallelism)
        {
            WeightsPerGpu = weights,
            KvPerGpu = (long)(topology.Gpu.MemoryBytes * fraction) - OtherBytes - weights,
            KvBytesPerToken = shape.KvBytesPerToken(format) / (double)stages / Math.Min(width, shape.KvHeads),
            Caches = spread ? topology.Gpus : 1,
        };
    }

    /// <summary>The ways in which a model can be divided among these machines.</summary>
    public static IReadOnlyList<Parallelism> Possible(Topology topology, ServedShape shape) =>
    [
        Parallelism.Tp,
        .. topology.Nodes > 1 ? [Parallelism.TpPp] : Array.Empty<Parallelism>(),
        .. topology.Gpus > 1 && shape.RoutedExperts > 0 ? [Parallelism.DpEp] : Array.Empty<Parallelism>(),
    ];
}
