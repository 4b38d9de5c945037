using System.CommandLine;
using Distill.Chat;
using Distill.Inference;
using Distill.Runs;

namespace Distill.Cli.Chat;

/// <summary><c>distill chat</c>: asks a model a question, or holds a conversation with it.</summary>
internal static class ChatCommand
{
    public static Command Create(Terminal terminal, TimeProvider time)
    {
        var model = new Argument<string>("model") { Description = "model folder, .gguf file, ONNX folder or .onnx file" };
        var question = new Argument<string?>("question") { Description = "what to ask; without it a conversation begins", Arity = ArgumentArity.ZeroOrOne };
        var system = new Option<string?>("--system") { Description = "instructions that stand before the conversation", HelpName = "TEXT" };
        var temperature = new Option<double>("--temperature") { Description = "sampling temperature; 0 takes the likeliest token", HelpName = "X", DefaultValueFactory = _ => 0.6 };
        var topP = new Option<double>("--top-p") { Description = "keep the smallest set of likeliest tokens with this probability", HelpName = "X", DefaultValueFactory = _ => 0.95 };
        var maxTokens = new Option<int>("--max-tokens") { Description = "most tokens of one completion", HelpName = "N", DefaultValueFactory = _ => 4096 };
        var seed = new Option<long>("--seed") { Description = "seed of the sampling", HelpName = "N", DefaultValueFactory = _ => 17 };
        var device = new Option<string>("--device") { Description = "cpu, cuda or cuda:N; several, e.g. cuda:0,cuda:1, share the layers", HelpName = "DEVICE", DefaultValueFactory = _ => "cpu" };
        var hideReasoning = new Option<bool>("--hide-reasoning") { Description = "show the answer only" };
        var command = new Command("chat", "Ask a model; its reasoning is dimmed, its answer is not.") { model, question, system, temperature, topP, maxTokens, seed, device, hideReasoning };
        command.SetAction(async (parsed, cancellation) =>
        {
            var sampling = new SamplingOptions { Temperature = parsed.GetValue(temperature), TopP = parsed.GetValue(topP), MaxTokens = parsed.GetValue(maxTokens), Seed = parsed.GetValue(seed) };
            Check(sampling);
            string path = parsed.GetRequiredValue(model);
            string found = InstallFolder.Find(path) ?? throw new InputException($"{path}: there is no such model", "give a model folder, a .gguf file, or an ONNX folder");
            await using ICompletionSource source = CompletionSources.Open(found, parsed.GetValue(device)!, batchSize: 1);
            var conversation = new Conversation(terminal, time, source, sampling, parsed.GetValue(system), !parsed.GetValue(hideReasoning));
            if (parsed.GetValue(question) is { } asked) await conversation.AskAsync(asked, cancellation);
            else await conversation.HoldAsync(cancellation);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Check(SamplingOptions sampling)
    {
        if (sampling.Temperature is < 0 or > 10) throw new InputException($"`--temperature`: {sampling.Temperature} is out of range", "give 0 to 10");
        if (sampling.TopP is <= 0 or > 1) throw new InputException($"`--top-p`: {sampling.TopP} is out of range", "give a number above 0, at most 1");
        if (sampling.MaxTokens < 1) throw new InputException($"`--max-tokens`: {sampling.MaxTokens} is out of range", "give 1 or more");
    }
}
