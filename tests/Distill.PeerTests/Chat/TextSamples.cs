using System.Text;

namespace Distill.PeerTests.Chat;

/// <summary>Several thousand texts that try a tokenizer: hand-picked traps and seeded mixtures of them.</summary>
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

    /// <summary>The texts, the same at every call.</summary>
    public static IReadOnlyList<string> All()
    {
        var random = new Random(17);
        var texts = new List<string>(Traps);
        foreach (string trap in Traps)
        {
            texts.Add(" " + trap);
            texts.Add(trap + "\n" + trap);
            texts.Add(trap.ToUpperInvariant() + " 7");
        }
        while (texts.Count < 4000) texts.Add(string.Concat(Enumerable.Range(0, random.Next(2, 9)).Select(_ => Traps[random.Next(Traps.Length)] + Gap(random))));
        while (texts.Count < 5200) texts.Add(RandomCodePoints(random));
        return texts;
    }

    private static string Gap(Random random) => random.Next(6) switch { 0 => " ", 1 => "  ", 2 => "\n", 3 => "\r\n\r\n", 4 => "\t ", _ => "" };

    // Blocks whose characters all have had their classes since Unicode 14, so that old and new tables agree.
    private static readonly (int First, int Last)[] Blocks =
    [
        (0x20, 0x7E), (0x20, 0x7E), (0xA0, 0x17F), (0x300, 0x36F), (0x391, 0x3A1), (0x410, 0x44F), (0x5D0, 0x5EA), (0x627, 0x64A), (0x905, 0x939), (0x93E, 0x94C),
        (0x1100, 0x1112), (0x1161, 0x1175), (0x1E00, 0x1EFF), (0x1F00, 0x1F15), (0x2000, 0x200F), (0x2010, 0x2027), (0x2028, 0x202F), (0x20D0, 0x20DC), (0x2100, 0x214F), (0x2190, 0x21FF),
        (0x3000, 0x303F), (0x3041, 0x3096), (0x3099, 0x30FF), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0xF900, 0xFA2D), (0xFB00, 0xFB06), (0xFF01, 0xFF5E),
        (0x10400, 0x1044F), (0x1D15E, 0x1D164), (0x1D400, 0x1D454), (0x1D7CE, 0x1D7FF), (0x1F600, 0x1F64F), (0x20000, 0x2A6D6), (0x2F800, 0x2FA1D), (0xE0020, 0xE007F),
    ];

    private static string RandomCodePoints(Random random)
    {
        var text = new StringBuilder();
        int length = random.Next(1, 40);
        (int First, int Last) block = Blocks[0];
        for (int i = 0; i < length; i++)
        {
            if (random.Next(3) == 0) block = Blocks[random.Next(Blocks.Length)];
            text.Append(random.Next(8) == 0 ? " " : new Rune(random.Next(block.First, block.Last + 1)).ToString());
        }
        return text.ToString();
    }
}
