using System.Globalization;

namespace Distill.Serving;

/// <summary>A Ray cluster by hand: the same script on every machine, numbered by <c>NODE_RANK</c>. vLLM then places its workers itself.</summary>
internal static class RayScript
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "ray.sh";

    private const int Port = 6379;

    /// <summary>Writes it.</summary>
    public static string Of(ServePlan plan) => string.Create(CultureInfo.InvariantCulture, $$"""
        #!/usr/bin/env bash
        # On every machine: HEAD_ADDRESS=<address of the first> NODE_RANK=<0, 1, ...> ./ray.sh
        # On a Ray cluster that runs: ray job submit --address http://<head>:8265 --working-dir . -- bash launch.sh
        set -euo pipefail
        cd "$(dirname "${BASH_SOURCE[0]}")"
        : "${HEAD_ADDRESS:?set HEAD_ADDRESS to the address of the first machine}"
        export NODE_RANK="${NODE_RANK:-0}"
        if [ "$NODE_RANK" != 0 ]; then
          exec ray start --address "$HEAD_ADDRESS:{{Port}}" --num-gpus {{plan.Topology.GpusPerNode}} --block
        fi
        ray start --head --node-ip-address "$HEAD_ADDRESS" --port {{Port}} --num-gpus {{plan.Topology.GpusPerNode}}
        trap 'rm -f endpoints/0.url; ray stop' EXIT
        until [ "$(python3 -c 'import ray; ray.init(address="auto", log_to_driver=False); print(int(ray.cluster_resources().get("GPU", 0)))')" -ge {{plan.Topology.Gpus}} ]; do
          echo "waiting for {{plan.Topology.Gpus}} accelerators"
          sleep 10
        done
        url="http://$HEAD_ADDRESS:{{plan.Port}}/v1"
        mkdir -p endpoints logs
        bash launch.sh >>logs/engine.log 2>&1 &
        engine=$!
        if python3 ready.py "$url" {{ShellText.Quote(plan.ServedName)}} {{plan.Options.ReadyMinutes}} "$engine"; then
          printf '%s\n' "$url" >endpoints/0.partial
          mv endpoints/0.partial endpoints/0.url
          echo "ready at $url"
        else
          kill "$engine" 2>/dev/null || true
        fi
        wait "$engine"

        """);
}
