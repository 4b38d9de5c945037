using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Distill.Runs;
using Distill.Serving;

namespace Distill.Cli.Plan;

/// <summary><c>distill plan teacher</c>: memory of a served teacher by topology, its class of speed, and what a run would take.</summary>
internal static class TeacherPlanCommand
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    public static Command Create(Terminal terminal)
    {
        OptionSet set = OptionSet.Of<TeacherPlanOptions>();
        var command = new Command("teacher", "Memory and cache of a served R1 by topology, what was published of its speed, and hours and cost of a run.");
        (StageOption Option, Option<string[]> Flag)[] flags = [.. set.Options.Select(option => (option, StageCommand.Flag(option)))];
        foreach (var (_, flag) in flags) command.Options.Add(flag);
        var json = new Option<bool>("--json") { Description = "print the plan as JSON" };
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            TeacherPlan plan = TeacherPlan.Of(set.Bind<TeacherPlanOptions>("plan teacher", null, StageCommand.ValuesOf(flags, parsed)));
            if (parsed.GetValue(json)) terminal.Output.WriteLine(TeacherPlanJson.Of(plan).ToJsonString(Json));
            else Show(terminal, plan);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Show(Terminal terminal, TeacherPlan plan)
    {
        ServedShape shape = plan.Shape;
        terminal.Title($"{PlainText.Of(shape.Name)}: {Text($"{shape.Parameters / 1e9:F1} billion parameters, {shape.Total / 1e9:F0} GB")}");
        terminal.Table([("part", false), ("GB", true)],
        [
            .. new (string Name, long Bytes)[] { ("routed experts", shape.RoutedExperts), ("shared experts", shape.SharedExperts), ("attention", shape.Attention), ("feed-forward", shape.FeedForward), ("embedding and head", shape.Embeddings), ("routers and norms", shape.Routers) }
                .Where(part => part.Bytes > 0).Select(part => (string[])[part.Name, Text($"{part.Bytes / 1e9:F1}")]),
        ]);
        terminal.Output.WriteLine(Text($"cache: {shape.KvBytesPerToken(plan.Options.KvCache):N0} bytes a token"));
        terminal.Output.WriteLine();
        ShowReplicas(terminal, plan);
        terminal.Output.WriteLine();
        ShowRates(terminal, plan);
        if (plan.Work is { } work)
        {
            terminal.Output.WriteLine();
            ShowWork(terminal, plan, work);
        }
        foreach (string warning in plan.Warnings) terminal.Output.WriteLine($"warning: {warning}");
    }

    private static void ShowReplicas(Terminal terminal, TeacherPlan plan)
    {
        terminal.Title("memory of one replica");
        terminal.Table(
            [("topology", false), ("divided", false), ("weights/GPU", true), ("cache/GPU", true), ("tokens", true), (Text($"of {plan.Options.ContextLength:N0}"), true), (Text($"running at {plan.ResidentTokens:N0}"), true), ("tokens/s/GPU", false)],
            [.. plan.Replicas.Select(replica => (string[])[
                replica.Topology.ToString(), replica.Name, Gibibytes(replica.WeightsPerGpu), Gibibytes(replica.KvPerGpu),
                Text($"{replica.KvTokens / 1000:N0}k"), Text($"{replica.Sequences(plan.Options.ContextLength):F1}"), Text($"{Math.Floor(plan.Running(replica)):N0}"), Speed(replica, plan)])]);
    }

    private static string Speed(ReplicaMemory replica, TeacherPlan plan)
    {
        if (replica.Shortage(plan.Options.ContextLength) is > 0 and var missing) return $"does not fit: {Gibibytes(missing)} missing on each GPU";
        if (plan.Options.TokensPerSecond is { } measured) return Text($"{measured / replica.Topology.Gpus:F1} (yours)");
        IReadOnlyList<PublishedRate> rates = PublishedRate.For(replica.Topology, replica.Parallelism);
        return rates.Count == 0 ? "not measured, nothing published" : "not measured; published: " + string.Join(", ", rates.Select(rate => $"{Range(rate)} ({rate.Who})"));
    }

    private static void ShowRates(Terminal terminal, TeacherPlan plan)
    {
        terminal.Title("published speeds: others' machines, others' prompts");
        bool hasWork = plan.Work is not null;
        terminal.Table(
            [("who", false), ("where", false), ("tokens/s/GPU", true), .. hasWork ? [("node-days for this run", true)] : Array.Empty<(string, bool)>(), ("source", false)],
            [.. PublishedRate.All.Select(rate => (string[])[rate.Who, rate.Where, Range(rate), .. hasWork ? [NodeDays(rate, plan.Work!)] : Array.Empty<string>(), rate.Source])]);
    }

    private static void ShowWork(Terminal terminal, TeacherPlan plan, GenerationWork work)
    {
        terminal.Title("this run");
        var rows = new List<string[]>
        {
            new[] { "rollouts", Text($"{work.Rollouts:N0}") },
            new[] { "tokens", Text($"{work.Tokens / 1e6:N1} million, {work.Waste * 100:0.#} % of the useful ones on top for waste") },
            new[] { "hours", plan.Hours is { } hours ? Text($"{hours:N1}") : "not measured: give --tokens-per-second from `distill teacher-gen --pilot 50`" },
            new[] { "cost", plan.Cost is { } cost ? Dollars(cost) : plan.Hours is null ? "not measured" : "give --price" },
        };
        if (plan.CostPerAcceptedPrompt is { } each) rows.Add(["cost of an accepted prompt", Text($"${each:F4}")]);
        if (plan.SecondsPerToken is { } pause) rows.Add(["seconds a token", Text($"{pause:F2}, so {work.MaxTokens:N0} tokens take {pause * work.MaxTokens / 3600:F1} hours")]);
        if (plan.ApiCost is { } api) rows.Add(["API", Text($"{Dollars(api)} at ${plan.Options.ApiPrice} for a million tokens")]);
        terminal.Table(null, rows);
    }

    private static string NodeDays(PublishedRate rate, GenerationWork work) => rate.CountsPrompts ? "prompts counted too"
        : rate.Low.Equals(rate.High) ? Text($"{work.NodeDays(rate.Low):G3}") : Text($"{work.NodeDays(rate.High):G3} to {work.NodeDays(rate.Low):G3}");

    private static string Range(PublishedRate rate) => (rate.Low.Equals(rate.High) ? Text($"{rate.Low:#,0.#}") : Text($"{rate.Low:#,0.#}–{rate.High:#,0.#}")) + (rate.CountsPrompts ? " with prompts" : "");

    private static string Gibibytes(long bytes) => Text($"{bytes / (double)(1 << 30):F1} GiB");

    private static string Dollars(double amount) => Text($"${amount:N0}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
