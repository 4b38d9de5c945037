using System.Text;
using System.Text.Json;

namespace Distill.Tests.Chat;

/// <summary>Damages a JSON document: mostly a value where it stands, so that it stays JSON, sometimes bytes.</summary>
/// <param name="document">The document.</param>
/// <param name="random">Seeded.</param>
/// <param name="focus">Most values that are changed stand in front of this position.</param>
internal sealed class JsonMutation(byte[] document, Random random, int focus)
{
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "1", "-1", "255", "256", "65535", "70000", "4000000", "2147483648", "1e400", "1.5", "-0", "\"\"", "\" \"", "\"a\"", "\"a b\"", "\"a b c\"", "\"<think>\"", "\"Ġ\"", "\"Ā\"",
        "\"\\ud800\"", "\"\\u0000\"", "\"日本\"", "\"\\uD83D\\uDE00\"", "[]", "{}", "[[]]", "[\"a\",\"b\"]", "[0]", "{\"type\":\"ByteLevel\"}", "{\"type\":\"Sequence\",\"pretokenizers\":[]}", "{\"type\":\"NFC\"}", "{\"type\":\"Digits\"}",
        "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a+)+$\"},\"behavior\":\"Isolated\",\"invert\":false}", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a*)*b|(a|aa)+c\"},\"behavior\":\"Contiguous\"}",
        "{\"type\":\"Split\",\"pattern\":{\"String\":\"\"},\"behavior\":\"Removed\"}", "{\"type\":\"ByteLevel\",\"add_prefix_space\":true}", "{\"Regex\":\"[\"}", "{\"Regex\":\"(?=a)\"}", "{\"String\":\"a\"}", "\"Sequence\"", "\"Isolated\"", "\"MergedWithNext\"", "\"BPE\"",
    ];

    /// <summary>A damaged copy.</summary>
    public byte[] Next()
    {
        byte[] result = document;
        for (int edits = random.Next(1, 4); edits > 0; edits--) result = random.Next(5) == 0 ? EditBytes(result) : EditValue(result);
        return result;
    }

    private byte[] EditValue(byte[] bytes)
    {
        List<Range> places = Places(bytes);
        if (places.Count < 2) return EditBytes(bytes);
        int most = random.Next(5) > 0 ? Math.Max(1, places.FindLastIndex(range => range.Start.Value < focus)) : places.Count;
        Range place = places[random.Next(most)];
        if (bytes[place] is [(byte)'t' or (byte)'f', ..] flag && random.Next(2) == 0) return Replace(bytes, place, flag[0] == 't' ? "false"u8.ToArray() : "true"u8.ToArray());
        return random.Next(4) switch
        {
            0 => Replace(bytes, place, bytes[places[random.Next(places.Count)]]),
            1 => Replace(bytes, place, [.. bytes[place], (byte)',', .. bytes[place]]),
            _ => Replace(bytes, place, Encoding.UTF8.GetBytes(Values[random.Next(Values.Length)])),
        };
    }

    private byte[] EditBytes(byte[] bytes)
    {
        if (bytes.Length == 0) return [(byte)'{'];
        int at = random.Next(bytes.Length), length = Math.Min(random.Next(1, 40), bytes.Length - at);
        return random.Next(4) switch
        {
            0 => Replace(bytes, at..(at + 1), [(byte)random.Next(256)]),
            1 => Replace(bytes, at..(at + length), []),
            2 => Replace(bytes, at..at, bytes[at..(at + length)]),
            _ => bytes[..at],
        };
    }

    private static byte[] Replace(byte[] bytes, Range place, byte[] by)
    {
        (int offset, int length) = place.GetOffsetAndLength(bytes.Length);
        return [.. bytes.AsSpan(0, offset), .. by, .. bytes.AsSpan(offset + length)];
    }

    // Where the values and names of the document stand; of a damaged one, those in front of the damage.
    private static List<Range> Places(byte[] bytes)
    {
        var places = new List<Range>();
        var open = new Stack<int>();
        var reader = new Utf8JsonReader(bytes);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject) open.Push((int)reader.TokenStartIndex);
                else if (reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject) places.Add(open.Pop()..(int)reader.BytesConsumed);
                else places.Add((int)reader.TokenStartIndex..(reader.TokenType == JsonTokenType.PropertyName ? (int)reader.TokenStartIndex + reader.ValueSpan.Length + 2 : (int)reader.BytesConsumed));
            }
        }
        catch (JsonException)
        {
            // Byte edits leave something that is no JSON any more.
        }
        return places;
    }
}
