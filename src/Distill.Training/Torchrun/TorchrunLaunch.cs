namespace Distill.Training;

/// <summary>What starts the other engine: a program, the script that runs it, and what a cluster's scheduler needs to start that script on every node.</summary>
internal static class TorchrunLaunch
{
    /// <summary>
    /// The program that torchrun runs. The engine's own script always begins anew and passes over settings that it does not know; this one goes on from the newest
    /// checkpoint that is whole, and refuses those.
    /// </summary>
    public const string Program = """
        # Supervised fine-tuning by trl with the settings of sft.yaml, from the newest whole checkpoint in its output folder.
        import os
        import re

        from datasets import load_dataset
        from trl import ModelConfig, ScriptArguments, SFTConfig, SFTTrainer, TrlParser


        def newest_checkpoint(folder):
            # The trainer writes its state last: without it a checkpoint was not finished.
            names = os.listdir(folder) if os.path.isdir(folder) else []
            steps = [int(name.split("-")[1]) for name in names
                     if re.fullmatch(r"checkpoint-\d+", name) and os.path.isfile(os.path.join(folder, name, "trainer_state.json"))]
            return os.path.join(folder, f"checkpoint-{max(steps)}") if steps else None


        script, training, model = TrlParser((ScriptArguments, SFTConfig, ModelConfig)).parse_args_and_config()
        training.model_init_kwargs = {"dtype": model.dtype, "attn_implementation": model.attn_implementation}
        trainer = SFTTrainer(
            model=model.model_name_or_path,
            args=training,
            train_dataset=load_dataset(script.dataset_name, split=script.dataset_train_split),
        )
        trainer.train(resume_from_checkpoint=newest_checkpoint(training.output_dir))
        trainer.save_model(training.output_dir)

        """;

    /// <summary>The script of one node. The variables <c>NODES</c>, <c>NODE_RANK</c>, <c>MASTER_ADDR</c> and <c>MASTER_PORT</c> place it among the others.</summary>
    public static string Script(TrainOptions options) => $$"""
        #!/usr/bin/env bash
        # One node of the training: the exact tokens in data/, the settings in sft.yaml. train.py goes on from the newest checkpoint in output/.
        set -euo pipefail
        cd "$(dirname "${BASH_SOURCE[0]}")"
        torchrun --nnodes "${NODES:-{{options.Nodes}}}" --nproc-per-node {{options.GpusPerNode}} --node-rank "${NODE_RANK:-0}" \
          --rdzv-backend c10d --rdzv-id distill --rdzv-endpoint "${MASTER_ADDR:-127.0.0.1}:${MASTER_PORT:-29500}" \
          train.py --config sft.yaml
        if [ "${NODE_RANK:-0}" = 0 ]; then touch output/finished; fi

        """;

    /// <summary>A Slurm job: <c>sbatch job.slurm</c>.</summary>
    public static string Slurm(TrainOptions options) => $$"""
        #!/usr/bin/env bash
        #SBATCH --job-name=distill-train
        #SBATCH --nodes={{options.Nodes}}
        #SBATCH --ntasks-per-node=1
        #SBATCH --gpus-per-node={{options.GpusPerNode}}
        #SBATCH --exclusive
        #SBATCH --requeue
        #SBATCH --output=slurm-%j.out
        set -euo pipefail
        cd "$SLURM_SUBMIT_DIR"
        export NODES="$SLURM_JOB_NUM_NODES" MASTER_PORT=29500
        MASTER_ADDR="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)"
        export MASTER_ADDR
        srun --kill-on-bad-exit=1 bash -c 'NODE_RANK="$SLURM_NODEID" exec ./launch.sh'

        """;

    /// <summary>A Kubernetes Job with one pod per node and the headless service that they find each other by: <c>kubectl apply -f job.yaml</c>.</summary>
    public static string Kubernetes(TrainOptions options) => $$"""
        # The claim `distill-train` holds this folder; the image has what requirements.txt names.
        apiVersion: v1
        kind: Service
        metadata:
          name: distill-train
        spec:
          clusterIP: None
          selector:
            job-name: distill-train
        ---
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: distill-train
        spec:
          completionMode: Indexed
          completions: {{options.Nodes}}
          parallelism: {{options.Nodes}}
          backoffLimit: 6
          template:
            spec:
              subdomain: distill-train
              restartPolicy: OnFailure
              containers:
                - name: train
                  image: distill-train:latest
                  command: ["bash", "-c", "NODE_RANK=$JOB_COMPLETION_INDEX exec /run/distill/launch.sh"]
                  env:
                    - { name: NODES, value: "{{options.Nodes}}" }
                    - { name: MASTER_ADDR, value: distill-train-0.distill-train }
                  resources:
                    limits: { nvidia.com/gpu: {{options.GpusPerNode}} }
                  volumeMounts:
                    - { name: run, mountPath: /run/distill }
                    - { name: shared-memory, mountPath: /dev/shm }
              volumes:
                - name: run
                  persistentVolumeClaim: { claimName: distill-train }
                - name: shared-memory
                  emptyDir: { medium: Memory }

        """;
}
