using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Distill.Tests.Inference.Endpoints;

/// <summary>A request as the scripted server received it.</summary>
internal sealed record ReceivedRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body, int Number)
{
    /// <summary>Whether it is the one token by which the client looks whether the server lives.</summary>
    public bool IsCanary => Headers.GetValueOrDefault("X-Request-Id", "").StartsWith("canary-", StringComparison.Ordinal);

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;
}

/// <summary>
/// An engine on a loopback socket that answers byte for byte as the test says: <c>script</c> gets each chat request and
/// writes to the socket itself; when it returns the connection is closed.
/// </summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<ReceivedRequest, Stream, Task> _script;
    private readonly List<ReceivedRequest> _requests = [];
    private readonly Task _accepting;

    public ScriptedServer(Func<ReceivedRequest, Stream, Task> script, IPEndPoint? address = null)
    {
        _listener = new TcpListener(address ?? new IPEndPoint(IPAddress.Loopback, 0));
        _script = script;
        _listener.Start();
        Address = (IPEndPoint)_listener.LocalEndpoint;
        Url = $"http://{Address}/v1";
        _accepting = AcceptAsync();
    }

    public string Url { get; }

    public IPEndPoint Address { get; }

    /// <summary>Reply to <c>GET /models</c>.</summary>
    public string ModelsReply { get; init; } = Reply(200, """{"object":"list","data":[{"id":"m"}]}""");

    /// <summary>Replies to other questions, by the end of their path.</summary>
    public Dictionary<string, string> OtherReplies { get; } = [];

    /// <summary>Chat requests so far.</summary>
    public IReadOnlyList<ReceivedRequest> Requests
    {
        get
        {
            lock (_requests) return [.. _requests];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    /// <summary>A whole reply with a length. A refusal says that the connection ends with it: a client that kept it for the next request could meet its end instead of an answer.</summary>
    public static string Reply(int status, string body, string headers = "", string type = "application/json") =>
        $"HTTP/1.1 {status} Status\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{(status >= 400 ? "Connection: close\r\n" : "")}{headers}\r\n{body}";

    /// <summary>The head of a stream that ends with its connection.</summary>
    public static string StreamHead => "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n";

    public static string Delta(string field, string text) =>
        $$"""data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"{{field}}":{{JsonSerializer.Serialize(text)}}},"finish_reason":null}]}""" + "\n\n";

    public static string Finish(string? reason) =>
        $$"""data: {"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":{{JsonSerializer.Serialize(reason)}}}]}""" + "\n\n";

    public static string Usage(int prompt, int completion) =>
        $$$"""data: {"object":"chat.completion.chunk","model":"m","choices":[],"usage":{"prompt_tokens":{{{prompt}}},"completion_tokens":{{{completion}}}}}""" + "\n\n";

    public const string Done = "data: [DONE]\n\n";

    /// <summary>A good stream of R1's shape as servers without a reasoning parser send it.</summary>
    public static string GoodStream(string reasoning = "two and two", string answer = "\\boxed{4}") =>
        StreamHead + Delta("content", reasoning) + Delta("content", "\n</think>\n\n") + Delta("content", answer) + Finish("stop") + Usage(7, 9) + Done;

    /// <summary>Cuts the connection as a dying process does: what the client has not read is lost.</summary>
    public static void Reset(Stream stream)
    {
        Socket socket = ((NetworkStream)stream).Socket;
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    public static Task Send(Stream stream, string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                serving.Add(Task.Run(() => ServeAsync(client)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException) { } // whichever the listener notices first; "not listening" between two connections is the last
        await Task.WhenAll(serving);
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            client.NoDelay = true;
            try
            {
                NetworkStream stream = client.GetStream();
                while (await ReadAsync(stream) is { } request)
                {
                    if (request.Path.EndsWith("/models", StringComparison.Ordinal))
                    {
                        await Send(stream, ModelsReply);
                        continue;
                    }
                    if (request.Method == "GET")
                    {
                        await Send(stream, OtherReplies.FirstOrDefault(other => request.Path.EndsWith(other.Key, StringComparison.Ordinal)).Value ?? Reply(404, "{}"));
                        continue;
                    }
                    await _script(request, stream).WaitAsync(_stop.Token);
                    client.Client.Shutdown(SocketShutdown.Send);
                    return;
                }
            }
            catch (IOException) { } // the client hung up, as some tests make it do
            catch (SocketException) { }
            catch (ObjectDisposedException) { } // reset by the script
            catch (OperationCanceledException) { }
        }
    }

    private async Task<ReceivedRequest?> ReadAsync(NetworkStream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (!(head.Count >= 4 && head[^1] == '\n' && head[^3] == '\n'))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0) return null;
            head.Add(one[0]);
        }
        string[] lines = Encoding.ASCII.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, string> headers = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);
        byte[] body = new byte[headers.TryGetValue("Content-Length", out string? length) ? int.Parse(length) : 0];
        await stream.ReadExactlyAsync(body, _stop.Token);
        string[] first = lines[0].Split(' ');
        lock (_requests)
        {
            var request = new ReceivedRequest(first[0], first[1], headers, body, _requests.Count + 1);
            if (first[0] == "POST") _requests.Add(request);
            return request;
        }
    }
}
