using Distill.Chat;
using Distill.Prompts;
using Distill.Verification;

namespace Distill.Traces;

/// <summary>A stored rollout: prompt, completion and verdict, with everything needed to tell where it came from.</summary>
public sealed record Trace
{
    /// <summary>Rollout id: content hash of prompt, teacher, sampling and sample index. Unique in a trace store.</summary>
    public required string Id { get; init; }

    /// <summary>The problem.</summary>
    public required Prompt Prompt { get; init; }

    /// <summary>Index of this sample among its prompt's samples, from 0.</summary>
    public required int SampleIndex { get; init; }

    /// <summary>Identity of the teacher, e.g. <c>tiny-r1@3fa9c1</c> or <c>deepseek-r1@http://host:8000/v1</c>.</summary>
    public required string Teacher { get; init; }

    /// <summary>How tokens were drawn.</summary>
    public required SamplingOptions Sampling { get; init; }

    /// <summary>What the teacher produced.</summary>
    public required Completion Completion { get; init; }

    /// <summary>The judgement.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>A second judgement by a language model or by the data set's own judge, or null; never mixed into <see cref="Verdict"/>.</summary>
    public Verdict? JudgeVerdict { get; init; }

    /// <summary>Seconds from request to last token; 0 where a batch shares its time.</summary>
    public double Seconds { get; init; }
}
