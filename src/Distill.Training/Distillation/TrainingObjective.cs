namespace Distill.Training;

/// <summary>What a student is trained to do. P is the teacher's distribution of the next token, Q the student's.</summary>
public enum TrainingObjective
{
    /// <summary>To give the teacher's token a high probability: ordinary fine-tuning on its completions.</summary>
    CrossEntropy,

    /// <summary>KL(P ‖ Q): to cover all that the teacher holds likely. Source: Hinton and others, arXiv:1503.02531.</summary>
    ForwardKl,

    /// <summary>KL(Q ‖ P): to hold nothing likely that the teacher does not. Source: Gu and others, "MiniLLM", arXiv:2306.08543.</summary>
    ReverseKl,

    /// <summary>The generalized Jensen-Shannon divergence: β·KL(P ‖ M) + (1 − β)·KL(Q ‖ M) with M = βP + (1 − β)Q. Source: Agarwal and others, "On-policy distillation of language models", arXiv:2306.13649.</summary>
    Jsd,

    /// <summary>KL(P ‖ αP + (1 − α)Q): forward KL whose gradient stays bounded. Source: Ko and others, "DistiLLM", arXiv:2402.03898.</summary>
    SkewedKl,

    /// <summary>KL(Q ‖ αQ + (1 − α)P). Source: as <see cref="SkewedKl"/>.</summary>
    SkewedReverseKl,
}

/// <summary>What becomes of the teacher's probability that its likeliest tokens leave over.</summary>
public enum MissingMass
{
    /// <summary>
    /// All other tokens together count as one outcome, for the teacher and for the student: by the data-processing inequality the divergence is a lower
    /// bound of the true one, and it is zero only where the student gives each listed token the teacher's probability.
    /// </summary>
    Other,

    /// <summary>Both distributions are cut to the listed tokens and normalized: nothing is learned about the others.</summary>
    Renormalize,
}
