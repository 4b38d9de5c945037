using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Distill.Benchmarks;

/// <summary>
/// An engine that computes nothing and sends every stream a token each 50 ms, with the moment of sending as its text. One thread
/// writes to all sockets, so that it takes little of the machine that it shares with what is measured.
/// </summary>
internal static class PacedServer
{
    /// <summary>Milliseconds between two tokens of a stream.</summary>
    public const int Beat = 50;

    private static readonly byte[] Head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"u8.ToArray();
    private static readonly byte[] Models = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n{\"data\":[{\"id\":\"m\"}]}\r\n");

    public static async Task RunAsync(int tokens, int perChunk)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(2000);
        Console.WriteLine(((IPEndPoint)listener.LocalEndpoint).Port);
        var slots = new List<Stream>[Beat];
        for (int i = 0; i < Beat; i++) slots[i] = [];
        new Thread(() => Pace(slots, tokens, perChunk)) { IsBackground = true }.Start();
        for (int number = 0; ; number++)
        {
            Socket socket = await listener.AcceptSocketAsync();
            socket.NoDelay = true;
            int slot = number % Beat;
            _ = Task.Run(async () =>
            {
                byte[] request = new byte[4096];
                while (await socket.ReceiveAsync(request) is > 0 and var read)
                {
                    if (request.AsSpan(0, read).StartsWith("GET"u8))
                    {
                        await socket.SendAsync(Models);
                        continue;
                    }
                    await socket.SendAsync(Head);
                    lock (slots) slots[slot].Add(new Stream(socket));
                    return;
                }
            });
        }
    }

    private static void Pace(List<Stream>[] slots, int tokens, int perChunk)
    {
        long start = Stopwatch.GetTimestamp();
        for (long tick = 0; ; tick++)
        {
            while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < tick) Thread.Sleep(1);
            Stream[] due;
            lock (slots) due = [.. slots[tick % Beat]];
            if (tick / Beat % perChunk != 0) continue;
            foreach (Stream stream in due)
                if (!Send(stream, tokens, perChunk)) lock (slots) slots[tick % Beat].Remove(stream);
        }
    }

    private static bool Send(Stream stream, int tokens, int perChunk)
    {
        stream.Sent += perChunk;
        string chunk = Chunk(perChunk);
        if (stream.Sent >= tokens)
        {
            chunk += """data: {"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n"
                + $$$"""data: {"model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":{{{tokens}}}}}""" + "\n\ndata: [DONE]\n\n";
        }
        try
        {
            stream.Socket.Send(Encoding.ASCII.GetBytes(chunk));
            if (stream.Sent < tokens) return true;
            stream.Socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException) { } // the client is gone
        return false;
    }

    /// <summary>Bytes of one chunk.</summary>
    public static int ChunkBytes(int perChunk) => Chunk(perChunk).Length;

    private static string Chunk(int perChunk)
    {
        string text = $"{Stopwatch.GetTimestamp() / 100_000} {(perChunk == 1 ? "" : new string('.', 4 * (perChunk - 1)))}";
        return $$"""data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"{{text}}"},"finish_reason":null}]}""" + "\n\n";
    }

    private sealed class Stream(Socket socket)
    {
        public Socket Socket => socket;

        public int Sent { get; set; }
    }
}
