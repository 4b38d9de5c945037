using System.Runtime.CompilerServices;
using System.Text.Json;
using Distill.Inference.Fleet;

namespace Distill.Inference.Endpoints;

/// <summary>A server that speaks OpenAI's chat completions: vLLM, SGLang, llama-server, OpenAI, DeepSeek, Azure and others. Always streamed.</summary>
internal sealed class OpenAIEngine : IEngine
{
    private readonly FleetOptions _options;
    private readonly EndpointAddress _address;
    private readonly EngineHttp _http;

    /// <summary>Makes the engine; connects to nothing yet.</summary>
    /// <exception cref="Runs.InputException">The address cannot be used.</exception>
    public OpenAIEngine(EndpointOptions endpoint, FleetOptions options)
    {
        _options = options;
        _address = EndpointAddress.Parse(endpoint.Url);
        Dialect = endpoint.Dialect != EngineDialect.Auto ? endpoint.Dialect : EngineDialects.OfHost(_address.Base.Host) ?? EngineDialect.Auto;
        _http = new EngineHttp(_address, options, endpoint.Key ?? options.Key, Dialect == EngineDialect.Azure) { OneRequestPerConnection = Dialect.ClosesConnections() };
    }

    /// <summary>What it speaks, as far as it is known.</summary>
    public EngineDialect Dialect { get; private set; }

    /// <inheritdoc/>
    public string Name => _address.ToString();

    /// <inheritdoc/>
    public bool CanContinue => Dialect.CanContinue();

    /// <inheritdoc/>
    public async Task<EngineFacts> ProbeAsync(CancellationToken cancellation)
    {
        // Azure's lists name what could be deployed, not what is.
        if (Dialect == EngineDialect.Azure) return new(Dialect, null, null);
        using HttpRequestMessage message = _http.CreateMessage(HttpMethod.Get, _address.Of("/models"));
        List<ServedModel>? models = null;
        try
        {
            using HttpResponseMessage reply = await _http.SendAsync(message, cancellation);
            if (Dialect == EngineDialect.Auto && reply.Headers.Server.ToString().Contains("llama.cpp", StringComparison.OrdinalIgnoreCase)) Dialect = EngineDialect.LlamaServer;
            models = ServedModel.Read(await EngineHttp.ReadAsync(reply, cancellation));
        }
        catch (EndpointFault fault) when (fault.Code == "not_found" || fault.Message.StartsWith("status 501", StringComparison.Ordinal))
        {
            // no such list: the first completion will tell
        }
        if (Dialect == EngineDialect.Auto && models?.Select(model => EngineDialects.OfOwner(model.Owner)).FirstOrDefault(found => found is not null) is { } owner) Dialect = owner;
        _http.OneRequestPerConnection = Dialect.ClosesConnections();
        return new(Dialect, models?.ConvertAll(model => model.Id), await SlotsAsync(cancellation));
    }

    /// <inheritdoc/>
    public async Task<EngineLoad?> LoadAsync(CancellationToken cancellation) =>
        Dialect is EngineDialect.Vllm or EngineDialect.Sglang or EngineDialect.LlamaServer
        && await _http.AskAsync(HttpMethod.Get, _address.Root + "/metrics", cancellation) is { } metrics ? EngineMetrics.Read(metrics) : null;

    /// <inheritdoc/>
    public async IAsyncEnumerable<EngineEvent> StreamAsync(EngineCall call, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using HttpRequestMessage message = _http.CreateMessage(HttpMethod.Post, _address.Of("/chat/completions"), ChatRequestBody.Write(_options.Model, call, Dialect));
        message.Headers.TryAddWithoutValidation("X-Request-Id", $"{call.Id}-{call.Attempt}");
        using HttpResponseMessage reply = await _http.SendAsync(message, cancellation);
        yield return new EngineEvent(EngineEventKind.Accepted);
        await using Stream stream = await reply.Content.ReadAsStreamAsync(cancellation);
        using EventBody body = BodyOf(reply, stream);
        while (await body.ReadAsync(cancellation))
            while (body.TryTake(out EngineEvent taken)) yield return taken;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private static EventBody BodyOf(HttpResponseMessage reply, Stream stream) => (reply.Content.Headers.ContentType?.MediaType ?? "") switch
    {
        "text/event-stream" => new SseBody(stream, new OpenAIPiece()),
        "text/html" => throw new EndpointFault(FaultKind.Fatal, "not_an_endpoint", "the server answers with a web page") { Hint = "check --endpoint: it usually ends in /v1" },
        _ => new MessageBody(stream, new OpenAIPiece()),
    };

    private async Task<int?> SlotsAsync(CancellationToken cancellation)
    {
        (string? path, string field) = Dialect switch
        {
            EngineDialect.LlamaServer => ("/props", "total_slots"),
            EngineDialect.Sglang => ("/get_server_info", "max_running_requests"),
            _ => (null, ""),
        };
        if (path is null || await _http.AskAsync(HttpMethod.Get, _address.Root + path, cancellation) is not { } json) return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.TryGetProperty(field, out JsonElement slots) && slots.TryGetInt32(out int count) && count > 0 ? count : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
