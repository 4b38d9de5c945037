namespace Distill.Inference;

/// <summary>Completions that a model in this process does not finish, because there is no point in it. They end as servers' do: labelled, with what they had.</summary>
public enum EarlyStop
{
    /// <summary>Every one is finished, up to its token limit.</summary>
    Never,

    /// <summary>Those that repeat themselves without end.</summary>
    Loops,

    /// <summary>Those too that have strayed into another script than their prompt's.</summary>
    LoopsAndMixing,
}
