using System.Text.Json;
using Distill.Chat;
using Distill.Inference.Fleet;
using Distill.Runs;

namespace Distill.Inference.Endpoints;

/// <summary>What a reply of a batch is worth.</summary>
/// <param name="Completed">The completion, or the request that no engine will ever complete; null when it is to be asked for again.</param>
/// <param name="Reason">Short code in snake_case of the failure, or null.</param>
/// <param name="Message">What happened, for the user, or null.</param>
/// <param name="PromptTokens">Tokens of the prompt that were paid for.</param>
/// <param name="CompletionTokens">Tokens of the completion that were paid for.</param>
public readonly record struct BatchResult(CompletedRequest? Completed, string? Reason, string? Message, int PromptTokens, int CompletionTokens)
{
    /// <summary>Whether no engine will ever complete it.</summary>
    public bool IsRefused => Completed is not null && Reason is not null && Completed.Completion.EndState == EndState.Failed;
}

/// <summary>
/// Judges the replies of a batch as the fleet judges its streams: a reply counts only with a finish reason, a usage that fits, and
/// undamaged text, from one and the same model.
/// </summary>
public sealed class BatchGate
{
    /// <summary>What stands in the traces where a server's address would stand.</summary>
    public const string Origin = "batch";

    private readonly PromptTokenCounts _prompts = new();
    private string? _model;

    /// <summary>Judges a reply.</summary>
    /// <param name="reply">The reply.</param>
    /// <param name="request">What was asked for.</param>
    /// <exception cref="InputException">Another model answers than before.</exception>
    public BatchResult Judge(BatchReply reply, CompletionRequest request)
    {
        var assembly = new CompletionAssembly(new EngineCall(request.Id, 1, request.Messages, request.Sampling));
        try
        {
            if (reply.Fault() is { } reported) throw reported;
            Read(reply.Body, assembly);
            Completion completion = assembly.Finish();
            _prompts.Check(request, completion.PromptTokens);
            Recognize(assembly.Model);
            string? failure = CompletionQuality.FailureOf(completion);
            return new(new CompletedRequest(request, completion with { Origin = OriginOf(assembly) }, 0, failure), failure, null, assembly.PromptTokens, assembly.CompletionTokens);
        }
        catch (EndpointFault fault)
        {
            int prompt = assembly.PromptTokens, tokens = assembly.TextBytes == 0 ? 0 : assembly.CompletionTokens;
            CompletedRequest? refused = fault.Kind == FaultKind.Permanent
                ? new CompletedRequest(request, assembly.Fail() with { Origin = OriginOf(assembly) }, 0, fault.Code) : null;
            return new(refused, fault.Code, fault.Hint is null ? fault.Message : $"{fault.Message} ({fault.Hint})", prompt, tokens);
        }
    }

    private static void Read(byte[]? body, CompletionAssembly assembly)
    {
        var piece = new OpenAIPiece();
        try
        {
            piece.Read(body);
        }
        catch (JsonException e)
        {
            throw FaultClassifier.OfException(e, replied: true);
        }
        if (piece.Error is { } error) throw FaultClassifier.OfStreamError(error);
        while (piece.TryTake(out EngineEvent taken)) assembly.Add(taken);
        assembly.Add(new EngineEvent(EngineEventKind.Done));
    }

    private void Recognize(string? model)
    {
        if (model is null) return;
        if (_model is { } before && before != model)
        {
            throw new InputException($"the batch's model changed from `{before}` to `{model}`",
                "traces of two teachers must not mix: what came before is stored; take the results of the other model into another output folder");
        }
        _model = model;
    }

    private static CompletionOrigin OriginOf(CompletionAssembly assembly) => new()
    {
        Endpoint = Origin,
        Model = assembly.Model ?? "",
        Fingerprint = assembly.Fingerprint ?? "",
        CachedTokens = assembly.CachedTokens,
    };
}
