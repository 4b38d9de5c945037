using Distill.Chat;
using Distill.Inference.Endpoints;
using Distill.Runs;
using Polly;

namespace Distill.Inference.Fleet;

/// <summary>What has happened to one request so far, over all its attempts; decides whether there is another.</summary>
internal sealed class RolloutAttempts(CompletionRequest request, FleetOptions options)
{
    // Where no tokenizer counts: an estimate for budgets, never for a check.
    private const int BytesPerPromptToken = 3;
    private const int UncountedTemplateTokens = 64;

    // Share of the token limit that a server's context must leave for the completion.
    private const double LeastRoom = 0.5;

    /// <summary>Where Polly's context keeps it.</summary>
    public static readonly ResiliencePropertyKey<RolloutAttempts> Key = new("distill.rollout");

    private readonly Lock _gate = new();
    private int _failures;
    private int _rejections;
    private int _qualityTries;
    private int? _room;
    private bool _resent;
    private bool _again;

    /// <summary>The request.</summary>
    public CompletionRequest Request => request;

    /// <summary>Attempts begun.</summary>
    public int Count { get; private set; }

    /// <summary>Tokens of the prompt, about.</summary>
    public int PromptTokens { get; } = request.PromptTokens ?? (request.Messages.Sum(message => message.Content.Length) / BytesPerPromptToken) + 1;

    /// <summary>Place that was found for the first attempt.</summary>
    public Lease? FirstPlace { get; set; }

    /// <summary>Receives text, or null; text that was handed over cannot be taken back.</summary>
    public Action<string>? OnText { get; init; }

    /// <summary>Whether text was handed over.</summary>
    public bool HandedOver { get; private set; }

    /// <summary>Text that was cut off by the limit, to go on from, or null.</summary>
    public CompletionAssembly? CutOff { get; set; }

    /// <summary>Endpoint that fell silent over the request, or null. It may still be at work on it, so others are asked first.</summary>
    public FleetEndpoint? SilentAt { get; private set; }

    /// <summary>Endpoint of the attempt under way.</summary>
    public FleetEndpoint? Current { get; set; }

    /// <summary>Whether the attempt under way has had text.</summary>
    public bool HasText { get; set; }

    /// <summary>Takes the place of the first attempt, once.</summary>
    public Lease? TakeFirstPlace()
    {
        lock (_gate)
        {
            Lease? place = FirstPlace;
            FirstPlace = null;
            return place;
        }
    }

    /// <summary>The next attempt's call.</summary>
    /// <param name="canContinue">Whether the engine can go on from a text.</param>
    public EngineCall NextCall(bool canContinue)
    {
        lock (_gate)
        {
            if (!canContinue) CutOff = null;
            SamplingOptions sampling = request.Sampling with { MaxTokens = Math.Min(_room ?? int.MaxValue, request.Sampling.MaxTokens) };
            // A completion that went wrong by itself would go wrong again with the same seed.
            if (_qualityTries > 0) sampling = sampling with { Seed = RandomStream.DeriveSeed(sampling.Seed, $"{request.Id} {_qualityTries}") & int.MaxValue };
            return new EngineCall(request.Id, ++Count, request.Messages, sampling, CutOff?.Prefix);
        }
    }

    /// <summary>Hands text over.</summary>
    public void HandOver(string text)
    {
        HandedOver = true;
        OnText!(text);
    }

    /// <summary>Notes a failed attempt.</summary>
    public void Failed(EndpointFault fault, FleetEndpoint endpoint)
    {
        lock (_gate)
        {
            if (fault.Code == EngineStream.Silence) SilentAt = endpoint;
            _again = !HandedOver && fault.Kind switch
            {
                FaultKind.NoReply when !_resent => _resent = true,
                FaultKind.NoReply or FaultKind.Transient => ++_failures <= options.MaxRetries,
                FaultKind.Overload or FaultKind.Quarantine => true, // not the request's fault
                FaultKind.Rejected => ++_rejections <= Math.Min(1, options.MaxRetries),
                FaultKind.Permanent => Shrinks(fault.Context),
                _ => false,
            };
        }
    }

    /// <summary>Notes a whole completion; false when it is to be thrown away for another try.</summary>
    public bool Completed(Completion completion)
    {
        lock (_gate)
        {
            bool wrong = completion.EndState is EndState.Loop or EndState.UnclosedThink or EndState.EmptyThink
                || (completion.EndState == EndState.LanguageMixed && options.RejectLanguageMixing);
            _again = wrong && _qualityTries == 0 && !HandedOver;
            if (_again) _qualityTries++;
            return !_again;
        }
    }

    /// <summary>Whether what came last is to be followed by another attempt.</summary>
    public bool Again
    {
        get
        {
            lock (_gate) return _again;
        }
    }

    /// <summary>Whether the next attempt follows at once: the server never began with this one, or nothing was wrong with it.</summary>
    public bool AtOnce(Exception? failure) => failure is null or EndpointFault { Kind: FaultKind.Quarantine or FaultKind.Permanent } || (failure is EndpointFault { Kind: FaultKind.NoReply } && _failures == 0);

    // Servers whose context is as long as the completion may be refuse every request, since the prompt needs room too. A little less
    // will do; with much less, completions would be cut that nobody wanted cut.
    private bool Shrinks(ContextRoom? context)
    {
        if (context is null || _room is not null) return false;
        int room = context.Left(request.PromptTokens ?? (2 * PromptTokens) + UncountedTemplateTokens), asked = request.Sampling.MaxTokens;
        if (room >= asked || room < asked * LeastRoom) return false;
        _room = room;
        return true;
    }
}
