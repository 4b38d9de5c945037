using System.Text.Json;
using Distill.Inference.Endpoints;
using Xunit;

namespace Distill.Tests.Teacher;

/// <summary>What a batch service sends back may be larger than memory.</summary>
[Collection(nameof(AloneCollection))]
public sealed class BatchOutputMemoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ALargeFileIsReadInBoundedMemory()
    {
        using JsonDocument request = JsonDocument.Parse("""{"custom_id":"p0-0","body":{"model":"m","seed":3,"messages":[{"role":"user","content":"Compute 1+1."}]}}""");
        string text = new('x', 100_000);
        string line = BatchService.Completed(request.RootElement, change: body => body["choices"]![0]!["message"]!["reasoning_content"] = $"a {text}") + "\n";
        using (StreamWriter file = File.CreateText(_folder["out.jsonl"]))
            for (int i = 0; i < 500; i++) file.Write(line); // 50 MB
        long most = 0;
        int lines = 0;
        await foreach (BatchLine one in BatchOutput.ReadAsync(_folder["out.jsonl"], CancellationToken.None))
        {
            Assert.NotNull(one.Reply);
            if (++lines % 100 == 0) most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true));
        }
        Assert.Equal(500, lines);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Assert.True(most - before < 10 << 20, $"{(most - before) >> 20} MB");
    }
}
