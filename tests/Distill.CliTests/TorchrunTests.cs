using Xunit;

namespace Distill.CliTests;

/// <summary>Training handed to another engine. A script that answers to the name torchrun and leaves what TRL leaves stands in for it: there is no GPU here.</summary>
public sealed class TorchrunTests : IClassFixture<ModelErrorTests.TrainedModel>, IDisposable
{
    private const string StandIn = """
        #!/usr/bin/env bash
        set -e
        grep -q '^max_steps: 3$' sft.yaml
        model="$(sed -n 's/^model_name_or_path: "\(.*\)"$/\1/p' sft.yaml)"
        if [ ! -e tried ]; then touch tried; mkdir -p output/checkpoint-1; echo "CUDA out of memory" >&2; exit 1; fi
        case "$*" in *"train.py --config sft.yaml") test -f train.py -a -d output/checkpoint-1;; *) echo "runs something else" >&2; exit 1;; esac
        cp "$model"/config.json "$model"/model.safetensors output/
        echo '{"tokenizer": "rewritten by the engine"}' > output/tokenizer.json
        for step in 1 2 3; do echo "{'loss': 0.$((9 - step)), 'grad_norm': 1.0, 'learning_rate': 1e-05, 'epoch': $step}"; done
        mkdir -p output/checkpoint-3
        echo '{"log_history": [{"step": 1, "loss": 0.8, "learning_rate": 1e-5}, {"step": 2, "loss": 0.7}, {"step": 3, "loss": 0.6}, {"step": 3, "train_runtime": 5}]}' > output/checkpoint-3/trainer_state.json
        """;

    private readonly ModelErrorTests.TrainedModel _trained;
    private readonly TemporaryFolder _folder = new();

    public TorchrunTests(ModelErrorTests.TrainedModel trained)
    {
        _trained = trained;
        _folder.Write("bin/torchrun", StandIn);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder["bin/torchrun"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ALocalJobIsFollowedResumedAndTakenBack()
    {
        CliResult first = Train("local");
        Assert.Equal(1, first.ExitCode);
        Assert.Contains("torchrun ended with code 1", first.Error, StringComparison.Ordinal);
        Assert.Contains("CUDA out of memory", File.ReadAllText(_folder["o/torchrun/torchrun.log"]), StringComparison.Ordinal);

        CliResult second = Train("local");
        Assert.True(second.ExitCode == 0, second.Error);
        Assert.Equal(3, File.ReadLines(_folder["o/metrics.jsonl"]).Count());
        Assert.Equal(File.ReadAllBytes(Path.Combine(_trained.Model, "tokenizer.json")), File.ReadAllBytes(_folder["o/model/tokenizer.json"])); // ours
        Assert.Equal(0, CliProcess.Run(_folder.Path, "export", "--model", "o/model", "--gguf", "F16", "--out", "e").ExitCode);
    }

    [Fact]
    public void AClusterJobWaitsAndIsThenTakenBack()
    {
        CliResult written = Train("slurm");
        Assert.Equal(4, written.ExitCode);
        Assert.Contains("sbatch job.slurm", written.Error, StringComparison.Ordinal);

        _folder.Write("o/torchrun/tried", "");
        _folder.Write("o/torchrun/output/checkpoint-1/x", "");
        using (CliProcess cluster = CliProcess.StartProgram(_folder.Path, "bash", ["o/torchrun/launch.sh"], ("PATH", WithStandIn))) Assert.Equal(0, cluster.Wait().ExitCode);

        CliResult taken = Train("slurm");
        Assert.True(taken.ExitCode == 0, taken.Error);
        Assert.True(File.Exists(_folder["o/model/model.safetensors"]));
    }

    private string WithStandIn => _folder["bin"] + ":" + Environment.GetEnvironmentVariable("PATH");

    private CliResult Train(string launcher)
    {
        using CliProcess process = CliProcess.Start(_folder.Path, [],
            ["train", "--engine", "torchrun", "--launcher", launcher, "--student", _trained.Model, "--data", _trained.Dataset, "--max-steps", "3", "--batch-size", "8", "--gpus-per-node", "2", "--out", "o"],
            ("PATH", WithStandIn));
        return process.Wait();
    }
}
