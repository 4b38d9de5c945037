using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>
/// Divergences between rows of two distributions, with their gradients written out. For a divergence D(P, Q) the gradient is that by
/// log Q with each outcome taken for itself; <see cref="DistillationTargets"/> leads it back to the logits.
/// </summary>
internal static class Divergence
{
    /// <summary>Computes a divergence of each row.</summary>
    /// <param name="loss">Which one.</param>
    /// <param name="logP">Logarithms of the teacher's distribution, <c>[tokens, outcomes]</c>, finite.</param>
    /// <param name="logQ">Logarithms of the student's.</param>
    /// <returns>The divergences, <c>[tokens]</c>, and their gradients by <paramref name="logQ"/>, <c>[tokens, outcomes]</c>.</returns>
    public static (Tensor Values, Tensor Gradient) Of(DistillationLoss loss, Tensor logP, Tensor logQ)
    {
        Tensor p = logP.exp(), q = logQ.exp();
        (Tensor terms, Tensor gradient) = loss.Objective switch
        {
            TrainingObjective.ForwardKl => (p * (logP - logQ), -p),
            TrainingObjective.ReverseKl => (q * (logQ - logP), q * (logQ - logP + 1)),
            TrainingObjective.Jsd => JensenShannon(loss.Mix),
            TrainingObjective.SkewedKl => Skewed(loss.Mix),
            TrainingObjective.SkewedReverseKl => SkewedReverse(loss.Mix),
            _ => throw new ArgumentOutOfRangeException(nameof(loss), loss.Objective, null),
        };
        return (terms.sum(1), gradient);

        // M as a logarithm, so that outcomes of no probability leave no infinities.
        Tensor LogMixture(double ofP) => logaddexp(logP + Math.Log(ofP), logQ + Math.Log(1 - ofP));

        (Tensor, Tensor) JensenShannon(double beta)
        {
            Tensor logM = LogMixture(beta);
            return ((beta * p * (logP - logM)) + ((1 - beta) * q * (logQ - logM)), (1 - beta) * q * (logQ - logM));
        }

        (Tensor, Tensor) Skewed(double alpha)
        {
            Tensor logM = LogMixture(alpha);
            return (p * (logP - logM), (alpha - 1) * (logP + logQ - logM).exp());
        }

        (Tensor, Tensor) SkewedReverse(double alpha)
        {
            Tensor logM = LogMixture(1 - alpha);
            return (q * (logQ - logM), (q * (logQ - logM + 1)) - (alpha * ((2 * logQ) - logM).exp()));
        }
    }
}
