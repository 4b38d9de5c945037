using Distill.Runs;

namespace Distill.Serving;

/// <summary>What decides the memory of a served model, whether it is planned or started.</summary>
public abstract record ServedModelOptions
{
    /// <summary>Name on the Hugging Face Hub, or model folder.</summary>
    [Option("name on the Hugging Face Hub, or model folder as the serving machines see it")]
    public string Model { get; init; } = ServedModels.Default;

    /// <summary>Longest sequence.</summary>
    [Option("longest sequence, prompt and completion together")]
    public int ContextLength { get; init; } = 32_768;

    /// <summary>What the cache is kept as.</summary>
    [Option("what keys and values are kept as")]
    public KvCacheFormat KvCache { get; init; }

    /// <summary>Share of the memory.</summary>
    [Option("share of an accelerator's memory that the engine may fill")]
    public double MemoryFraction { get; init; } = ReplicaMemory.DefaultFraction;
}
