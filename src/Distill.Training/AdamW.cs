using Distill.Models;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>AdamW over flat parameters. Source: Loshchilov and Hutter, arXiv:1711.05101.</summary>
public sealed class AdamW : IDisposable
{
    private const double Epsilon = 1e-8;

    private readonly FlatParameters _parameters;
    private readonly TrainOptions _options;

    /// <summary>Starts with moments of zero.</summary>
    public AdamW(FlatParameters parameters, TrainOptions options)
    {
        (_parameters, _options) = (parameters, options);
        Mean = zeros_like(parameters.Values);
        Variance = zeros_like(parameters.Values);
    }

    /// <summary>First moment, <c>[count]</c>.</summary>
    public Tensor Mean { get; }

    /// <summary>Second moment, <c>[count]</c>.</summary>
    public Tensor Variance { get; }

    /// <summary>Updates the parameters from their gradients.</summary>
    /// <param name="step">Number of this update, from 1.</param>
    /// <param name="learningRate">Learning rate of this update.</param>
    public void Step(int step, double learningRate)
    {
        using var scope = NewDisposeScope();
        Tensor number = tensor((float)step, device: _parameters.Values.device);
        long matrices = _parameters.MatrixCount, rest = _parameters.Values.numel() - matrices;
        Update(0, matrices, _options.WeightDecay);
        Update(matrices, rest, 0);

        void Update(long start, long length, double weightDecay) => Aten.FusedAdamW(
            _parameters.Values.narrow(0, start, length), _parameters.Gradients.narrow(0, start, length),
            Mean.narrow(0, start, length), Variance.narrow(0, start, length), number,
            learningRate, _options.Beta1, _options.Beta2, weightDecay, Epsilon);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Mean.Dispose();
        Variance.Dispose();
    }
}
