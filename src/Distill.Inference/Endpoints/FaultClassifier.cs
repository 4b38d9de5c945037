using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Distill.Inference.Endpoints;

/// <summary>
/// Tells what a failure means. The HTTP status alone does not: llama-server answers 500 to requests that no retry can
/// mend, and every engine sends errors inside replies of status 200.
/// </summary>
internal static class FaultClassifier
{
    /// <summary>Code of requests that are longer than the server's context.</summary>
    public const string ContextExceeded = "context_exceeded";

    // What engines say when this very request is at fault, whatever the status (llama.cpp b4748, vLLM, SGLang, DeepSeek).
    private static readonly string[] TooLong =
        ["context length", "context size", "context shift is disabled", "is longer than", "token count exceeds", "prompt is too long", "input is too long"];

    private static readonly string[] NeverAccepted =
        ["json.exception", "parse error", "Failed to parse", "Unsupported param", "Only one completion", "Cannot use", "requires logprobs", "is not supported"];

    private static readonly string[] NoMoney = ["insufficient_quota", "insufficient balance", "billing"];

    /// <summary>A reply whose status is not 200.</summary>
    public static EndpointFault OfReply(HttpStatusCode status, ServerError error, TimeSpan? retryAfter)
    {
        if ((int)status is >= 300 and < 400)
            return new EndpointFault(FaultKind.Fatal, "redirected", $"the server answers with a redirect ({(int)status})") { Hint = "give the address that it redirects to" };
        return OfError((int)status, error, retryAfter);
    }

    /// <summary>An error object inside a stream that began well.</summary>
    public static EndpointFault OfStreamError(ServerError error) => OfError(error.Status, error, null);

    /// <summary>A connection that failed.</summary>
    /// <param name="failure">What <see cref="HttpClient"/> or the stream threw.</param>
    /// <param name="replied">Whether the reply had begun.</param>
    public static EndpointFault OfException(Exception failure, bool replied)
    {
        if (failure is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } tls)
            return new EndpointFault(FaultKind.Fatal, "tls", $"no secure connection: {tls.InnerException?.Message ?? tls.Message}", failure);
        if (failure is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError })
            return new EndpointFault(FaultKind.Transient, "unreachable", "the host name is not known", failure);
        if (failure is InvalidDataException or JsonException or System.Text.DecoderFallbackException)
            return new EndpointFault(FaultKind.Transient, "garbled_reply", $"the reply is not understood: {failure.Message}", failure);
        if (replied) return new EndpointFault(FaultKind.Transient, "stream_cut", "the stream was cut before its end", failure);
        if (failure is HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } || IsReset(failure))
            return new EndpointFault(FaultKind.NoReply, "no_reply", "the server closed the connection without a reply", failure);
        return new EndpointFault(FaultKind.Transient, "unreachable", Innermost(failure).Message, failure);
    }

    private static EndpointFault OfError(int status, ServerError error, TimeSpan? retryAfter)
    {
        string said = error.Message.Length > 0 ? error.Message : "(no message)";
        string message = status > 0 ? $"status {status}: {said}" : said;
        // A gateway's or a full server's words ("took too long") are about the moment; only these replies are about the request.
        bool isAboutRequest = status is 0 or 400 or 413 or 422 or 500;
        if (isAboutRequest && Says(error, TooLong))
        {
            return new EndpointFault(FaultKind.Permanent, ContextExceeded, message)
            {
                Context = ContextRoom.Read(error.Message),
                Hint = "prompt and completion must fit into the server's context together: lower --max-tokens, or start the server with a longer context",
            };
        }
        if (Says(error, NoMoney) || status == 402) return Refused("no_credit", message, "the account has no credit left");
        if (status is 401 or 403 || Says(error, ["authentication_error", "invalid_api_key"]))
            return Refused("key_refused", message, "set the environment variable DISTILL_API_KEY (or OPENAI_API_KEY), or name a file with --api-key-file");
        if (status is 404 or 405)
        {
            return new EndpointFault(FaultKind.Fatal, "not_found", message)
            {
                Hint = "check --model against the server's list (GET /models) and that --endpoint ends in /v1",
            };
        }
        if (status is 429 or 503 or 529) return new EndpointFault(FaultKind.Overload, "overloaded", message) { RetryAfter = retryAfter };
        if (isAboutRequest && Says(error, ["logprobs"]))
            return new EndpointFault(FaultKind.Fatal, "logprobs_refused", message) { Hint = "lower --top-logprobs (OpenAI and vLLM give 20 at most unless vLLM was started with --max-logprobs), or leave it out" };
        if (status is 400 or 413 or 422 || (isAboutRequest && (Says(error, NeverAccepted) || error.Type.Contains("invalid_request", StringComparison.Ordinal))))
            return new EndpointFault(FaultKind.Permanent, "request_refused", message);
        if (status is >= 400 and < 500 and not (408 or 409 or 425)) return new EndpointFault(FaultKind.Permanent, "request_refused", message);
        return new EndpointFault(FaultKind.Transient, "server_error", message) { RetryAfter = retryAfter };
    }

    private static EndpointFault Refused(string code, string message, string hint) =>
        new(FaultKind.Fatal, code, message) { Hint = hint, ExitCode = 3 };

    private static bool Says(ServerError error, string[] phrases) =>
        phrases.Any(phrase => error.Message.Contains(phrase, StringComparison.OrdinalIgnoreCase) || error.Type.Contains(phrase, StringComparison.OrdinalIgnoreCase));

    private static bool IsReset(Exception failure) =>
        Innermost(failure) is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.NotConnected };

    private static Exception Innermost(Exception failure) => failure.InnerException is { } inner ? Innermost(inner) : failure;
}
