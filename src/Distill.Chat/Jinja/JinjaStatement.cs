namespace Distill.Chat.Jinja;

/// <summary>How a statement ended.</summary>
internal enum JinjaFlow
{
    Normal,
    Break,
    Continue,
}

/// <summary>A statement of a template, or the text between two.</summary>
/// <param name="line">Line of the template, from 1.</param>
internal abstract class JinjaStatement(int line)
{
    /// <summary>Runs it.</summary>
    /// <exception cref="JinjaError">It fails, or a limit is reached.</exception>
    public JinjaFlow Execute(JinjaScope scope)
    {
        scope.Run.Step();
        scope.Run.Line = line;
        return Perform(scope);
    }

    /// <summary>Does what the statement does.</summary>
    protected abstract JinjaFlow Perform(JinjaScope scope);
}

/// <summary>Statements in a row.</summary>
internal sealed class JinjaBlock(int line, IReadOnlyList<JinjaStatement> statements) : JinjaStatement(line)
{
    /// <inheritdoc/>
    protected override JinjaFlow Perform(JinjaScope scope)
    {
        foreach (JinjaStatement statement in statements)
        {
            JinjaFlow flow = statement.Execute(scope);
            if (flow != JinjaFlow.Normal) return flow;
        }
        return JinjaFlow.Normal;
    }
}

/// <summary>Text outside of tags.</summary>
internal sealed class JinjaData(int line, string text) : JinjaStatement(line)
{
    /// <inheritdoc/>
    protected override JinjaFlow Perform(JinjaScope scope)
    {
        scope.Run.Print(text);
        return JinjaFlow.Normal;
    }
}

/// <summary><c>{{ expression }}</c></summary>
internal sealed class JinjaPrint(int line, JinjaExpression expression) : JinjaStatement(line)
{
    /// <inheritdoc/>
    protected override JinjaFlow Perform(JinjaScope scope)
    {
        scope.Run.Print(JinjaText.Of(expression.Evaluate(scope)));
        return JinjaFlow.Normal;
    }
}

/// <summary>What <c>set</c> and <c>for</c> assign to: a name, a member of a namespace, or several of these.</summary>
internal static class JinjaTarget
{
    /// <summary>Assigns.</summary>
    /// <exception cref="JinjaError">The target is not one, or the number of values differs.</exception>
    public static void Assign(JinjaScope scope, JinjaExpression target, object? value)
    {
        switch (target)
        {
            case JinjaName name:
                scope.Set(name.Name, value);
                break;
            case JinjaAttribute attribute when attribute.Owner.Evaluate(scope) is JinjaNamespace space:
                space.Members[attribute.Name] = value;
                break;
            case JinjaListLiteral several:
                IReadOnlyList<object?> values = JinjaValues.Iterate(value);
                if (values.Count != several.Items.Count) throw new JinjaError($"{several.Items.Count} names for {values.Count} values");
                for (int i = 0; i < values.Count; i++) Assign(scope, several.Items[i], values[i]);
                break;
            default:
                throw new JinjaError("only names and members of a namespace() can be set");
        }
    }
}

/// <summary><c>set target = value</c></summary>
internal sealed class JinjaSet(int line, JinjaExpression target, JinjaExpression value) : JinjaStatement(line)
{
    /// <inheritdoc/>
    protected override JinjaFlow Perform(JinjaScope scope)
    {
        JinjaTarget.Assign(scope, target, value.Evaluate(scope));
        return JinjaFlow.Normal;
    }
}

/// <summary><c>set target</c> … <c>endset</c>: what the body prints, through the filters given.</summary>
internal sealed class JinjaBlockSet(int line, JinjaExpression target, JinjaExpression value, JinjaStatement body) : JinjaStatement(line)
{
    /// <summary>Stands for what the body printed; no template can write this name.</summary>
    public const string Printed = "what the body printed";

    /// <summary>Runs a body and gives the expression's value over what it printed.</summary>
    public static object? Evaluate(JinjaScope scope, JinjaStatement body, JinjaExpression value)
    {
        var inner = new JinjaScope(scope.Run, scope);
        inner.Set(Printed, scope.Run.Capture(() => body.Execute(inner)));
        return value.Evaluate(inner);
    }

    /// <inheritdoc/>
    protected override JinjaFlow Perform(JinjaScope scope)
    {
        JinjaTarget.Assign(scope, target, Evaluate(scope, body, value));
        return JinjaFlow.Normal;
    }
}

/// <summary><c>filter name</c> … <c>endfilter</c>: prints what the body prints, through the filters.</summary>
internal sealed class JinjaFilterBlock(int line, JinjaExpression value, JinjaStatement body) : JinjaStatement(line)
{
    /// <inheritdoc/>
    protected override JinjaFlow Perform(JinjaScope scope)
    {
        scope.Run.Print(JinjaText.Of(JinjaBlockSet.Evaluate(scope, body, value)));
        return JinjaFlow.Normal;
    }
}

/// <summary><c>if</c> … <c>elif</c> … <c>else</c> … <c>endif</c></summary>
internal sealed class JinjaIf(int line, IReadOnlyList<(JinjaExpression Condition, JinjaStatement Body)> branches, JinjaStatement? otherwise) : JinjaStatement(line)
{
    /// <inheritdoc/>
    protected override JinjaFlow Perform(JinjaScope scope)
    {
        foreach ((JinjaExpression condition, JinjaStatement body) in branches)
        {
            if (JinjaValues.IsTrue(condition.Evaluate(scope))) return body.Execute(scope);
        }
        return otherwise?.Execute(scope) ?? JinjaFlow.Normal;
    }
}

/// <summary><c>for target in values if filter</c> … <c>else</c> … <c>endfor</c>. Each round has a scope of its own.</summary>
internal sealed class JinjaFor(int line, JinjaExpression target, JinjaExpression values, JinjaExpression? filter, JinjaStatement body, JinjaStatement? otherwise) : JinjaStatement(line)
{
    // A loop object takes the time of several plain nodes, and so does the scope that pays for itself.
    private const int UnitsPerRound = 4;

    /// <inheritdoc/>
    protected override JinjaFlow Perform(JinjaScope scope)
    {
        int depth = scope.Get("loop") is JinjaLoop outer ? outer.Depth + 1 : 0;
        IReadOnlyList<object?> items = JinjaValues.Iterate(values.Evaluate(scope));
        if (filter is not null) items = [.. items.Where(item => JinjaValues.IsTrue(filter.Evaluate(Round(scope, item))))];

        for (int i = 0; i < items.Count; i++)
        {
            JinjaScope round = Round(scope, items[i]);
            round.Set("loop", new JinjaLoop(items, i, depth));
            if (body.Execute(round) == JinjaFlow.Break) break;
        }
        if (items.Count == 0) otherwise?.Execute(new JinjaScope(scope.Run, scope));
        return JinjaFlow.Normal;
    }

    private JinjaScope Round(JinjaScope scope, object? item)
    {
        scope.Run.Spend(UnitsPerRound);
        var round = new JinjaScope(scope.Run, scope);
        JinjaTarget.Assign(round, target, item);
        return round;
    }
}

/// <summary><c>break</c> and <c>continue</c></summary>
internal sealed class JinjaJump(int line, JinjaFlow flow) : JinjaStatement(line)
{
    /// <inheritdoc/>
    protected override JinjaFlow Perform(JinjaScope scope) => flow;
}

/// <summary><c>with name = value</c> … <c>endwith</c>; without names, a body with a scope of its own.</summary>
internal sealed class JinjaWith(int line, IReadOnlyList<(JinjaExpression Target, JinjaExpression Value)> names, JinjaStatement body) : JinjaStatement(line)
{
    /// <inheritdoc/>
    protected override JinjaFlow Perform(JinjaScope scope)
    {
        var inner = new JinjaScope(scope.Run, scope);
        foreach ((JinjaExpression target, JinjaExpression value) in names) JinjaTarget.Assign(inner, target, value.Evaluate(scope));
        return body.Execute(inner);
    }
}

/// <summary><c>macro name(parameters)</c> … <c>endmacro</c></summary>
internal sealed class JinjaMacro(int line, string name, IReadOnlyList<(string Name, JinjaExpression? Default)> parameters, JinjaStatement body) : JinjaStatement(line)
{
    /// <inheritdoc/>
    protected override JinjaFlow Perform(JinjaScope scope)
    {
        scope.Set(name, new JinjaFunction(name, call => Call(scope, call)));
        return JinjaFlow.Normal;
    }

    private string Call(JinjaScope definition, JinjaCall call)
    {
        if (call.Positional.Count > parameters.Count) throw new JinjaError($"macro `{name}` takes {parameters.Count} arguments, not {call.Positional.Count}");
        if (call.Named.Keys.FirstOrDefault(given => parameters.All(parameter => parameter.Name != given)) is { } unknown)
        {
            throw new JinjaError($"macro `{name}` has no parameter `{unknown}`");
        }
        var scope = new JinjaScope(call.Run, definition);
        for (int i = 0; i < parameters.Count; i++)
        {
            (string parameter, JinjaExpression? byDefault) = parameters[i];
            bool given = i < call.Positional.Count || call.Named.ContainsKey(parameter);
            scope.Set(parameter, given ? call.Argument(i, parameter) : byDefault is null ? new JinjaUndefined(parameter) : byDefault.Evaluate(scope));
        }
        if (++call.Run.CallDepth > JinjaRun.DeepestCall) throw new JinjaError($"macro `{name}` calls itself too deeply");
        string printed = call.Run.Capture(() => body.Execute(scope));
        call.Run.CallDepth--;
        return printed;
    }
}
