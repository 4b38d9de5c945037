using Distill.Runs;

namespace Distill.Inference.Endpoints;

/// <summary>One server of a fleet.</summary>
public sealed record EndpointOptions
{
    /// <summary>Base address, e.g. <c>http://host:8000/v1</c>; <c>/v1</c> is added to an address without a path.</summary>
    public required string Url { get; init; }

    /// <summary>How much of the work it should get, compared with the other endpoints.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>What it speaks.</summary>
    public EngineDialect Dialect { get; init; } = EngineDialect.Auto;

    /// <summary>Its own key, where it is another than the fleet's.</summary>
    public ApiKey? Key { get; init; }

    /// <summary>Reads an endpoint as a user writes it: <c>URL[,weight=2][,dialect=vllm][,key-file=PATH]</c>.</summary>
    /// <exception cref="InputException">The address, the weight or the dialect cannot be used.</exception>
    public static EndpointOptions Parse(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0) throw new InputException("--endpoint is empty", "give it like http://localhost:8000/v1");
        EndpointAddress.Parse(parts[0]);
        var options = new EndpointOptions { Url = parts[0] };
        foreach (string part in parts[1..])
        {
            string[] pair = part.Split('=', 2);
            string value = pair.Length == 2 ? pair[1] : "";
            options = pair[0] switch
            {
                "weight" => options with { Weight = WeightOf(value) },
                "dialect" => options with { Dialect = DialectOf(value) },
                "key-file" => options with { Key = ApiKey.Find(value) },
                _ => throw new InputException($"--endpoint: `{pair[0]}` is unknown", "an address may be followed by ,weight=N ,dialect=NAME and ,key-file=PATH"),
            };
        }
        return options;
    }

    private static double WeightOf(string text) => double.TryParse(text, out double weight) && weight is > 0 and <= 1e6 ? weight
        : throw new InputException($"--endpoint: the weight `{text}` is not a number above 0", "give it like ,weight=2");

    private static EngineDialect DialectOf(string text)
    {
        string word = text.Replace("-", "", StringComparison.Ordinal);
        return word.Length > 0 && char.IsLetter(word[0]) && Enum.TryParse(word, ignoreCase: true, out EngineDialect dialect) ? dialect
            : throw new InputException($"--endpoint: the dialect `{text}` is unknown",
                $"choose from {string.Join(", ", Enum.GetNames<EngineDialect>().Select(name => name == nameof(EngineDialect.LlamaServer) ? "llama-server" : name.ToLowerInvariant()))}");
    }
}
