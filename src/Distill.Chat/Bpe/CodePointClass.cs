using System.Globalization;

namespace Distill.Chat;

/// <summary>The Unicode classes that split patterns ask about.</summary>
[Flags]
internal enum CodePointClass : byte
{
    None = 0,
    Letter = 1,
    Number = 2,
    Mark = 4,
    PunctuationOrSymbol = 8,
    Space = 16,
    LineBreak = 32,

    /// <summary>SurrogateHalf of a pair: the class is that of the pair.</summary>
    SurrogateHalf = 64,
}

/// <summary>Walks UTF-16 text by code points, as the patterns mean it, and classifies them.</summary>
internal static class CodePoints
{
    private static readonly CodePointClass[] BasicPlane = BuildBasicPlane();

    /// <summary>Class of the code point at <paramref name="index"/> and its length in UTF-16 units.</summary>
    public static CodePointClass ClassAt(ReadOnlySpan<char> text, int index, out int length)
    {
        char unit = text[index];
        if (char.IsHighSurrogate(unit) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
        {
            length = 2;
            return Classify(char.ConvertToUtf32(unit, text[index + 1]));
        }
        length = 1;
        return BasicPlane[unit];
    }

    /// <summary>First position from <paramref name="index"/> on whose code point has none of <paramref name="classes"/>.</summary>
    public static int SkipRun(ReadOnlySpan<char> text, int index, CodePointClass classes)
    {
        while (index < text.Length)
        {
            CodePointClass own = BasicPlane[text[index]];
            int length = 1;
            if (own == CodePointClass.SurrogateHalf) own = ClassAt(text, index, out length);
            if ((own & classes) == 0) break;
            index += length;
        }
        return index;
    }

    /// <summary>First position from <paramref name="index"/> on whose code point has one of <paramref name="classes"/>, else the end.</summary>
    public static int Find(ReadOnlySpan<char> text, int index, CodePointClass classes)
    {
        while (index < text.Length)
        {
            CodePointClass own = BasicPlane[text[index]];
            int length = 1;
            if (own == CodePointClass.SurrogateHalf) own = ClassAt(text, index, out length);
            if ((own & classes) != 0) break;
            index += length;
        }
        return index;
    }

    private static CodePointClass[] BuildBasicPlane()
    {
        var classes = new CodePointClass[0x10000];
        for (int unit = 0; unit < classes.Length; unit++) classes[unit] = Classify(unit);
        return classes;
    }

    private static CodePointClass Classify(int codePoint)
    {
        if (codePoint is >= 0xD800 and <= 0xDFFF) return CodePointClass.SurrogateHalf;
        CodePointClass result = CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
        {
            <= UnicodeCategory.OtherLetter => CodePointClass.Letter,
            <= UnicodeCategory.EnclosingMark => CodePointClass.Mark,
            <= UnicodeCategory.OtherNumber => CodePointClass.Number,
            >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherSymbol => CodePointClass.PunctuationOrSymbol,
            _ => CodePointClass.None,
        };
        if (codePoint <= char.MaxValue && char.IsWhiteSpace((char)codePoint)) result |= CodePointClass.Space;
        if (codePoint is '\r' or '\n') result |= CodePointClass.LineBreak;
        return result;
    }
}
