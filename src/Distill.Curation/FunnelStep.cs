namespace Distill.Curation;

/// <summary>One reason for which traces were dropped.</summary>
/// <param name="Reason">Name of the reason, e.g. <c>truncated</c>.</param>
/// <param name="Dropped">Traces dropped for it.</param>
/// <param name="Tokens">Their completion tokens.</param>
/// <param name="Remaining">Traces left after it.</param>
public sealed record FunnelStep(string Reason, long Dropped, long Tokens, long Remaining);
