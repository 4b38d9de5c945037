using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Distill.Inference.Fleet;

namespace Distill.Inference.Endpoints;

/// <summary>
/// Ollama by its native protocol: the OpenAI-compatible one cannot set the context length, so that long prompts and
/// completions are cut without a word.
/// </summary>
internal sealed class OllamaEngine : IEngine
{
    // Room for the prompt when the context is sized by the completion.
    private const int PromptRoom = 4096;

    private readonly FleetOptions _options;
    private readonly EndpointAddress _address;
    private readonly EngineHttp _http;
    private volatile bool _cannotThink;

    /// <summary>Makes the engine; connects to nothing yet.</summary>
    /// <exception cref="Runs.InputException">The address cannot be used.</exception>
    public OllamaEngine(EndpointOptions endpoint, FleetOptions options)
    {
        _options = options;
        _address = EndpointAddress.Parse(endpoint.Url);
        _http = new EngineHttp(_address, options, endpoint.Key ?? options.Key);
    }

    /// <inheritdoc/>
    public string Name => _address.Root;

    /// <inheritdoc/>
    public bool CanContinue => true;

    /// <inheritdoc/>
    public async Task<EngineFacts> ProbeAsync(CancellationToken cancellation)
    {
        using HttpRequestMessage message = _http.CreateMessage(HttpMethod.Get, _address.Root + "/api/tags");
        using HttpResponseMessage reply = await _http.SendAsync(message, cancellation);
        return new(EngineDialect.Ollama, ReadNames(await EngineHttp.ReadAsync(reply, cancellation)), null);
    }

    /// <inheritdoc/>
    public Task<EngineLoad?> LoadAsync(CancellationToken cancellation) => Task.FromResult<EngineLoad?>(null);

    /// <inheritdoc/>
    public async IAsyncEnumerable<EngineEvent> StreamAsync(EngineCall call, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using HttpResponseMessage reply = await PostAsync(call, cancellation);
        yield return new EngineEvent(EngineEventKind.Accepted);
        await using Stream stream = await reply.Content.ReadAsStreamAsync(cancellation);
        using var body = new JsonLinesBody(stream, new OllamaPiece());
        while (await body.ReadAsync(cancellation))
            while (body.TryTake(out EngineEvent taken)) yield return taken;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    // Models that cannot think refuse to be asked to; that is no fault of the request.
    private async Task<HttpResponseMessage> PostAsync(EngineCall call, CancellationToken cancellation)
    {
        bool think = !_cannotThink;
        try
        {
            return await PostAsync(call, think, cancellation);
        }
        catch (EndpointFault fault) when (think && fault.Message.Contains("does not support thinking", StringComparison.OrdinalIgnoreCase))
        {
            _cannotThink = true;
            return await PostAsync(call, think: false, cancellation);
        }
    }

    private async Task<HttpResponseMessage> PostAsync(EngineCall call, bool think, CancellationToken cancellation)
    {
        using HttpRequestMessage message = _http.CreateMessage(HttpMethod.Post, _address.Root + "/api/chat", Write(call, think));
        return await _http.SendAsync(message, cancellation);
    }

    private byte[] Write(EngineCall call, bool think)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, ChatRequestBody.Options))
        {
            json.WriteStartObject();
            json.WriteString("model"u8, _options.Model);
            ChatRequestBody.WriteMessages(json, call);
            json.WriteBoolean("stream"u8, true);
            if (think) json.WriteBoolean("think"u8, true);
            json.WriteBoolean("truncate"u8, false); // a prompt that does not fit is an error, not half a prompt
            json.WriteBoolean("shift"u8, false);
            json.WriteNumber("keep_alive"u8, -1);
            json.WriteStartObject("options"u8);
            json.WriteNumber("num_ctx"u8, _options.ContextLength ?? (call.Sampling.MaxTokens + PromptRoom));
            json.WriteNumber("num_predict"u8, call.Sampling.MaxTokens);
            json.WriteNumber("temperature"u8, call.Sampling.Temperature);
            json.WriteNumber("top_p"u8, call.Sampling.TopP);
            json.WriteNumber("top_k"u8, call.Sampling.TopK); // 0 is no limit here too
            json.WriteNumber("seed"u8, call.Sampling.Seed & int.MaxValue);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static List<string>? ReadNames(byte[] json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (!document.RootElement.TryGetProperty("models", out JsonElement models)) return null;
            // `name` alone means its latest tag
            return [.. models.EnumerateArray().Select(model => model.GetProperty("name").ToString())
                .SelectMany(name => name.EndsWith(":latest", StringComparison.Ordinal) ? new[] { name, name[..^":latest".Length] } : [name])];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }
}
