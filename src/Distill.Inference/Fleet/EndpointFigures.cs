namespace Distill.Inference.Fleet;

/// <summary>What the client measures of one endpoint. Safe for the many streams that write here.</summary>
/// <param name="time">The clock.</param>
internal sealed class EndpointFigures(TimeProvider time)
{
    private const int Samples = 64;
    private const double Smoothing = 0.1;
    private const double RateSeconds = 30;
    private const double UsualBytesPerToken = 4;

    private readonly long _start = time.GetTimestamp();
    private readonly Lock _gate = new();
    private readonly double[] _firstTexts = new double[Samples];
    private readonly int[] _lengths = new int[Samples];
    private long _textBytes;
    private long _lastText;
    private int _firstTextCount;
    private int _brokenInARow;
    private int _lengthCount;
    private double _firstText;
    private double _bestFirstText;
    private double _tokenGap;
    private double _bestTokenGap;
    private double _bytesPerToken = UsualBytesPerToken;
    private double _bytesPerSecond;
    private double _rateAt;
    private long _rateBytes;
    private double _meanLength;

    /// <summary>Tokens of completions that were kept.</summary>
    public long UsefulTokens { get; private set; }

    /// <summary>Tokens of attempts that were not.</summary>
    public long WastedTokens { get; private set; }

    /// <summary>Completions that were kept.</summary>
    public long Completed { get; private set; }

    /// <summary>Attempts that failed.</summary>
    public long Faults { get; private set; }

    /// <summary>Moment of the last text of any stream.</summary>
    public long LastText => Volatile.Read(ref _lastText);

    /// <summary>Tokens a second over the last half minute.</summary>
    public double TokensPerSecond
    {
        get
        {
            lock (_gate)
            {
                UpdateRate();
                return _bytesPerSecond / _bytesPerToken;
            }
        }
    }

    /// <summary>Tokens a second of one stream, or 0 while unknown.</summary>
    public double StreamTokensPerSecond
    {
        get
        {
            lock (_gate) return _tokenGap > 0 ? 1 / _tokenGap : 0;
        }
    }

    /// <summary>Tokens of a usual completion, or 0 while unknown.</summary>
    public double MeanLength
    {
        get
        {
            lock (_gate) return _meanLength;
        }
    }

    /// <summary>Tokens that nine of ten completions stay below, or <paramref name="unknown"/>.</summary>
    public int LongLength(int unknown)
    {
        lock (_gate)
        {
            if (_lengthCount == 0) return unknown;
            int[] sorted = _lengths[..Math.Min(_lengthCount, Samples)];
            Array.Sort(sorted);
            return sorted[(int)(0.9 * (sorted.Length - 1))];
        }
    }

    /// <summary>What the limit looks at.</summary>
    public ConcurrencyLimit.Pace Pace
    {
        get
        {
            lock (_gate) return new(_firstText, _bestFirstText, SlowestFirstText(), _tokenGap, _bestTokenGap);
        }
    }

    /// <summary>Seconds to the first text that one in twenty exceeds.</summary>
    public double SlowestFirstTextSeconds
    {
        get
        {
            lock (_gate) return SlowestFirstText();
        }
    }

    /// <summary>A stream got text.</summary>
    public void Text(int bytes, long now)
    {
        Interlocked.Add(ref _textBytes, bytes);
        Volatile.Write(ref _lastText, now);
    }

    /// <summary>The process stood still: silence before now says nothing.</summary>
    public void ForgetSilence(long now) => Volatile.Write(ref _lastText, now);

    /// <summary>A stream got its first text.</summary>
    public void FirstText(double seconds)
    {
        lock (_gate)
        {
            _firstTexts[_firstTextCount++ % Samples] = seconds;
            _firstText = _firstTextCount == 1 ? seconds : _firstText + (Smoothing * (seconds - _firstText));
            // Below a tenth of a second a difference is the network's, not a queue's.
            double seen = Math.Max(0.1, _firstText);
            if (_bestFirstText == 0 || seen < _bestFirstText) _bestFirstText = seen;
        }
    }

    /// <summary>A completion was kept.</summary>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="streamSeconds">Seconds from its first to its last text.</param>
    public void Complete(int tokens, int bytes, double streamSeconds)
    {
        lock (_gate)
        {
            Completed++;
            _brokenInARow = 0;
            UsefulTokens += tokens;
            _lengths[_lengthCount++ % Samples] = tokens;
            _meanLength = _lengthCount == 1 ? tokens : _meanLength + (Smoothing * (tokens - _meanLength));
            if (tokens > 0 && bytes > 0) _bytesPerToken += Smoothing * (((double)bytes / tokens) - _bytesPerToken);
            if (tokens < 2 || streamSeconds <= 0) return;
            double gap = streamSeconds / (tokens - 1);
            _tokenGap = _tokenGap == 0 ? gap : _tokenGap + (Smoothing * (gap - _tokenGap));
            if (_bestTokenGap == 0 || _tokenGap < _bestTokenGap) _bestTokenGap = _tokenGap;
        }
    }

    /// <summary>An attempt came to nothing.</summary>
    public void Waste(int tokens)
    {
        lock (_gate) WastedTokens += tokens;
    }

    /// <summary>An attempt failed.</summary>
    public void Fault()
    {
        lock (_gate) Faults++;
    }

    /// <summary>An attempt broke off in a way that speaks against the server, not against the request.</summary>
    /// <returns>Such attempts since the last completion.</returns>
    public int Break()
    {
        lock (_gate) return ++_brokenInARow;
    }

    private double SlowestFirstText()
    {
        if (_firstTextCount == 0) return 0;
        double[] sorted = _firstTexts[..Math.Min(_firstTextCount, Samples)];
        Array.Sort(sorted);
        return sorted[(int)(0.95 * (sorted.Length - 1))];
    }

    private void UpdateRate()
    {
        double now = time.GetElapsedTime(_start).TotalSeconds, passed = now - _rateAt;
        if (passed < 0.5) return;
        long bytes = Interlocked.Read(ref _textBytes);
        double rate = (bytes - _rateBytes) / passed;
        double share = _rateAt == 0 ? 1 : 1 - Math.Exp(-passed / RateSeconds);
        _bytesPerSecond += share * (rate - _bytesPerSecond);
        (_rateAt, _rateBytes) = (now, bytes);
    }
}
