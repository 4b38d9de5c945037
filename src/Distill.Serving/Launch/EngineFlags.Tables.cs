using System.Collections.Frozen;

namespace Distill.Serving;

/// <summary>
/// Flags that the engines document, and whether each takes a value. Every flag that is written is looked up here: an engine ends
/// its start-up with an error, often half an hour later, at one that it does not know. Flags for images, adapters, speculation,
/// state-space layers and disaggregated serving are left out.
/// </summary>
internal static class EngineFlags
{
    /// <summary>Version of vLLM whose <c>vllm serve</c> has these flags.</summary>
    public const string VllmVersion = "0.26.0";

    /// <summary>Release of SGLang that images are taken of; the flags were read in <c>server_args.py</c> at commit 001067f.</summary>
    public const string SglangVersion = "0.5.23";

    /// <summary>Flags of <c>vllm serve</c>.</summary>
    public static readonly FrozenDictionary<string, bool> Vllm = Table(
        valued:
        [
            // frontend
            "--host", "--port", "--uds", "--root-path", "--api-key", "--api-server-count", "--chat-template", "--chat-template-content-format", "--default-chat-template-kwargs", "--response-role",
            "--uvicorn-log-level", "--disable-access-log-for-endpoints", "--max-log-len", "--log-config-file", "--ssl-keyfile", "--ssl-certfile", "--ssl-ca-certs", "--ssl-cert-reqs", "--ssl-ciphers",
            "--h11-max-incomplete-event-size", "--h11-max-header-count", "--fingerprint-mode", "--fingerprint-value", "--shutdown-timeout", "--config",
            // model
            "--model", "--served-model-name", "--tokenizer", "--tokenizer-mode", "--tokenizer-revision", "--revision", "--code-revision", "--hf-config-path", "--hf-token", "--hf-overrides", "--config-format",
            "--dtype", "--seed", "--max-model-len", "--quantization", "--generation-config", "--override-generation-config", "--max-logprobs", "--logprobs-mode", "--model-impl",
            "--reasoning-parser", "--reasoning-parser-plugin", "--reasoning-config", "--structured-outputs-config",
            // loading
            "--load-format", "--download-dir", "--ignore-patterns", "--model-loader-extra-config", "--safetensors-load-strategy",
            // parallelism
            "--tensor-parallel-size", "--pipeline-parallel-size", "--data-parallel-size", "--data-parallel-rank", "--data-parallel-start-rank", "--data-parallel-size-local", "--data-parallel-address",
            "--data-parallel-rpc-port", "--data-parallel-backend", "--distributed-executor-backend", "--distributed-timeout-seconds", "--master-addr", "--master-port", "--nnodes", "--node-rank",
            "--decode-context-parallel-size", "--prefill-context-parallel-size", "--all2all-backend", "--eplb-config", "--expert-placement-strategy", "--dbo-decode-token-threshold",
            "--dbo-prefill-token-threshold", "--max-parallel-loading-workers",
            // cache and scheduling
            "--block-size", "--gpu-memory-utilization", "--kv-cache-memory-bytes", "--kv-cache-dtype", "--num-gpu-blocks-override", "--prefix-caching-hash-algo", "--cpu-offload-gb",
            "--max-num-batched-tokens", "--max-num-seqs", "--max-num-partial-prefills", "--max-long-partial-prefills", "--long-prefill-token-threshold", "--scheduling-policy", "--stream-interval",
            // kernels and logs
            "--attention-backend", "--moe-backend", "--linear-backend", "--compilation-config", "--optimization-level", "--performance-mode", "--otlp-traces-endpoint", "--additional-config",
        ],
        switches:
        [
            "--headless", "--trust-remote-code", "--enable-prompt-tokens-details", "--enable-force-include-usage", "--enable-request-id-headers", "--enable-server-load-tracking",
            "--enable-log-requests", "--disable-log-stats", "--disable-uvicorn-access-log", "--disable-fastapi-docs", "--aggregate-engine-logging", "--skip-tokenizer-init", "--enforce-eager",
            "--enable-expert-parallel", "--enable-eplb", "--enable-dbo", "--data-parallel-hybrid-lb", "--data-parallel-external-lb", "--disable-custom-all-reduce",
            "--enable-prefix-caching", "--enable-chunked-prefill", "--async-scheduling", "--calculate-kv-scales", "--enable-sleep-mode",
            // vLLM registers the opposite of every switch beside it
            "--no-enable-prefix-caching", "--no-enable-chunked-prefill", "--no-async-scheduling", "--no-enable-expert-parallel",
        ]);

    /// <summary>Flags of <c>python3 -m sglang.launch_server</c>.</summary>
    public static readonly FrozenDictionary<string, bool> Sglang = Table(
        valued:
        [
            // model
            "--model-path", "--model", "--tokenizer-path", "--tokenizer-mode", "--tokenizer-backend", "--tokenizer-worker-num", "--detokenizer-worker-num", "--load-format", "--model-loader-extra-config",
            "--context-length", "--revision", "--model-impl", "--json-model-override-args", "--dtype", "--quantization", "--quantization-param-path", "--kv-cache-dtype", "--download-dir", "--served-model-name",
            // server
            "--host", "--port", "--fastapi-root-path", "--warmups", "--api-key", "--admin-api-key", "--chat-template", "--hf-chat-template-name", "--reasoning-parser", "--default-chat-template-kwargs",
            "--sampling-defaults", "--stream-interval", "--batch-notify-size", "--log-level", "--log-level-http", "--log-requests-level", "--decode-log-interval", "--crash-dump-folder", "--random-seed",
            "--ssl-keyfile", "--ssl-certfile", "--ssl-ca-certs", "--watchdog-timeout", "--soft-watchdog-timeout",
            // memory and scheduling
            "--mem-fraction-static", "--max-running-requests", "--max-queued-requests", "--max-total-tokens", "--chunked-prefill-size", "--max-prefill-tokens", "--prefill-max-requests", "--schedule-policy",
            "--schedule-conservativeness", "--page-size", "--radix-eviction-policy", "--num-continuous-decode-steps", "--scheduler-recv-interval",
            // parallelism
            "--tp-size", "--tensor-parallel-size", "--pp-size", "--pipeline-parallel-size", "--pp-max-micro-batch-size", "--dp-size", "--data-parallel-size", "--ep-size", "--expert-parallel-size", "--ep",
            "--load-balance-method", "--nnodes", "--node-rank", "--dist-init-addr", "--nccl-init-addr", "--nccl-port", "--dist-timeout", "--moe-dp-size", "--moe-dense-tp-size",
            "--moe-a2a-backend", "--moe-runner-backend", "--attention-backend", "--base-gpu-id", "--gpu-id-step",
        ],
        switches:
        [
            "--trust-remote-code", "--skip-tokenizer-init", "--skip-server-warmup", "--enable-metrics", "--enable-metrics-for-all-schedulers", "--enable-cache-report", "--log-requests",
            "--disable-radix-cache", "--disable-overlap-schedule", "--disable-chunked-prefix-cache", "--enable-mixed-chunk", "--enable-dp-attention", "--enable-dp-lm-head", "--enable-p2p-check",
            "--enable-fp32-lm-head", "--sleep-on-idle", "--enable-strict-thinking", "--strip-thinking-cache", "--allow-auto-truncate", "--use-ray", "--enable-symm-mem",
        ]);

    private static FrozenDictionary<string, bool> Table(string[] valued, string[] switches) =>
        valued.Select(name => KeyValuePair.Create(name, true)).Concat(switches.Select(name => KeyValuePair.Create(name, false))).ToFrozenDictionary(StringComparer.Ordinal);
}
