namespace Distill.Chat;

/// <summary>Collects a teacher's likeliest tokens token by token.</summary>
/// <param name="vocabulary">Identity of the teacher's tokens.</param>
/// <param name="width">Likeliest tokens of each position.</param>
public sealed class LogProbabilityCollector(string vocabulary, int width)
{
    private readonly List<int> _tokens = [], _topTokens = [];
    private readonly List<Half> _values = [];

    /// <summary>Tokens so far.</summary>
    public int Count => _tokens.Count;

    /// <summary>Adds a token.</summary>
    /// <param name="token">What the teacher drew.</param>
    /// <param name="likeliest">What it held likely, in any order; what is beyond the width is left out.</param>
    public void Add(int token, IEnumerable<(int Token, double Value)> likeliest)
    {
        _tokens.Add(token);
        int count = 0;
        foreach ((int candidate, double value) in likeliest.OrderByDescending(item => item.Value).ThenBy(item => item.Token).Take(width))
        {
            _topTokens.Add(candidate);
            _values.Add((Half)Math.Max(value, (double)Half.MinValue)); // minus infinity becomes a number, with a probability of zero all the same
            count++;
        }
        for (; count < width; count++)
        {
            _topTokens.Add(TopLogProbabilities.Missing);
            _values.Add(Half.MinValue);
        }
    }

    /// <summary>What was collected.</summary>
    public TopLogProbabilities Finish() => new(vocabulary, width, _tokens.ToArray(), _topTokens.ToArray(), _values.ToArray());
}
