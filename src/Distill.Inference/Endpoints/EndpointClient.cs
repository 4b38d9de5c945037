using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Distill.Chat;

namespace Distill.Inference.Endpoints;

/// <summary>Talks to one server: a single attempt at a time, no retries, every failure told apart.</summary>
internal sealed class EndpointClient : IDisposable
{
    private const int MostErrorBytes = 64 << 10;

    private readonly EndpointOptions _options;
    private readonly HttpClient _client;
    private string? _servedModel;

    /// <summary>Makes a client; connects to nothing yet.</summary>
    public EndpointClient(EndpointOptions options)
    {
        _options = options;
        Url = EndpointAddress.Parse(options.Url);
        _client = new HttpClient(CreateHandler(options, Url)) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("distill", null));
    }

    /// <summary>Base address.</summary>
    public Uri Url { get; }

    /// <summary>
    /// Whether each request gets a connection of its own. llama-server closes connections after each streamed reply
    /// without saying so: of pooled requests half would fail.
    /// </summary>
    public bool OneRequestPerConnection { get; set; }

    /// <summary>Completes one request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="attempt">Number of the attempt from 1, for the server's log.</param>
    /// <param name="onText">Receives text as it arrives, or null.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="EndpointFault">No complete completion came.</exception>
    public async Task<Completion> CompleteAsync(CompletionRequest request, int attempt, Action<string>? onText, CancellationToken cancellation)
    {
        using var watch = new IdleWatch(_options.Time, _options.QueueTimeout, _options.IdleTimeout, cancellation);
        var assembly = new CompletionAssembly(request.Sampling.MaxTokens, onText);
        bool replied = false;
        try
        {
            using HttpRequestMessage message = CreateMessage(HttpMethod.Post, "/chat/completions");
            message.Headers.TryAddWithoutValidation("X-Request-Id", $"{request.Id}-{attempt}");
            message.Content = new ByteArrayContent(ChatRequestBody.Write(_options.Model, request));
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using HttpResponseMessage reply = await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, watch.Token);
            replied = true;
            await ThrowIfRefusedAsync(reply, watch.Token);
            await ReadBodyAsync(reply, assembly, watch);
        }
        catch (OperationCanceledException e) when (watch.Expired && !cancellation.IsCancellationRequested)
        {
            throw new EndpointFault(FaultKind.Transient, "no_progress", $"no text for {watch.Limit.TotalSeconds:0.#} s", e) { Partial = assembly };
        }
        catch (Exception e) when (e is IOException or HttpRequestException && assembly.HasEnd) { } // closed a moment too early
        catch (Exception e) when (e is IOException or HttpRequestException or JsonException or InvalidDataException)
        {
            EndpointFault fault = FaultClassifier.OfException(e, replied);
            fault.Partial = assembly;
            throw fault;
        }
        catch (EndpointFault fault)
        {
            fault.Partial = assembly;
            throw;
        }
        return Accept(assembly);
    }

    /// <summary>Asks for the list of models; null when the server has no such list.</summary>
    /// <exception cref="EndpointFault">The server cannot be reached or refuses the key.</exception>
    public async Task<IReadOnlyList<string>?> ListModelsAsync(CancellationToken cancellation)
    {
        bool replied = false;
        using var patience = new CancellationTokenSource(_options.IdleTimeout, _options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            using HttpRequestMessage message = CreateMessage(HttpMethod.Get, "/models");
            using HttpResponseMessage reply = await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, linked.Token);
            replied = true;
            OneRequestPerConnection = reply.Headers.Server.ToString().Contains("llama.cpp", StringComparison.OrdinalIgnoreCase);
            if (reply.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented) return null;
            await ThrowIfRefusedAsync(reply, linked.Token);
            return ReadModels(await ReadAsync(reply, linked.Token));
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new EndpointFault(FaultKind.Transient, "unreachable", $"no reply within {_options.IdleTimeout.TotalSeconds:0.#} s", e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw FaultClassifier.OfException(e, replied);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static SocketsHttpHandler CreateHandler(EndpointOptions options, Uri url) => new()
    {
        ConnectTimeout = options.ConnectTimeout,
        MaxConnectionsPerServer = options.Concurrency + 1,
        // uvicorn (vLLM, SGLang) closes idle connections after 5 s without saying so; never be later than it.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2),
        AllowAutoRedirect = false, // a redirected POST becomes a GET, and the key would follow it to another host
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = !url.IsLoopback,
    };

    private static async Task ReadBodyAsync(HttpResponseMessage reply, CompletionAssembly assembly, IdleWatch watch)
    {
        await using Stream body = await reply.Content.ReadAsStreamAsync(watch.Token);
        string type = reply.Content.Headers.ContentType?.MediaType ?? "";
        switch (type)
        {
            case "text/event-stream":
                await ChatStream.ReadEventsAsync(body, assembly, watch.Text, watch.Token);
                break;
            case "text/html":
                throw new EndpointFault(FaultKind.Fatal, "not_an_endpoint", "the server answers with a web page") { Hint = "check --endpoint: it usually ends in /v1" };
            default:
                await ChatStream.ReadMessageAsync(body, assembly, watch.Text, watch.Token);
                break;
        }
    }

    private HttpRequestMessage CreateMessage(HttpMethod method, string path)
    {
        var message = new HttpRequestMessage(method, Url + path) { Version = HttpVersion.Version11 };
        if (OneRequestPerConnection) message.Headers.ConnectionClose = true;
        _options.Key?.Authorize(message);
        return message;
    }

    private async Task ThrowIfRefusedAsync(HttpResponseMessage reply, CancellationToken cancellation)
    {
        if (reply.StatusCode == HttpStatusCode.OK) return;
        ServerError error = ServerError.Read(await ReadAsync(reply, cancellation));
        throw FaultClassifier.OfReply(reply.StatusCode, error, RetryAfter(reply));
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage reply, CancellationToken cancellation)
    {
        await using Stream body = await reply.Content.ReadAsStreamAsync(cancellation);
        return await ChatStream.ReadBodyAsync(body, MostErrorBytes, cancellation);
    }

    private TimeSpan? RetryAfter(HttpResponseMessage reply)
    {
        RetryConditionHeaderValue? header = reply.Headers.RetryAfter;
        TimeSpan? wait = header?.Delta ?? (header?.Date is { } date ? date - _options.Time.GetUtcNow() : null);
        return wait > TimeSpan.Zero ? wait : null;
    }

    private Completion Accept(CompletionAssembly assembly)
    {
        Completion completion;
        try
        {
            completion = assembly.Finish();
        }
        catch (EndpointFault fault)
        {
            fault.Partial = assembly;
            throw;
        }
        if (assembly.Model is { } model && Interlocked.CompareExchange(ref _servedModel, model, null) is { } before && before != model)
        {
            throw new EndpointFault(FaultKind.Fatal, "model_changed", $"the server's model changed from `{before}` to `{model}` during the run")
            {
                Hint = "traces of two teachers must not mix: run with the new model in another output folder",
            };
        }
        return completion;
    }

    private static List<string>? ReadModels(byte[] json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("data", out JsonElement data) || data.ValueKind != JsonValueKind.Array) return null;
            return [.. data.EnumerateArray()
                .Select(model => model.ValueKind == JsonValueKind.Object && model.TryGetProperty("id", out JsonElement id) ? id.ToString() : "")
                .Where(id => id.Length > 0)];
        }
        catch (JsonException)
        {
            return null; // no list in OpenAI's shape: the first completion will tell
        }
    }
}
