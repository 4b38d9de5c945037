using System.Globalization;
using System.Text.RegularExpressions;
using Distill.Models;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>
/// License, base models, data sets, languages and tags as GGUF keys (<c>general.license</c>, <c>general.base_model.*</c> and so on), with the
/// names that llama.cpp's own converter makes of Hub ids.
/// </summary>
internal static partial class GgufLineage
{
    private const string Hub = "https://huggingface.co/";

    /// <summary>Appends the keys of what the card knows.</summary>
    public static void Append(GgufMetadata metadata, ModelCard card)
    {
        if (card.License is { } license) metadata.Add("general.license", license);
        if (card.LicenseName is { } name) metadata.Add("general.license.name", name);
        if (card.LicenseLink is { } link) metadata.Add("general.license.link", link);
        AppendSources(metadata, "general.base_model", card.BaseModels, Hub);
        AppendSources(metadata, "general.dataset", card.Datasets, Hub + "datasets/");
        if (card.Tags.Count > 0) metadata.Add("general.tags", card.Tags.ToArray());
        if (card.Languages.Count > 0) metadata.Add("general.languages", card.Languages.ToArray());
    }

    /// <summary>What a key is about, e.g. <c>general.base_model</c> of <c>general.base_model.0.name</c>: keys of one subject are replaced together.</summary>
    public static string Subject(string key) => string.Join('.', key.Split('.').Take(2));

    private static void AppendSources(GgufMetadata metadata, string key, IReadOnlyList<string> sources, string address)
    {
        if (sources.Count == 0) return;
        metadata.Add($"{key}.count", (uint)sources.Count);
        for (int i = 0; i < sources.Count; i++)
        {
            string[] parts = sources[i].Split('/');
            metadata.Add($"{key}.{i}.name", Title(parts[^1]));
            if (!HubId().IsMatch(sources[i])) continue; // a name of somebody's own has no owner and no address
            metadata.Add($"{key}.{i}.organization", Title(parts[0]));
            metadata.Add($"{key}.{i}.repo_url", address + sources[i]);
        }
    }

    // `deepseek-ai` becomes `Deepseek Ai`; words with capitals or digits in front, and versions, stay as they are.
    private static string Title(string name) => string.Join(' ', name.Split(['-', ' '], StringSplitOptions.RemoveEmptyEntries)
        .Select(word => word.Any(char.IsUpper) || Version().IsMatch(word) ? word : CultureInfo.InvariantCulture.TextInfo.ToTitleCase(word)));

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$", RegexOptions.CultureInvariant)]
    private static partial Regex HubId();

    [GeneratedRegex(@"^(v[0-9]|[0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex Version();
}
