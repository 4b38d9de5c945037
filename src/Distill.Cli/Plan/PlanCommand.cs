using System.CommandLine;
using System.Globalization;
using Distill.Models;
using Distill.Pipelines;
using Distill.Runs;
using Distill.Training;

namespace Distill.Cli.Plan;

/// <summary><c>distill plan</c>: what something would take, before anything is paid for.</summary>
internal static class PlanCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("plan", "Work out what a stage would take, without running it.") { TeacherPlanCommand.Create(terminal), Train(terminal) };
        command.SetAction(_ =>
        {
            terminal.Table(null, [.. command.Subcommands.Select(plan => (string[])[$"distill plan {plan.Name}", plan.Description ?? ""])]);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Train(Terminal terminal)
    {
        StageKind kind = StageCatalog.All.Single(stage => stage.Name == "train");
        var command = new Command("train", "Memory that a training needs at its peak, part by part, and what other settings would need.");
        (StageOption Option, Option<string[]> Flag)[] flags = [.. kind.Options.Options.Where(option => option.Key is not ("out" or "data")).Select(option => (option, StageCommand.Flag(option)))];
        foreach (var (_, flag) in flags) command.Options.Add(flag);
        command.SetAction(parsed =>
        {
            OptionValue[] given = StageCommand.ValuesOf(flags, parsed);
            // A plan reads no files: what is only read needs no name.
            IEnumerable<OptionValue> unread = ((string[])["out", "data", "base"]).Where(key => given.All(value => value.Key != key)).Select(key => new OptionValue(key, ["-"], "--" + key));
            var options = (TrainOptions)kind.Options.Bind(kind.Name, null, [.. unread, .. given]);
            Show(terminal, StudentPreset.ShapeOf(options.Student), options);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Show(Terminal terminal, ModelConfig config, TrainOptions options)
    {
        MemoryPlan plan = MemoryPlan.Of(config, options);
        terminal.Table(null,
        [
            ["parameters", config.ParameterCount().ToString("N0", CultureInfo.InvariantCulture)],
            ["weights", MemoryPlan.Gigabytes(plan.Weights)], ["gradients", MemoryPlan.Gigabytes(plan.Gradients)], ["moments", MemoryPlan.Gigabytes(plan.Moments)],
            ["activations", MemoryPlan.Gigabytes(plan.Activations)], ["logits", MemoryPlan.Gigabytes(plan.Logits)], ["process", MemoryPlan.Gigabytes(plan.Process)], ["total", MemoryPlan.Gigabytes(plan.Total)],
            .. plan.OnCpu > 0 ? [["of it in the computer's memory", MemoryPlan.Gigabytes(plan.OnCpu)]] : Array.Empty<string[]>(),
        ]);
        if (MemoryPlan.OfDevices(config, options) is { Count: > 1 } devices)
        {
            terminal.Output.WriteLine();
            terminal.Table([("device", false), ("layers", true), ("weights", true), ("gradients", true), ("moments", true), ("activations", true), ("logits", true), ("total", true)],
            [
                .. devices.Select(device => (string[])[device.Name, device.Layers.ToString(CultureInfo.InvariantCulture), .. new[]
                {
                    device.Plan.Weights, device.Plan.Gradients, device.Plan.Moments, device.Plan.Activations, device.Plan.Logits, device.Plan.Total,
                }.Select(MemoryPlan.Gigabytes)]),
            ]);
        }
        terminal.Output.WriteLine();
        terminal.Table([("other settings", false), ("total", true)], [.. MemoryPlan.Alternatives(options)
            .Select(other => (string[])[other.Name, MemoryPlan.Gigabytes(MemoryPlan.Of(config, other.Options).Total)])]);
    }
}
