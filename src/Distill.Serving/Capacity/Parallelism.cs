namespace Distill.Serving;

/// <summary>How a model is divided among the accelerators of a replica.</summary>
public enum Parallelism
{
    /// <summary>What holds most sequences at once.</summary>
    Auto,

    /// <summary>Every matrix is cut over all accelerators. Latent attention has nothing to cut in its cache: each accelerator keeps a copy of it.</summary>
    Tp,

    /// <summary>Every matrix is cut over the accelerators of a machine, the layers over the machines.</summary>
    TpPp,

    /// <summary>Each accelerator computes the attention of its own sequences with a cache of its own; the experts are spread over all.</summary>
    DpEp,
}

/// <summary>What keys and values are kept as.</summary>
public enum KvCacheFormat
{
    /// <summary>16-bit floats.</summary>
    Bf16,

    /// <summary>8-bit floats: twice the tokens.</summary>
    Fp8,
}
