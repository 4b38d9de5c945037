using System.Globalization;

namespace Distill.Serving;

/// <summary>vLLM's command line. Sources: vLLM documentation, data_parallel_deployment.md, expert_parallel_deployment.md, parallelism_scaling.md.</summary>
internal static class VllmCommand
{
    private const int MasterPort = 29501, DataParallelPort = 13345;

    /// <summary>Builds it.</summary>
    public static EngineCommand Of(ServePlan plan)
    {
        TeacherServeOptions options = plan.Options;
        EngineFlag[] flags =
        [
            new("--served-model-name", plan.ServedName),
            .. options.Revision is { } revision ? [new("--revision", revision)] : Array.Empty<EngineFlag>(),
            new("--host", plan.Host, NodeScope.Head), new("--port", Text(plan.Port), NodeScope.Head),
            new("--max-model-len", Text(options.ContextLength)),
            .. plan.ReasoningParser is { } parser ? [new("--reasoning-parser", parser)] : Array.Empty<EngineFlag>(),
            new("--stream-interval", Text(options.StreamInterval)),
            // Tells how much of a prompt came from the cache: hits can change an output.
            new("--enable-prompt-tokens-details"),
            new("--gpu-memory-utilization", options.MemoryFraction.ToString(CultureInfo.InvariantCulture)),
            .. plan.MaxRunning is { } running ? [new("--max-num-seqs", Text(Math.Max(1, running / plan.Ranks)))] : Array.Empty<EngineFlag>(), // for each data-parallel rank
            .. options.KvCache == KvCacheFormat.Fp8 ? [new("--kv-cache-dtype", "fp8")] : Array.Empty<EngineFlag>(),
            new(options.PrefixCaching ? "--enable-prefix-caching" : "--no-enable-prefix-caching"),
            .. options.TrustRemoteCode ? [new("--trust-remote-code")] : Array.Empty<EngineFlag>(),
            .. Division(plan),
        ];
        return new(["vllm", "serve", options.Model], flags,
        [
            new("VLLM_HTTP_TIMEOUT_KEEP_ALIVE", "120"), // a socket that closes after five idle seconds fails the request that comes just then
            new("VLLM_ENGINE_READY_TIMEOUT_S", Text((int)Math.Ceiling(options.ReadyMinutes * 60))), // ten minutes by default: less than loading takes
            .. plan.Parallelism == Parallelism.DpEp ? [new("VLLM_USE_DEEP_GEMM", "1")] : Array.Empty<KeyValuePair<string, string>>(),
        ]);
    }

    private static EngineFlag[] Division(ServePlan plan)
    {
        Topology topology = plan.Topology;
        bool byRay = plan.Options.Launcher == ServeLauncher.Ray, hasExperts = plan.Shape is null or { RoutedExperts: > 0 };
        if (plan.Parallelism == Parallelism.DpEp)
        {
            return
            [
                new("--tensor-parallel-size", "1"), new("--data-parallel-size", Text(topology.Gpus)), new("--enable-expert-parallel"),
                .. plan.Options.Deepep ? [new("--all2all-backend", "deepep_low_latency")] : Array.Empty<EngineFlag>(), // the decoding kind: completions are long, prompts short
                .. topology.Nodes > 1 ? DataParallelNodes(topology, byRay) : [],
            ];
        }
        int stages = plan.Parallelism == Parallelism.TpPp ? topology.Nodes : 1;
        return
        [
            new("--tensor-parallel-size", Text(topology.Gpus / stages)),
            .. stages > 1 ? [new("--pipeline-parallel-size", Text(stages))] : Array.Empty<EngineFlag>(),
            .. hasExperts ? [new("--enable-expert-parallel")] : Array.Empty<EngineFlag>(),
            .. byRay ? [new("--distributed-executor-backend", "ray")]
                : topology.Nodes > 1
                    ? [new("--distributed-executor-backend", "mp"), new("--nnodes", Text(topology.Nodes)), new("--node-rank", RankFactor: 1), new("--master-addr", EngineFlag.HeadVariable), new("--master-port", Text(MasterPort)), new("--headless", Scope: NodeScope.Workers)]
                    : Array.Empty<EngineFlag>(),
        ];
    }

    private static EngineFlag[] DataParallelNodes(Topology topology, bool byRay) => byRay
        ? [new("--data-parallel-size-local", Text(topology.GpusPerNode)), new("--data-parallel-backend", "ray"), new("--api-server-count", Text(topology.GpusPerNode))]
        :
        [
            new("--data-parallel-size-local", Text(topology.GpusPerNode)), new("--data-parallel-address", EngineFlag.HeadVariable), new("--data-parallel-rpc-port", Text(DataParallelPort)),
            new("--api-server-count", Text(topology.GpusPerNode), NodeScope.Head),
            new("--data-parallel-start-rank", Scope: NodeScope.Workers, RankFactor: topology.GpusPerNode), new("--headless", Scope: NodeScope.Workers),
        ];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
