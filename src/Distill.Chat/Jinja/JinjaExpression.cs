namespace Distill.Chat.Jinja;

/// <summary>An expression of a template.</summary>
/// <param name="line">Line of the template, from 1.</param>
internal abstract class JinjaExpression(int line)
{
    /// <summary>Line of the template, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>The value in a scope.</summary>
    /// <exception cref="JinjaError">It has none, or a limit is reached.</exception>
    public object? Evaluate(JinjaScope scope)
    {
        scope.Run.Step();
        return Compute(scope);
    }

    /// <summary>Computes the value.</summary>
    protected abstract object? Compute(JinjaScope scope);
}

/// <summary>A constant.</summary>
internal sealed class JinjaConstant(int line, object? value) : JinjaExpression(line)
{
    /// <summary>Its value.</summary>
    public object? Value { get; } = value;

    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope) => Value;
}

/// <summary>A name.</summary>
internal sealed class JinjaName(int line, string name) : JinjaExpression(line)
{
    /// <summary>The name.</summary>
    public string Name { get; } = name;

    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope) => scope.Get(Name);
}

/// <summary><c>[a, b]</c> or <c>(a, b)</c>.</summary>
internal sealed class JinjaListLiteral(int line, IReadOnlyList<JinjaExpression> items, bool isTuple) : JinjaExpression(line)
{
    /// <summary>The elements.</summary>
    public IReadOnlyList<JinjaExpression> Items { get; } = items;

    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope) => new JinjaList([.. Items.Select(item => item.Evaluate(scope))], isTuple);
}

/// <summary><c>{key: value}</c></summary>
internal sealed class JinjaDictionaryLiteral(int line, IReadOnlyList<(JinjaExpression Key, JinjaExpression Value)> items) : JinjaExpression(line)
{
    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope)
    {
        var dictionary = new JinjaDictionary();
        foreach ((JinjaExpression key, JinjaExpression value) in items) dictionary.Set(key.Evaluate(scope), value.Evaluate(scope));
        return dictionary;
    }
}

/// <summary><c>value.name</c></summary>
internal sealed class JinjaAttribute(int line, JinjaExpression value, string name) : JinjaExpression(line)
{
    /// <summary>What the member belongs to.</summary>
    public JinjaExpression Owner { get; } = value;

    /// <summary>Name of the member.</summary>
    public string Name { get; } = name;

    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope)
    {
        object? owner = Owner.Evaluate(scope);
        scope.Run.Line = Line;
        return JinjaValues.Attribute(owner, Name);
    }
}

/// <summary><c>value[key]</c></summary>
internal sealed class JinjaItem(int line, JinjaExpression value, JinjaExpression key) : JinjaExpression(line)
{
    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope)
    {
        object? owner = value.Evaluate(scope), at = key.Evaluate(scope);
        scope.Run.Line = Line;
        return JinjaValues.Item(owner, at);
    }
}

/// <summary><c>value[start:stop:step]</c></summary>
internal sealed class JinjaSlice(int line, JinjaExpression value, JinjaExpression? start, JinjaExpression? stop, JinjaExpression? step) : JinjaExpression(line)
{
    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope)
    {
        object? owner = value.Evaluate(scope);
        if (owner is not string) scope.Run.Spend(JinjaValues.Length(owner));
        scope.Run.Line = Line;
        return JinjaValues.Slice(owner, start?.Evaluate(scope), stop?.Evaluate(scope), step?.Evaluate(scope));
    }
}

/// <summary>Arguments as written: by position and by name, with <c>*list</c> and <c>**dictionary</c> spread out.</summary>
internal sealed class JinjaArguments(IReadOnlyList<(string? Name, int Stars, JinjaExpression Value)> items)
{
    /// <summary>No arguments.</summary>
    public static JinjaArguments None { get; } = new([]);

    /// <summary>Their values in a scope.</summary>
    public JinjaCall Evaluate(JinjaScope scope)
    {
        var positional = new List<object?>();
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach ((string? name, int stars, JinjaExpression expression) in items)
        {
            object? value = expression.Evaluate(scope);
            if (stars > 0) JinjaRun.Charge(JinjaValues.Length(value));
            if (stars == 1) positional.AddRange(JinjaValues.Iterate(value));
            else if (stars == 2 && value is JinjaDictionary dictionary) foreach ((object? key, object? item) in dictionary.Items) named[JinjaText.Of(key)] = item;
            else if (stars == 2) throw new JinjaError($"`**` spreads dictionaries, not {JinjaValues.TypeName(value)}");
            else if (name is not null) named[name] = value;
            else positional.Add(value);
        }
        return new JinjaCall(scope.Run, positional, named);
    }
}

/// <summary><c>function(arguments)</c></summary>
internal sealed class JinjaCallExpression(int line, JinjaExpression function, JinjaArguments arguments) : JinjaExpression(line)
{
    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope)
    {
        object? callee = function.Evaluate(scope);
        JinjaCall call = arguments.Evaluate(scope);
        scope.Run.Line = Line;
        return callee switch
        {
            JinjaFunction known => known.Invoke(call),
            JinjaUndefined undefined => throw new JinjaError($"unknown function `{undefined.Name}`"),
            _ => throw new JinjaError($"{JinjaValues.TypeName(callee)} cannot be called"),
        };
    }
}

/// <summary><c>value | filter(arguments)</c></summary>
internal sealed class JinjaFilterExpression(int line, JinjaExpression value, Func<object?, JinjaCall, object?> filter, JinjaArguments arguments) : JinjaExpression(line)
{
    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope)
    {
        object? input = value.Evaluate(scope);
        JinjaCall call = arguments.Evaluate(scope);
        scope.Run.Line = Line;
        if (input is string text) scope.Run.SpendText(text.Length);
        return filter(input, call);
    }
}

/// <summary><c>value is test(arguments)</c></summary>
internal sealed class JinjaTestExpression(int line, JinjaExpression value, Func<object?, JinjaCall, bool> test, JinjaArguments arguments) : JinjaExpression(line)
{
    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope)
    {
        object? input = value.Evaluate(scope);
        JinjaCall call = arguments.Evaluate(scope);
        scope.Run.Line = Line;
        if (input is string text) JinjaRun.ChargeText(text);
        return test(input, call);
    }
}

/// <summary><c>not value</c></summary>
internal sealed class JinjaNot(int line, JinjaExpression value) : JinjaExpression(line)
{
    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope) => !JinjaValues.IsTrue(value.Evaluate(scope));
}

/// <summary><c>-value</c> and <c>+value</c></summary>
internal sealed class JinjaSign(int line, JinjaExpression value, bool isMinus) : JinjaExpression(line)
{
    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope)
    {
        object? number = value.Evaluate(scope);
        scope.Run.Line = Line;
        return JinjaArithmetic.Apply(scope.Run, isMinus ? "-" : "+", 0L, number);
    }
}

/// <summary><c>left and right</c>, <c>left or right</c>: the value of the side that decides.</summary>
internal sealed class JinjaLogic(int line, JinjaExpression left, JinjaExpression right, bool isAnd) : JinjaExpression(line)
{
    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope)
    {
        object? first = left.Evaluate(scope);
        return JinjaValues.IsTrue(first) == isAnd ? right.Evaluate(scope) : first;
    }
}

/// <summary><c>left + right</c> and the other operators of arithmetic and text.</summary>
internal sealed class JinjaBinary(int line, string symbol, JinjaExpression left, JinjaExpression right) : JinjaExpression(line)
{
    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope)
    {
        object? first = left.Evaluate(scope), second = right.Evaluate(scope);
        scope.Run.Line = Line;
        return JinjaArithmetic.Apply(scope.Run, symbol, first, second);
    }
}

/// <summary><c>a &lt; b &lt;= c in d</c>: true when every neighbouring pair compares so.</summary>
internal sealed class JinjaComparison(int line, JinjaExpression first, IReadOnlyList<(string Symbol, JinjaExpression Right)> rest) : JinjaExpression(line)
{
    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope)
    {
        object? left = first.Evaluate(scope);
        foreach ((string symbol, JinjaExpression expression) in rest)
        {
            object? right = expression.Evaluate(scope);
            scope.Run.Line = Line;
            bool holds = symbol switch
            {
                "==" => JinjaValues.AreEqual(left, right),
                "!=" => !JinjaValues.AreEqual(left, right),
                "<" => JinjaValues.Compare(left, right) < 0,
                "<=" => JinjaValues.Compare(left, right) <= 0,
                ">" => JinjaValues.Compare(left, right) > 0,
                ">=" => JinjaValues.Compare(left, right) >= 0,
                "in" => JinjaValues.Contains(right, left),
                _ => !JinjaValues.Contains(right, left),
            };
            if (!holds) return false;
            left = right;
        }
        return true;
    }
}

/// <summary><c>value if condition else otherwise</c></summary>
internal sealed class JinjaConditional(int line, JinjaExpression condition, JinjaExpression value, JinjaExpression? otherwise) : JinjaExpression(line)
{
    /// <inheritdoc/>
    protected override object? Compute(JinjaScope scope) =>
        JinjaValues.IsTrue(condition.Evaluate(scope)) ? value.Evaluate(scope) : otherwise is null ? new JinjaUndefined("else") : otherwise.Evaluate(scope);
}
