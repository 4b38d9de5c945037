using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Distill.PeerTests;

/// <summary>
/// A server over llama.cpp in a process of its own: the real llama-server when <c>DISTILL_LLAMA_SERVER</c> names it, else
/// <c>peers/llamaServer.mjs</c>, which serves through the same library.
/// </summary>
internal sealed class LlamaServer : IAsyncDisposable
{
    private readonly Process _process;

    private LlamaServer(Process process, int port) => (_process, Url) = (process, $"http://127.0.0.1:{port}/v1");

    public string Url { get; }

    public static async Task<LlamaServer> StartAsync(string model, int slots)
    {
        if (Environment.GetEnvironmentVariable("DISTILL_LLAMA_SERVER") is { Length: > 0 } program) return await StartRealAsync(program, model, slots);
        string package = await NodePeer.PackageFileAsync("node-llama-cpp", "package.json"); // installs it if need be
        Process process = Start("node", Path.Combine("peers", "llamaServer.mjs"), model, slots.ToString());
        string? line = await process.StandardOutput.ReadLineAsync();
        if (line is null) throw new InvalidOperationException($"{package}: the server ended: {await process.StandardError.ReadToEndAsync()}");
        return new LlamaServer(process, JsonDocument.Parse(line).RootElement.GetProperty("port").GetInt32());
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task<LlamaServer> StartRealAsync(string program, string model, int slots)
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        int port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        Process process = Start(program, "-m", model, "--port", port.ToString(), "-np", slots.ToString(), "-c", (512 * slots).ToString(), "-t", "1", "-a", "tiny-r1", "--jinja", "--no-context-shift");
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        for (int attempt = 0; attempt < 300; attempt++)
        {
            await Task.Delay(100);
            try
            {
                if ((await client.GetAsync($"http://127.0.0.1:{port}/health")).IsSuccessStatusCode) return new LlamaServer(process, port);
            }
            catch (HttpRequestException) { }
        }
        process.Kill();
        throw new InvalidOperationException($"{program} does not answer");
    }

    private static Process Start(string program, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        WorkingDirectory = NodePeer.ProjectFolder,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
