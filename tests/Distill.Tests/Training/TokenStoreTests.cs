using System.Buffers.Binary;
using Distill.Training;
using Xunit;

namespace Distill.Tests.Training;

public sealed class TokenStoreTests : IDisposable
{
    private static readonly TrainingSample[] Samples =
        [new((int[])[1, 2, 3], 1, "a"), new(Array.Empty<int>(), 0, ""), new((int[])[.. Enumerable.Range(0, 1000)], 999, "trace ü"),
            new((int[])[5, 6, 7], 2, "distilled") { Teacher = new(3, (int[])[6, 8, -1], (Half[])[(Half)(-0.5), (Half)(-2), Half.MinValue]) }];

    private readonly TemporaryFolder _folder = new();

    private string File => _folder["t.tokens"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WhatIsWrittenIsReadBack()
    {
        TokenStore.Write(File, Samples);
        using TokenStore store = TokenStore.Open(File)!;
        Assert.Equal(1006, store.TokenCount);
        Assert.Equal(Samples.Select(Text), store.Samples.Select(Text));

        static string Text(TrainingSample sample) => $"{sample.Id}:{sample.PromptLength}:{string.Join(',', sample.Tokens.ToArray())}"
            + (sample.Teacher is { } teacher ? $":{teacher.Width}:{string.Join(',', teacher.Tokens.ToArray())}:{string.Join(',', teacher.LogProbabilities.ToArray())}" : "");
    }

    [Fact]
    public void ACutFileIsNotAStore()
    {
        TokenStore.Write(File, Samples);
        byte[] whole = System.IO.File.ReadAllBytes(File);
        foreach (int length in (int[])[0, 1, 23, 24, whole.Length / 2, whole.Length - 1])
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);
            Assert.Null(TokenStore.Open(File));
        }
    }

    [Fact]
    public void AChangedByteNeverLeadsOutsideTheFile()
    {
        TokenStore.Write(File, Samples);
        byte[] whole = System.IO.File.ReadAllBytes(File);
        for (int i = (1006 + 3 + 2) * sizeof(int); i < whole.Length; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= 0x80;
            System.IO.File.WriteAllBytes(File, changed);
            using TokenStore? store = TokenStore.Open(File);
            Assert.True(store is null || store.Samples.Sum(sample => sample.Tokens.Span.Length) == 1006, $"byte {i}");
        }
    }

    [Theory]
    [InlineData(4, 4)]    // a prompt longer than its sample
    [InlineData(4, -1)]
    [InlineData(16, -1)]  // an id whose length has no end
    public void ADamagedEntryIsNotAStore(int offset, int value)
    {
        TokenStore.Write(File, Samples);
        byte[] changed = System.IO.File.ReadAllBytes(File);
        BinaryPrimitives.WriteInt32LittleEndian(changed.AsSpan(((1006 + 3 + 2) * sizeof(int)) + offset), value);
        if (offset == 16) changed[((1006 + 3 + 2) * sizeof(int)) + offset + 4] = 0xFF;
        System.IO.File.WriteAllBytes(File, changed);
        Assert.Null(TokenStore.Open(File));
    }

    [Fact]
    public void NoFileIsNotAStore() => Assert.Null(TokenStore.Open(File));
}
