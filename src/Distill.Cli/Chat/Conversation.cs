using Distill.Chat;
using Distill.Inference;
using Spectre.Console;

namespace Distill.Cli.Chat;

/// <summary>Questions and answers in a terminal. Reasoning is shown and then forgotten: models are not given their earlier reasoning.</summary>
internal sealed class Conversation
{
    private static readonly Style Dim = new(decoration: Decoration.Dim);

    private readonly Terminal _terminal;
    private readonly TimeProvider _time;
    private readonly ICompletionSource _source;
    private readonly SamplingOptions _sampling;
    private readonly bool _showReasoning;
    private readonly List<Message> _messages = [];

    public Conversation(Terminal terminal, TimeProvider time, ICompletionSource source, SamplingOptions sampling, string? system, bool showReasoning)
    {
        (_terminal, _time, _source, _sampling, _showReasoning) = (terminal, time, source, sampling, showReasoning);
        if (!string.IsNullOrEmpty(system)) _messages.Add(new Message(MessageRole.System, system));
    }

    /// <summary>Asks one question and shows the completion as it arrives.</summary>
    public async Task AskAsync(string question, CancellationToken cancellation)
    {
        _messages.Add(new Message(MessageRole.User, question));
        bool answering = false;
        var stream = new ReasoningStream((_source as BatchGenerator)?.StartsInReasoning == true, (text, isReasoning) =>
        {
            if (isReasoning && !_showReasoning) return;
            // The blank lines that part reasoning and answer, and the model's own ones before it, are made one.
            if (!isReasoning && !answering && (text = text.TrimStart()).Length == 0) return;
            answering |= !isReasoning;
            Write(text, isReasoning);
        });
        long started = _time.GetTimestamp();
        var request = new CompletionRequest($"chat-{_messages.Count}", [.. _messages], _sampling);
        Completion completion = await _source.StreamAsync(request, stream.Append, cancellation);
        stream.End();
        _messages.Add(new Message(MessageRole.Assistant, completion.Answer));
        _terminal.Output.WriteLine();
        double seconds = _time.GetElapsedTime(started).TotalSeconds;
        string cut = completion.FinishReason == FinishReason.Length ? ", cut off by the token limit" : "";
        Note($"{completion.CompletionTokens} tokens, {completion.CompletionTokens / Math.Max(seconds, 1e-3):0} tokens/s{cut}");
    }

    /// <summary>Reads questions until the input ends, or <c>/bye</c>.</summary>
    public async Task HoldAsync(CancellationToken cancellation)
    {
        if (_terminal.InputIsTerminal) Note($"{_source.Identity}; /bye or Ctrl-D ends");
        while (!cancellation.IsCancellationRequested)
        {
            if (_terminal.InputIsTerminal) _terminal.Error.Write("> ");
            // The console reads without looking at the token; Ctrl-C at the prompt must not wait for a line.
            string? line = await Task.Run(_terminal.Input.ReadLine, CancellationToken.None).WaitAsync(cancellation);
            if (line is null or "/bye") return;
            if (!string.IsNullOrWhiteSpace(line)) await AskAsync(line, cancellation);
        }
    }

    private void Write(string text, bool isReasoning)
    {
        if (_terminal.OutputIsTerminal) text = PlainText.Running(text);
        if (isReasoning && _terminal.OutputIsTerminal) _terminal.Rich.Write(new Text(text, Dim));
        else _terminal.Output.Write(text);
        _terminal.Output.Flush();
    }

    private void Note(string text)
    {
        if (_terminal.ErrorIsTerminal) _terminal.RichError.Write(new Text(text + "\n", Dim));
        else _terminal.Error.WriteLine(text);
    }
}
