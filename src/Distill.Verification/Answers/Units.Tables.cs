using System.Collections.Frozen;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

/// <summary>Units of measurement: their dimension, and their size in the dimension's base unit.</summary>
internal static class Units
{
    private static readonly FrozenDictionary<string, (string Dimension, BigRational Factor)> Known = Build();

    /// <summary>Single letters, and pairs that start a product of variables as well, count as units only in upright text.</summary>
    private static readonly FrozenSet<string> Abbreviations = FrozenSet.ToFrozenSet(["m", "s", "g", "h", "L", "l", "N", "J", "W", "V", "A", "K", "C", "F", "T", "B"]);

    /// <summary>Words beside a unit that say nothing about its kind.</summary>
    private static readonly FrozenSet<string> Fillers = FrozenSet.ToFrozenSet(
        ["in", "total", "altogether", "all", "left", "remaining", "each", "every", "per", "day", "more", "away", "together", "old", "long", "tall", "high", "wide", "deep", "so", "far", "apart", "now", "ago", "later", "other", "different", "unit", "units", "square", "cubic", "sq", "of", "the", "a", "an", "for", "overall", "exactly", "only", "extra", "additional", "apiece", "them", "these", "those", "to", "on", "at", "by", "from", "with"]);

    private static readonly FrozenSet<string> People = FrozenSet.ToFrozenSet(["people", "persons", "person", "students", "student", "pupils", "pupil", "children", "child", "kids", "kid"]);

    public static bool IsAbbreviation(string letter) => Abbreviations.Contains(letter);

    /// <summary>Whether the run of letters is a unit even in plain text.</summary>
    public static bool IsKnown(string run) => run.Length > 1 && (Known.ContainsKey(run) || Known.ContainsKey(run.ToLowerInvariant()));

    /// <summary>Dimension and factor of a written unit such as <c>km/h</c>, <c>square cm</c>, <c>m^2</c>; null for what is no unit (apples).</summary>
    public static (string Dimension, BigRational Factor)? Find(string unit)
    {
        string text = unit.Trim().TrimEnd('.');
        if (text.Length is 0 or > 64) return null;
        if (Lookup(text) is { } simple) return simple;
        int per = text.IndexOf('/');
        int word = text.IndexOf(" per ", StringComparison.OrdinalIgnoreCase);
        if (per < 0 && word >= 0) (per, text) = (word, text[..word] + "/" + text[(word + 5)..]);
        if (per > 0)
        {
            return Find(text[..per]) is { } top && Find(text[(per + 1)..]) is { } bottom ? ($"{top.Dimension}/{bottom.Dimension}", top.Factor / bottom.Factor) : null;
        }
        foreach ((string prefix, int power) in (ReadOnlySpan<(string, int)>)[("square ", 2), ("sq ", 2), ("squared ", 2), ("cubic ", 3), ("cu ", 3)])
            if (text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return Raise(Lookup(text[prefix.Length..]), power);
        if (text.EndsWith(" squared", StringComparison.OrdinalIgnoreCase)) return Raise(Lookup(text[..^8]), 2);
        if (text.EndsWith(" cubed", StringComparison.OrdinalIgnoreCase)) return Raise(Lookup(text[..^6]), 3);
        if (text.Length > 2 && text[^2] == '^' && char.IsAsciiDigit(text[^1])) return Raise(Lookup(text[..^2]), text[^1] - '0');
        int times = text.IndexOf('*');
        if (times > 0 && Find(text[..times]) is { } left && Find(text[(times + 1)..]) is { } right) return ($"{left.Dimension}*{right.Dimension}", left.Factor * right.Factor);
        return null;
    }

    /// <summary>What is counted: the unit's words without those that say nothing about its kind.</summary>
    public static string Counted(string unit) => string.Join(' ', unit.Split([' ', '/'], StringSplitOptions.RemoveEmptyEntries).Where(word => !Fillers.Contains(word.ToLowerInvariant())));

    public static bool IsOfAngle(string unit) => Find(unit) is { Dimension: "angle" or "celsius" or "fahrenheit" or "temperature" };

    /// <summary>Whether two units, one of them none of measurement, may count the same: 72 clips and 72 hair clips, not 12 apples and 12 oranges.</summary>
    public static bool AreAlike(string a, string b)
    {
        string[] left = Counted(a).Split(' ', StringSplitOptions.RemoveEmptyEntries), right = Counted(b).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return left.Length == 0 || right.Length == 0 || left.Any(word => right.Any(other => Stem(word) == Stem(other)));
    }

    private static string Stem(string word)
    {
        string lower = word.ToLowerInvariant().TrimEnd('.');
        if (People.Contains(lower)) return "people";
        return lower.EndsWith("ies", StringComparison.Ordinal) ? lower[..^3] + "y" : lower.EndsWith("es", StringComparison.Ordinal) && lower.Length > 4 && lower[^3] is 's' or 'x' or 'h' ? lower[..^2] : lower.EndsWith('s') ? lower[..^1] : lower;
    }

    private static (string Dimension, BigRational Factor)? Raise((string Dimension, BigRational Factor)? unit, int power)
    {
        if (unit is not { } known || power is < 1 or > 4) return null;
        return known is { Dimension: "length" } && power == 3 ? ("volume", known.Factor.Power(3)) : ($"{known.Dimension}^{power}", known.Factor.Power(power));
    }

    private static (string Dimension, BigRational Factor)? Lookup(string text) =>
        Known.TryGetValue(text, out (string, BigRational) exact) || Known.TryGetValue(text.ToLowerInvariant(), out exact) ? exact : null;

    private static FrozenDictionary<string, (string, BigRational)> Build()
    {
        var units = new Dictionary<string, (string, BigRational)>(StringComparer.Ordinal);
        void Add(string dimension, BigRational factor, params ReadOnlySpan<string> names)
        {
            foreach (string name in names) units[name] = (dimension, factor);
        }

        Add("length", 1, "m", "meter", "meters", "metre", "metres");
        Add("length", new BigRational(1, 100), "cm", "centimeter", "centimeters", "centimetre", "centimetres");
        Add("length", new BigRational(1, 1000), "mm", "millimeter", "millimeters", "millimetre", "millimetres");
        Add("length", new BigRational(1, 10), "dm", "decimeter", "decimeters", "decimetre");
        Add("length", new BigRational(1, 1_000_000), "μm", "micrometer", "micrometers", "micron", "microns");
        Add("length", new BigRational(1, 1_000_000_000), "nm", "nanometer", "nanometers");
        Add("length", 1000, "km", "kilometer", "kilometers", "kilometre", "kilometres");
        Add("length", new BigRational(254, 10000), "inch", "inches", "in");
        Add("length", new BigRational(3048, 10000), "ft", "foot", "feet");
        Add("length", new BigRational(9144, 10000), "yd", "yard", "yards");
        Add("length", new BigRational(1609344, 1000), "mi", "mile", "miles");
        Add("mass", 1, "kg", "kilogram", "kilograms", "kilo", "kilos");
        Add("mass", new BigRational(1, 1000), "g", "gram", "grams", "gm");
        Add("mass", new BigRational(1, 1_000_000), "mg", "milligram", "milligrams");
        Add("mass", 1000, "ton", "tons", "tonne", "tonnes");
        Add("mass", new BigRational(45359237, 100_000_000), "lb", "lbs", "pound", "pounds");
        Add("mass", new BigRational(45359237, 1_600_000_000), "oz", "ounce", "ounces");
        Add("time", 1, "s", "sec", "secs", "second", "seconds");
        Add("time", new BigRational(1, 1_000_000), "μs", "microsecond", "microseconds");
        Add("time", new BigRational(1, 1_000_000_000), "ns", "nanosecond", "nanoseconds");
        Add("time", new BigRational(1, 1000), "ms", "millisecond", "milliseconds");
        Add("time", 60, "min", "mins", "minute", "minutes");
        Add("time", 3600, "h", "hr", "hrs", "hour", "hours");
        Add("time", 86400, "day", "days");
        Add("time", 604800, "week", "weeks");
        Add("months", 1, "month", "months");
        Add("months", 1200, "century", "centuries");
        Add("months", 120, "decade", "decades");
        Add("months", 12, "year", "years", "yr", "yrs");
        Add("volume", new BigRational(1, 1000), "L", "l", "liter", "liters", "litre", "litres");
        Add("volume", new BigRational(1, 1_000_000), "mL", "ml", "milliliter", "milliliters", "millilitre", "cc");
        Add("volume", new BigRational(3785411784, 1_000_000_000_000), "gallon", "gallons", "gal");
        Add("volume", new BigRational(3785411784, 4_000_000_000_000), "quart", "quarts", "qt");
        Add("volume", new BigRational(3785411784, 8_000_000_000_000), "pint", "pints");
        Add("volume", new BigRational(3785411784, 16_000_000_000_000), "cup", "cups");
        Add("area2", 1, "acre", "acres");
        Add("length^2", 10000, "hectare", "hectares", "ha");
        Add("length/time", new BigRational(1609344, 3_600_000), "mph");
        Add("length/time", new BigRational(1000, 3600), "kmh", "kph", "kmph");
        Add("length/time", new BigRational(1, 1), "mps");
        Add("mass*length/time^2", 1, "N", "newton", "newtons");
        Add("energy", 1, "J", "joule", "joules");
        Add("energy", 1_000_000, "MJ", "megajoule", "megajoules");
        Add("energy", 3_600_000, "kWh", "kilowatt-hour", "kilowatt-hours");
        Add("energy", 1000, "kJ", "kilojoule", "kilojoules");
        Add("energy2", 1, "eV");
        Add("energy2", 1000, "keV");
        Add("energy2", 1_000_000, "MeV");
        Add("energy2", 1_000_000_000, "GeV");
        Add("calories", 1, "calorie", "calories", "cal");
        Add("calories", 1000, "kcal");
        Add("power", 1, "W", "watt", "watts");
        Add("power", 1000, "kW", "kilowatt", "kilowatts");
        Add("power", 1_000_000, "MW", "megawatt", "megawatts");
        Add("pressure", 1, "Pa", "pascal", "pascals");
        Add("pressure", 1000, "kPa");
        Add("pressure", 1_000_000, "MPa");
        Add("pressure", 100_000, "bar", "bars");
        Add("pressure", 101_325, "atm", "atmosphere", "atmospheres");
        Add("voltage", 1, "V", "volt", "volts");
        Add("voltage", new BigRational(1, 1000), "mV");
        Add("voltage", 1000, "kV");
        Add("resistance", 1, "Ω", "Omega", "ohm", "ohms");
        Add("resistance", 1000, "kΩ");
        Add("capacitance", 1, "farad", "farads");
        Add("capacitance", new BigRational(1, 1_000_000), "μF");
        Add("magnetic field", 1, "T", "tesla");
        Add("current", new BigRational(1, 1000), "mA", "milliamp", "milliamps");
        Add("current", 1, "A", "amp", "amps", "ampere", "amperes");
        Add("charge", 1, "C", "coulomb", "coulombs");
        Add("temperature", 1, "K", "kelvin", "kelvins");
        Add("celsius", 1, "celsius");
        Add("fahrenheit", 1, "fahrenheit", "F");
        Add("frequency", 1, "Hz", "hertz");
        Add("frequency", 1000, "kHz");
        Add("frequency", 1_000_000, "MHz");
        Add("frequency", 1_000_000_000, "GHz");
        Add("amount", 1, "mol", "mole", "moles");
        Add("angle", 1, "rad", "radian", "radians");
        Add("parsec", 1, "pc", "parsec", "parsecs");
        Add("solar", 1, "erg", "ergs");
        Add("dollar", 1, "$", "dollar", "dollars", "usd", "USD", "bucks");
        Add("dollar", new BigRational(1, 100), "cent", "cents", "¢");
        Add("euro", 1, "€", "euro", "euros", "EUR");
        Add("sterling", 1, "£");
        Add("yen", 1, "¥", "yen");
        Add("rupee", 1, "₹", "rupee", "rupees", "Rs", "INR");
        return units.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
