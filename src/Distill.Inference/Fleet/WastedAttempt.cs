namespace Distill.Inference.Fleet;

/// <summary>An attempt that came to nothing after the engine had produced text.</summary>
/// <param name="RequestId">The request.</param>
/// <param name="Endpoint">Where.</param>
/// <param name="Reason">Short code in snake_case.</param>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CompletionTokens">Tokens that were thrown away, estimated where the engine did not say.</param>
public sealed record WastedAttempt(string RequestId, string Endpoint, string Reason, int PromptTokens, int CompletionTokens);
