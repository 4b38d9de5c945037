namespace Distill.Verification.Mathematics;

/// <summary>A check went past its budget or past a limit of size; it ends in <see cref="Outcome.Unverifiable"/>. Never leaves this room.</summary>
internal sealed class WorkExceededException : Exception;
