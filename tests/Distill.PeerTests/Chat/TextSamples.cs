using System.Text;

namespace Distill.PeerTests.Chat;

/// <summary>Texts that try a tokenizer: hand-picked traps, and any number of seeded mixtures of every kind of text that has ever broken one.</summary>
internal static class TextSamples
{
    private static readonly string[] Traps =
    [
        "", " ", "  ", "\n", "\r\n", "\n\n\n", " \n ", "\t\t x", "a  b   c    d", "trailing   ", "\u00a0\u3000\u2003x", "\u0085next line", "\u2028\u2029",
        "I'm you're he'S WE'VE they'LL I'D 'tis isn't 'ſ 'ſt it'ſ", "'", "''", "'s's's", "don’t",
        "0", "12", "123", "1234", "1234567890", "3.14159", "1,234,567", "٣٤٥٦", "四五六", "½⅓²³", "Ⅷ", "𝟘𝟙𝟚𝟛𝟜", "१२३४५",
        "hello", "Hello, world!", "HELLO", "naïve café", "cafe\u0301", "e\u0301e\u0301", "\u0301", "a\u0301\u0302\u0303", "Ångström \u212B", "ﬁnance ﬂow", "ĳ ǆ",
        "日本語のテキスト", "你好，世界！", "한국어", "\u1112\u1161\u11ab", "ภาษาไทย", "हिन्दी", "العربية", "עברית", "Ελληνικά", "Русский", "𠮷野家", "𝒳𝓎𝓏", "𐐷𐐷",
        "😀", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "👍🏽", "☕️", "😀😀 😀a", "🤷‍♂️!", "\u200b\u200d\ufeff", "\u0000\u0001\u001f", "\u007f\u0080", "\ufffd", "\U000E0041",
        "def f(x):\n    return x ** 2  # square\n", "for (int i = 0; i < n; i++) { a[i] += b[i]; }", "<div class=\"x\">&nbsp;</div>", "SELECT * FROM t WHERE a='b';",
        "if x:\n\ty = 1\n\n\n\telse:\n", "$\\frac{a}{b} = \\boxed{42}$", "\\begin{align}x^2&=y\\\\\\end{align}", "\\(\\sqrt[3]{27}\\)", "$$\\int_0^1 x\\,dx$$",
        "http://example.org/a?b=c&d=%20#e", "user@example.org", "C:\\Temp\\x.txt", "--flag=value -x", "!!!???...", "---", "===>", "«»„“”", "—–-", "…", "€5 £6 ¥7",
        "<|endoftext|>", "<|im_start|>user\nhi<|im_end|>", "<think>\nso\n</think>\n\nanswer", "<｜begin▁of▁sentence｜>x<｜User｜>y<｜Assistant｜>", "<｜end▁of▁sentence｜>",
        "<|begin_of_text|><|eot_id|>", "<|im_start", "<think", "</think", "<|not_a_token|>", "< think >", " <think> ", "\n</think>\n\n", "<tool_call>{}</tool_call>", "<｜fim▁hole｜>",
        "Compute 37*46+158-29.", "x=1;y=2", "a1b2c3", "1a2b", "snake_case_name", "camelCaseName", "ALLCAPS123", "x²+y²", "10%", "#1", "@me", "_x_", "a_b", "1st", "1'000", "5'6\"",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ⅰⅱⅲ", "ǅǈ", "ªº", "ͅx", "क्षि", "ﷺ", "㍿", "ｱｲｳ", "ｆｕｌｌ", "゛゜ー々〆ヶ", "ヷヺ・", "龥龦龻", "㐀", "〇〡",
    ];

    private static readonly string[] CodeParts =
    [
        "def", "return", "public static", "void", "int", "=>", "{", "}", "(", ")", "[", "]", ";", ":", ",", ".", "==", "!=", "<=", ">>", "&&", "||", "->", "::", "//", "/*", "*/", "#", "\"\"\"", "'",
        "\"", "`", "\\n", "%d", "0x1F", "1e-9", "self", "__init__", "camelCase", "snake_case", "CONSTANT", "lambda x:", "import", "<vector>", "std::cout", "$x", "@Test", "~", "^", "?", "\n    ", "\n\t", "\n\n", "  ",
    ];

    private static readonly string[] LatexParts =
    [
        @"\frac{", @"\sqrt", @"\boxed{", "}", "{", "^", "_", "&", @"\\", "$", "$$", @"\(", @"\)", @"\[", @"\]", @"\left(", @"\right)", @"\begin{array}", @"\end{array}", @"\pi", @"\theta", @"\sum_{i=1}^{n}", "x", "y", "2", "10", "=", "+",
        "-", @"\cdot", @"\times", @"\leq", @"\text{ if }", @"\mathbb{R}", "~", "'", "|", @"\,", @"\quad", "%", "≤", "√", "∑", "²", "π",
    ];

    private static readonly string[] Emoji = ["😀", "👩", "\u200d", "👧", "🏽", "\ufe0f", "☕", "🇩", "🇪", "🇫", "❤", "🔥", "🤷", "♂", "1\ufe0f\u20e3", "\U000E0067", "🏴"];

    private const string Spaces = " \t\n\r\u000b\u000c\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";

    private const string Digits = "0123456789٣٤५६四五²½Ⅷ";

    // Blocks of scripts, marks, compatibility forms and symbols, inside and outside of the basic plane.
    private static readonly (int First, int Last)[] Blocks =
    [
        (0x20, 0x7E), (0x20, 0x7E), (0xA0, 0x17F), (0x300, 0x36F), (0x391, 0x3A1), (0x410, 0x44F), (0x5D0, 0x5EA), (0x627, 0x64A), (0x905, 0x939), (0x93E, 0x94C),
        (0x1100, 0x1112), (0x1161, 0x1175), (0x1E00, 0x1EFF), (0x1F00, 0x1F15), (0x2000, 0x200F), (0x2010, 0x2027), (0x2028, 0x202F), (0x20D0, 0x20DC), (0x2100, 0x214F), (0x2190, 0x21FF),
        (0x3000, 0x303F), (0x3041, 0x3096), (0x3099, 0x30FF), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0xF900, 0xFA2D), (0xFB00, 0xFB06), (0xFF01, 0xFF5E),
        (0x10400, 0x1044F), (0x1D15E, 0x1D164), (0x1D400, 0x1D454), (0x1D7CE, 0x1D7FF), (0x1F600, 0x1F64F), (0x20000, 0x2A6D6), (0x2F800, 0x2FA1D), (0xE0020, 0xE007F),
    ];

    /// <summary>The traps, alone, doubled, in capitals, and several thousand mixtures; the same at every call.</summary>
    public static IReadOnlyList<string> All() => [.. Varied(17, 5200, ["<think>", "</think>", "<|im_end|>"])];

    /// <summary>Traps first, then seeded texts of every kind in turn.</summary>
    /// <param name="seed">Same seed, same texts.</param>
    /// <param name="count">How many texts.</param>
    /// <param name="addedTokens">Texts of the vocabulary's added tokens, from which look-alikes are made.</param>
    public static IEnumerable<string> Varied(int seed, int count, IReadOnlyList<string> addedTokens)
    {
        var random = new Random(seed);
        IEnumerable<string> traps = Traps.SelectMany(trap => (string[])[trap, " " + trap, trap + "\n" + trap, trap.ToUpperInvariant() + " 7"]);
        return traps.Concat(Enumerable.Range(0, count).Select(i => Text(random, i % 16, addedTokens))).Take(count);
    }

    private static string Text(Random random, int kind, IReadOnlyList<string> addedTokens) => kind switch
    {
        0 or 1 => Join(random, 9, () => Pick(random, Traps) + Gap(random)),
        2 or 3 => CodePoints(random, 40, () => Blocks[random.Next(Blocks.Length)]),
        4 => CodePoints(random, 30, () => (0, 0x10FFFF)),
        5 => CodePoints(random, 30, () => (0, 0xFFFF)),
        6 or 7 => Join(random, 40, () => Pick(random, CodeParts) + Gap(random)),
        8 or 9 => Join(random, 30, () => Pick(random, LatexParts) + (random.Next(4) == 0 ? " " : "")),
        10 => Join(random, 120, () => random.Next(15) == 0 ? Gap(random) : Digits[random.Next(random.Next(8) == 0 ? Digits.Length : 10)].ToString()),
        11 => Join(random, 30, () => random.Next(4) == 0 ? Pick(random, ["a", "1", ".", "中", "'s", "<think>"]) : new string(Spaces[random.Next(random.Next(2) == 0 ? 4 : Spaces.Length)], random.Next(1, 5))),
        12 => Join(random, 8, () => LookAlike(random, addedTokens)),
        13 => WithHalfPairs(random, Join(random, 6, () => Pick(random, Traps))),
        14 => Join(random, 12, () => (random.Next(2) == 0 ? Pick(random, Emoji) : Pick(random, ["a", "e", "가", "ㄱ", "ᄀ", "ᅡ", "ᆨ", "я", "ا", "क"])) + Marks(random)),
        _ => Join(random, 4, () => Monotone(random) + Gap(random)),
    };

    private static string Join(Random random, int most, Func<string> part) => string.Concat(Enumerable.Range(0, random.Next(1, most)).Select(_ => part()));

    private static string Pick(Random random, IReadOnlyList<string> from) => from[random.Next(from.Count)];

    private static string Gap(Random random) => random.Next(8) switch { 0 or 1 => " ", 2 => "  ", 3 => "\n", 4 => "\r\n\r\n", 5 => "\t ", _ => "" };

    private static string Marks(Random random) => random.Next(3) > 0 ? "" : Join(random, 5, () => new Rune(random.Next(0x300, 0x370)).ToString());

    private static string CodePoints(Random random, int most, Func<(int First, int Last)> chooseBlock)
    {
        var text = new StringBuilder();
        (int first, int last) = chooseBlock();
        for (int i = random.Next(1, most); i > 0; i--)
        {
            if (random.Next(3) == 0) (first, last) = chooseBlock();
            text.Append(random.Next(8) == 0 ? " " : Rune.TryCreate(random.Next(first, last + 1), out Rune rune) ? rune.ToString() : "");
        }
        return text.ToString();
    }

    // An added token whole, cut, doubled, in another case, or with a character too many.
    private static string LookAlike(Random random, IReadOnlyList<string> addedTokens)
    {
        string token = Pick(random, addedTokens);
        int at = random.Next(token.Length);
        return random.Next(9) switch
        {
            0 => token[..at],
            1 => token.Remove(at, 1),
            2 => token.Insert(at, Pick(random, [" ", "|", "<", "x", "\u0301"])),
            3 => token + token,
            4 => token.ToUpperInvariant(),
            5 => " " + token + "\n",
            6 => token + Pick(random, Traps),
            _ => token,
        };
    }

    private static string WithHalfPairs(Random random, string text)
    {
        for (int i = random.Next(1, 4); i > 0; i--) text = text.Insert(random.Next(text.Length + 1), ((char)random.Next(0xD800, 0xE000)).ToString());
        return text;
    }

    // One character, or a few, again and again: long pieces that merge in many steps.
    private static string Monotone(Random random)
    {
        string pattern = random.Next(3) switch
        {
            0 => Pick(random, ["a", "=", "-", " ", "\n", "0", "中", "!", "😀", "ab", "é", "xyz"]),
            1 => CodePoints(random, 4, () => (0x61, 0x7A)),
            _ => CodePoints(random, 4, () => Blocks[random.Next(Blocks.Length)]),
        };
        return string.Concat(Enumerable.Repeat(pattern, random.Next(1, random.Next(10) == 0 ? 400 : 40)));
    }
}
