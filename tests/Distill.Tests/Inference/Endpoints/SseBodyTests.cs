using System.Text;
using Distill.Inference.Endpoints;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Inference.Endpoints;

public sealed class SseBodyTests
{
    /// <summary>However the bytes arrive, the events are the same.</summary>
    [Fact]
    public async Task RandomCutsChangeNothing()
    {
        string stream = "\uFEFFevent: message\r\n: keep-alive\r\n\r\n"
            + ScriptedServer.Delta("reasoning", "zwölf mal 三") + "data: {\"choices\":[{\"delta\":\r\ndata: {\"content\":\"🎉 \"}}]}\r\n\r\n"
            + ScriptedServer.Delta("content", "4").Replace("\n\n", "\r\r", StringComparison.Ordinal) + ScriptedServer.Finish("stop") + ScriptedServer.Usage(7, 9) + ScriptedServer.Done;
        byte[] bytes = Encoding.UTF8.GetBytes(stream);
        string expected = await ReadAsync(bytes, new RandomStream(0), whole: true);
        Assert.Equal("Served:m/ Reasoning:zwölf mal 三 Content:🎉  Content:4 Finish:stop Usage:7+9 Done:", expected);
        for (int seed = 1; seed <= 300; seed++) Assert.Equal(expected, await ReadAsync(bytes, new RandomStream(seed), whole: false));
    }

    private static async Task<string> ReadAsync(byte[] bytes, RandomStream random, bool whole)
    {
        using var body = new SseBody(new CutStream(bytes, whole ? null : random), new OpenAIPiece());
        var events = new List<string>();
        while (await body.ReadAsync(CancellationToken.None))
        {
            while (body.TryTake(out EngineEvent taken))
            {
                events.Add(taken.Kind + ":" + taken.Kind switch
                {
                    EngineEventKind.Reasoning or EngineEventKind.Content => Encoding.UTF8.GetString(taken.Utf8.Span),
                    EngineEventKind.Finish => taken.Text,
                    EngineEventKind.Usage => $"{taken.Usage.Prompt}+{taken.Usage.Completion}",
                    EngineEventKind.Served => $"{taken.Text}/{taken.Fingerprint}",
                    _ => "",
                });
            }
        }
        return string.Join(' ', events);
    }

    private sealed class CutStream(byte[] bytes, RandomStream? random) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(random is null || buffer.Length == 0 ? buffer : buffer[..Math.Min(buffer.Length, random.Next(1, 40))], cancellationToken);
    }
}
