using System.Net;
using System.Net.Sockets;

namespace Distill.CliTests;

/// <summary>Ports for servers that are told theirs before they listen.</summary>
internal static class FreePort
{
    // Below those that the system gives to connections and listeners that ask for any: nobody takes it in between by chance.
    private const int First = 10_000, Count = 20_000;

    private static int _next = Environment.ProcessId * 97;

    /// <summary>A port that no other test of this process gets, and on which nobody listens.</summary>
    public static int Take()
    {
        while (true)
        {
            int port = First + (int)((uint)Interlocked.Increment(ref _next) % Count);
            using var probe = new TcpListener(IPAddress.Loopback, port);
            try
            {
                probe.Start();
                return port;
            }
            catch (SocketException) { } // somebody's
        }
    }
}
