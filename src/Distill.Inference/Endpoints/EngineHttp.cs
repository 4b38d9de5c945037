using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Distill.Inference.Fleet;

namespace Distill.Inference.Endpoints;

/// <summary>HTTP as engines need it: every failure told apart, no redirects, no limit on the whole.</summary>
internal sealed class EngineHttp : IDisposable
{
    private const int MostErrorBytes = 64 << 10;
    private const int MostConnections = 100_000;
    private static readonly TimeSpan SideQuestionPatience = TimeSpan.FromSeconds(10);

    // .NET's own switch, read when the first socket is made.
    private const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    private readonly FleetOptions _options;
    private readonly HttpClient _client;
    private readonly ApiKey? _key;
    private readonly bool _azure;

    // A thousand streams of small chunks: each is read and put away in a few microseconds, less than it takes to wake another
    // thread for it. So the threads that poll the sockets do it themselves, and whatever takes longer leaves them first.
    static EngineHttp()
    {
        if (Environment.GetEnvironmentVariable(InlineCompletions) is null) Environment.SetEnvironmentVariable(InlineCompletions, "1");
    }

    /// <summary>Makes a client; connects to nothing yet.</summary>
    /// <param name="address">The server.</param>
    /// <param name="options">How patiently it is asked.</param>
    /// <param name="key">The key, where it asks for one.</param>
    /// <param name="azure">Whether the key goes into Azure's own header.</param>
    public EngineHttp(EndpointAddress address, FleetOptions options, ApiKey? key, bool azure = false)
    {
        (_options, _key, _azure) = (options, key, azure);
        _client = new HttpClient(CreateHandler(address.Base)) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("distill", null));
    }

    /// <summary>Whether each request gets a connection of its own.</summary>
    public bool OneRequestPerConnection { get; set; }

    /// <summary>Makes a request.</summary>
    public HttpRequestMessage CreateMessage(HttpMethod method, string address, byte[]? body = null)
    {
        var message = new HttpRequestMessage(method, address) { Version = HttpVersion.Version11 };
        if (OneRequestPerConnection) message.Headers.ConnectionClose = true;
        _key?.Authorize(message, _azure);
        if (body is null) return message;
        message.Content = new ByteArrayContent(body);
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return message;
    }

    /// <summary>Sends a request and waits for the head of the reply.</summary>
    /// <exception cref="EndpointFault">No reply came, or one that is not 200.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken cancellation)
    {
        HttpResponseMessage? reply = null;
        try
        {
            reply = await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (reply.StatusCode == HttpStatusCode.OK) return reply;
            ServerError error = ServerError.Read(await ReadAsync(reply, cancellation));
            throw FaultClassifier.OfReply(reply.StatusCode, error, RetryAfter(reply));
        }
        catch (Exception e)
        {
            reply?.Dispose();
            if (IsBroken(e)) throw FaultClassifier.OfException(e, replied: reply is not null);
            // .NET tells the end of ConnectTimeout like a cancellation of its own
            if (e is OperationCanceledException && !cancellation.IsCancellationRequested)
                throw new EndpointFault(FaultKind.Transient, "unreachable", $"no connection within {_options.ConnectTimeout.TotalSeconds:0.#} s", e);
            throw;
        }
    }

    /// <summary>Asks a small question beside the completions; null for any reply but 200, and for none.</summary>
    public async Task<byte[]?> AskAsync(HttpMethod method, string address, CancellationToken cancellation, byte[]? body = null)
    {
        using var patience = new CancellationTokenSource(SideQuestionPatience, _options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            using HttpRequestMessage message = CreateMessage(method, address, body);
            using HttpResponseMessage reply = await SendAsync(message, linked.Token);
            return await ReadAsync(reply, linked.Token, most: 4 << 20);
        }
        catch (Exception e) when (e is EndpointFault || IsBroken(e) || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Reads a small body.</summary>
    public static async Task<byte[]> ReadAsync(HttpResponseMessage reply, CancellationToken cancellation, int most = MostErrorBytes)
    {
        await using Stream body = await reply.Content.ReadAsStreamAsync(cancellation);
        return await EventBody.ReadWholeAsync(body, most, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <summary>Whether the exception tells a broken connection, or that what it carries is not understood.</summary>
    /// <remarks><see cref="SocketException"/> itself is what .NET's handler throws for a connection that is reset the moment it stands.</remarks>
    public static bool IsBroken(Exception e) => e is IOException or HttpRequestException or SocketException or JsonException or InvalidDataException;

    private SocketsHttpHandler CreateHandler(Uri url) => new()
    {
        ConnectTimeout = _options.ConnectTimeout,
        MaxConnectionsPerServer = MostConnections, // the fleet limits what is under way
        // uvicorn (vLLM, SGLang) closes idle connections after 5 s without saying so; never be later than it.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2),
        // A name that comes to mean another machine is noticed with the next connections.
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        AllowAutoRedirect = false, // a redirected POST becomes a GET, and the key would follow it to another host
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = !url.IsLoopback,
    };

    private TimeSpan? RetryAfter(HttpResponseMessage reply)
    {
        RetryConditionHeaderValue? header = reply.Headers.RetryAfter;
        TimeSpan? wait = header?.Delta ?? (header?.Date is { } date ? date - _options.Time.GetUtcNow() : null);
        return wait > TimeSpan.Zero ? wait : null;
    }
}
