namespace Distill.Chat.Jinja;

/// <summary>Python's operators on two values.</summary>
internal static class JinjaArithmetic
{
    /// <summary>Applies <c>+ - * / // % ** ~</c>.</summary>
    /// <exception cref="JinjaError">The operator does not take these values.</exception>
    public static object Apply(JinjaRun run, string symbol, object? left, object? right)
    {
        if (symbol == "~") return Concatenate(run, JinjaText.Of(left), JinjaText.Of(right));
        if (left is JinjaUndefined or JinjaFunction || right is JinjaUndefined or JinjaFunction) throw Refused(symbol, left, right);
        switch (symbol, left, right)
        {
            case ("+", string a, string b):
                return Concatenate(run, a, b);
            case ("+", JinjaList a, JinjaList b) when a.IsTuple == b.IsTuple:
                run.Spend(a.Items.Count + b.Items.Count);
                return new JinjaList([.. a.Items, .. b.Items], a.IsTuple);
            case ("*", string text, _) when JinjaValues.ToInteger(right) is long times:
                return Repeat(run, text, times);
            case ("*", _, string text) when JinjaValues.ToInteger(left) is long times:
                return Repeat(run, text, times);
            case ("*", JinjaList list, _) when JinjaValues.ToInteger(right) is long times:
                times = list.Items.Count == 0 ? 0 : Math.Clamp(times, 0, int.MaxValue);
                run.Spend(list.Items.Count * times);
                return new JinjaList([.. Enumerable.Repeat(list.Items, (int)times).SelectMany(items => items)], list.IsTuple);
            case ("%", string pattern, _):
                return JinjaFormat.Percent(run, pattern, right is JinjaList { IsTuple: true } tuple ? tuple.Items : [right]);
        }
        if (symbol != "/" && JinjaValues.ToInteger(left) is long first && JinjaValues.ToInteger(right) is long second && (symbol != "**" || second >= 0))
        {
            return Whole(symbol, first, second);
        }
        if (JinjaValues.ToNumber(left) is double x && JinjaValues.ToNumber(right) is double y) return Fractional(symbol, x, y);
        throw Refused(symbol, left, right);
    }

    private static string Concatenate(JinjaRun run, string left, string right)
    {
        run.SpendText(left.Length + (long)right.Length);
        return left + right;
    }

    private static string Repeat(JinjaRun run, string text, long times)
    {
        times = Math.Clamp(times, 0, int.MaxValue);
        run.SpendText(text.Length * times);
        return string.Create((int)(text.Length * times), text, static (made, text) =>
        {
            for (int at = 0; at < made.Length; at += text.Length) text.CopyTo(made[at..]);
        });
    }

    private static long Whole(string symbol, long left, long right)
    {
        if (right == 0 && symbol is "//" or "%") throw new JinjaError("division by zero");
        try
        {
            return symbol switch
            {
                "+" => checked(left + right),
                "-" => checked(left - right),
                "*" => checked(left * right),
                "//" => right == -1 ? checked(-left) : left / right - (left % right != 0 && left < 0 != right < 0 ? 1 : 0),
                "%" => right == -1 ? 0 : left % right + (left % right != 0 && left < 0 != right < 0 ? right : 0),
                _ => Power(left, right),
            };
        }
        catch (OverflowException)
        {
            throw new JinjaError("a whole number grows too large");
        }
    }

    private static long Power(long number, long exponent)
    {
        if (number is 0 or 1 || exponent == 0) return exponent == 0 ? 1 : number;
        if (number == -1) return exponent % 2 == 0 ? 1 : -1;
        long power = 1;
        for (; exponent > 0; exponent--) power = checked(power * number);
        return power;
    }

    private static double Fractional(string symbol, double left, double right)
    {
        if (right == 0 && symbol is "/" or "//" or "%") throw new JinjaError("division by zero");
        return symbol switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            "//" => Math.Floor(left / right),
            "%" => left - right * Math.Floor(left / right),
            _ => Math.Pow(left, right),
        };
    }

    private static JinjaError Refused(string symbol, object? left, object? right) =>
        new($"`{symbol}` does not take {JinjaValues.TypeName(left)} and {JinjaValues.TypeName(right)}");
}
