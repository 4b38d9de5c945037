namespace Distill.Training;

/// <summary>What trains.</summary>
public enum TrainingEngine
{
    /// <summary>This process.</summary>
    InProcess,

    /// <summary>TRL over DeepSpeed or FSDP, started by torchrun: several GPUs, several machines.</summary>
    Torchrun,
}

/// <summary>What starts a training beyond this process.</summary>
public enum Launcher
{
    /// <summary>Distill itself, on this machine.</summary>
    Local,

    /// <summary>A Slurm cluster, by <c>sbatch</c>.</summary>
    Slurm,

    /// <summary>A Kubernetes cluster, by <c>kubectl apply</c>.</summary>
    Kubernetes,
}

/// <summary>How torchrun's GPUs divide the model.</summary>
public enum Sharding
{
    /// <summary>DeepSpeed ZeRO, stage 3.</summary>
    Zero3,

    /// <summary>PyTorch's fully sharded data parallel, version 2.</summary>
    Fsdp,
}
