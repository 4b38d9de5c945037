using System.Net;
using System.Text;
using Xunit;

namespace Distill.CliTests;

/// <summary>An endpoint that refuses the key: an exit code of its own, one line, and the key appears nowhere.</summary>
public sealed class EndpointKeyTests : IDisposable
{
    private const string Key = "sk-secret-0123456789";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, "0")]
    [InlineData(true, "1")] // the key of one endpoint; and everything that is known of the error is printed
    public void ARefusedKeyIsNeverPrinted(bool ofOneEndpoint, string debug)
    {
        _folder.Write("p.jsonl", """{"prompt":"Compute 1+1.","answer":"2"}""" + "\n");
        string keyFile = _folder["key.txt"];
        var (url, server) = Refusing();
        using (server)
        {
            if (ofOneEndpoint) File.WriteAllText(keyFile, Key);
            using CliProcess process = CliProcess.Start(_folder.Path, [],
                ["teacher-gen", "--prompts", "p.jsonl", "--endpoint", ofOneEndpoint ? $"{url},key-file={keyFile}" : url, "--model", "m", "--out", "out"],
                ("DISTILL_API_KEY", ofOneEndpoint ? "" : Key), ("DISTILL_DEBUG", debug));
            CliResult result = process.Wait();

            Assert.Equal(3, result.ExitCode);
            Assert.Single(result.Error.Split('\n'), line => line.StartsWith("error: ", StringComparison.Ordinal));
            Assert.Contains("hint: ", result.Error);
            if (debug == "0") Assert.DoesNotContain("   at ", result.Error);
            Assert.DoesNotContain(Key, result.Output + result.Error);
            File.Delete(keyFile);
            Assert.DoesNotContain(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories), file => File.ReadAllText(file).Contains(Key, StringComparison.Ordinal));
        }
    }

    // Servers echo what they refuse.
    private static (string Url, HttpListener Server) Refusing()
    {
        int port = FreePort.Take();
        var listener = new HttpListener();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        _ = Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    HttpListenerContext context = await listener.GetContextAsync();
                    context.Response.StatusCode = 401;
                    context.Response.ContentType = "application/json";
                    context.Response.Close(Encoding.UTF8.GetBytes($$$"""{"error":{"message":"Incorrect API key provided: {{{context.Request.Headers["Authorization"]}}}","type":"authentication_error"}}"""), willBlock: true);
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // the test is over
            }
        });
        return ($"http://127.0.0.1:{port}/v1", listener);
    }
}
