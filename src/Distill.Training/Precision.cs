namespace Distill.Training;

/// <summary>How the matrices that are trained are kept. Products are computed, and gradients summed, in 32-bit floats; so are norms and biases kept.</summary>
public enum Precision
{
    /// <summary>32 bits.</summary>
    Float32,

    /// <summary>16 bits, which the model computes with, and 32-bit originals, which the updates are made on: 4 bytes a value together.</summary>
    BFloat16,

    /// <summary>16 bits alone: an update is computed in 32 bits and rounded at random, right on average. 2 bytes a value.</summary>
    BFloat16Stochastic,
}
