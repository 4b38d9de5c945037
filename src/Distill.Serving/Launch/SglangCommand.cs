using System.Globalization;

namespace Distill.Serving;

/// <summary>SGLang's command line. Sources: SGLang documentation, deepseek_v3.md, dp_dpa_smg_guide.md, expert_parallelism.md, multi_node.md.</summary>
internal static class SglangCommand
{
    private const int InitPort = 5000, InitTimeoutSeconds = 3600;

    /// <summary>Builds it.</summary>
    public static EngineCommand Of(ServePlan plan)
    {
        TeacherServeOptions options = plan.Options;
        EngineFlag[] flags =
        [
            new("--model-path", options.Model), new("--served-model-name", plan.ServedName),
            .. options.Revision is { } revision ? [new("--revision", revision)] : Array.Empty<EngineFlag>(),
            new("--host", plan.Host), new("--port", Text(plan.Port)),
            new("--context-length", Text(options.ContextLength)),
            .. plan.ReasoningParser is { } parser ? [new("--reasoning-parser", parser)] : Array.Empty<EngineFlag>(),
            new("--stream-interval", Text(options.StreamInterval)), new("--enable-metrics"), new("--enable-cache-report"),
            new("--mem-fraction-static", StaticFraction(plan)),
            .. plan.MaxRunning is { } running ? [new("--max-running-requests", Text(Math.Max(plan.Ranks, running)))] : Array.Empty<EngineFlag>(), // divided among the ranks
            new("--max-queued-requests", Text(plan.MaxQueued)),
            .. options.KvCache == KvCacheFormat.Fp8 ? [new("--kv-cache-dtype", "fp8_e4m3")] : Array.Empty<EngineFlag>(),
            .. options.PrefixCaching ? [] : new EngineFlag[] { new("--disable-radix-cache") },
            .. options.TrustRemoteCode ? [new("--trust-remote-code")] : Array.Empty<EngineFlag>(),
            .. Division(plan),
        ];
        return new(["python3", "-m", "sglang.launch_server"], flags, []);
    }

    private static EngineFlag[] Division(ServePlan plan)
    {
        Topology topology = plan.Topology;
        int stages = plan.Parallelism == Parallelism.TpPp ? topology.Nodes : 1;
        bool spread = plan.Parallelism == Parallelism.DpEp;
        return
        [
            new("--tp-size", Text(topology.Gpus / stages)),
            .. stages > 1 ? [new("--pp-size", Text(stages))] : Array.Empty<EngineFlag>(),
            // Without a size for data parallelism the switch does nothing.
            .. spread ? [new("--dp-size", Text(topology.Gpus)), new("--enable-dp-attention")] : Array.Empty<EngineFlag>(),
            .. spread && plan.Options.Deepep
                ? [new("--ep-size", Text(topology.Gpus)), new("--moe-a2a-backend", "deepep"), new("--moe-runner-backend", "deep_gemm")] : Array.Empty<EngineFlag>(),
            .. topology.Nodes > 1
                ? [new("--nnodes", Text(topology.Nodes)), new("--node-rank", RankFactor: 1), new("--dist-init-addr", $"{EngineFlag.HeadVariable}:{InitPort}"), new("--dist-timeout", Text(InitTimeoutSeconds))]
                : Array.Empty<EngineFlag>(),
        ];
    }

    // SGLang's share is that of weights and cache alone; vLLM's, which the option means, holds activations and graphs too.
    private static string StaticFraction(ServePlan plan)
    {
        double memory = plan.Topology.Gpu.MemoryBytes, share = plan.Options.MemoryFraction - (ReplicaMemory.OtherBytes / memory);
        return (Math.Floor(Math.Max(share, 0.1) * 100) / 100).ToString("0.00", CultureInfo.InvariantCulture);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
