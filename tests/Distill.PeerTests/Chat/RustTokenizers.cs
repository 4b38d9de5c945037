using System.Text;

namespace Distill.PeerTests.Chat;

/// <summary>Hugging Face's Rust tokenizers, run in Node over many texts at once.</summary>
internal static class RustTokenizers
{
    /// <summary>Ids of every text, and the text they decode to without special tokens.</summary>
    /// <param name="tokenizerFile">A tokenizer.json.</param>
    /// <param name="texts">The texts; half surrogate pairs may occur.</param>
    /// <param name="addSpecialTokens">Whether the post-processor's tokens are added.</param>
    public static async Task<IReadOnlyList<(int[] Ids, string Text)>> EncodeAsync(string tokenizerFile, IReadOnlyList<string> texts, bool addSpecialTokens = false)
    {
        string folder = Directory.CreateTempSubdirectory("distill-rust-").FullName;
        try
        {
            string textFile = Path.Combine(folder, "texts.jsonl"), answerFile = Path.Combine(folder, "answer.bin");
            await WriteTextsAsync(textFile, texts);
            await NodePeer.RunAsync("tokenizers", [], null, [tokenizerFile, textFile, answerFile, addSpecialTokens ? "special" : ""]);
            return ReadAnswers(answerFile, texts.Count);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Writes one JSON text per line. Half surrogate pairs stay what they are, which .NET's own writer does not allow.</summary>
    public static async Task WriteTextsAsync(string file, IEnumerable<string> texts)
    {
        await using var writer = new StreamWriter(file, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        var line = new StringBuilder();
        foreach (string text in texts)
        {
            line.Clear().Append('"');
            foreach (char c in text)
            {
                if (c is < ' ' or '"' or '\\' || char.IsSurrogate(c)) line.Append($"\\u{(int)c:x4}");
                else line.Append(c);
            }
            await writer.WriteAsync(line.Append("\"\n"));
        }
    }

    private static List<(int[] Ids, string Text)> ReadAnswers(string file, int count)
    {
        using var reader = new BinaryReader(File.OpenRead(file));
        var answers = new List<(int[], string)>(count);
        for (int i = 0; i < count; i++)
        {
            var ids = new int[reader.ReadInt32()];
            for (int j = 0; j < ids.Length; j++) ids[j] = reader.ReadInt32();
            answers.Add((ids, Encoding.UTF8.GetString(reader.ReadBytes(reader.ReadInt32()))));
        }
        return answers;
    }
}
