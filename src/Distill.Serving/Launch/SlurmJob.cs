using System.Globalization;

namespace Distill.Serving;

/// <summary>A Slurm job: a replica for every task of its array, started again when it crashes, announced in <c>endpoints/</c> when it has produced a token.</summary>
internal static class SlurmJob
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "job.slurm";

    /// <summary>Writes it.</summary>
    public static string Of(ServePlan plan)
    {
        TeacherServeOptions options = plan.Options;
        string[] directives =
        [
            "job-name=distill-teacher", string.Create(CultureInfo.InvariantCulture, $"nodes={plan.Topology.Nodes}"), "ntasks-per-node=1", string.Create(CultureInfo.InvariantCulture, $"gpus-per-node={plan.Topology.GpusPerNode}"),
            "exclusive", "requeue", "output=slurm-%A_%a.out", string.Create(CultureInfo.InvariantCulture, $"array=0-{options.Replicas - 1}"), .. options.Sbatch,
        ];
        return string.Create(CultureInfo.InvariantCulture, $$"""
            #!/usr/bin/env bash
            {{string.Join("\n", directives.Select(directive => "#SBATCH --" + directive))}}
            set -euo pipefail
            cd "$SLURM_SUBMIT_DIR"
            replica="${SLURM_ARRAY_TASK_ID:-0}"
            HEAD_ADDRESS="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)"
            export HEAD_ADDRESS
            url="http://$HEAD_ADDRESS:{{plan.Port}}/v1"
            mkdir -p endpoints logs
            trap 'rm -f "endpoints/$replica.url"' EXIT
            failures=0 pause={{(int)Math.Ceiling(options.RestartSeconds)}}
            while [ "$failures" -le {{options.MaxRestarts}} ]; do
              started=$SECONDS
              srun --kill-on-bad-exit=1 --output="logs/replica-$replica-node-%n.log" --open-mode=append bash -c 'NODE_RANK="$SLURM_NODEID" exec bash ./launch.sh' &
              engine=$!
              # A token, not a health page: that one answers before the model is there.
              if python3 ready.py "$url" {{ShellText.Quote(plan.ServedName)}} {{options.ReadyMinutes}} "$engine"; then
                printf '%s\n' "$url" >"endpoints/$replica.partial"
                mv "endpoints/$replica.partial" "endpoints/$replica.url"
                echo "ready at $url after $((SECONDS - started)) s"
              else
                kill "$engine" 2>/dev/null || true
              fi
              wait "$engine" || echo "the engine ended with code $?"
              rm -f "endpoints/$replica.url"
              if [ $((SECONDS - started)) -gt 600 ]; then failures=0 pause={{(int)Math.Ceiling(options.RestartSeconds)}}; fi
              failures=$((failures + 1))
              sleep "$pause"
              pause=$((pause * 2 > 300 ? 300 : pause * 2))
            done
            echo "the engine ended $failures times in a row" >&2
            exit 1

            """);
    }
}
