namespace Distill.Diagnosis.Checks;

/// <summary>Whether an Ollama Modelfile beside a GGUF file stops where the model does. Source: Ollama's <c>docs/modelfile.md</c>.</summary>
internal sealed class ModelfileCheck : ICheck
{
    private const int MostBytes = 1 << 20;

    public string Name => "modelfile";

    public IEnumerable<Finding> Look(Patient patient)
    {
        if (patient.Model.Tokenizer.Value is not { EosTokenId: { } eos } tokenizer) yield break;
        string end = tokenizer.TokenText(eos);
        IEnumerable<string> folders = patient.Gguf.Select(part => part.Value).OfType<GgufCopy>().Select(file => Path.GetDirectoryName(Path.GetFullPath(file.Path))!).Distinct(StringComparer.Ordinal);
        foreach (string path in folders.SelectMany(folder => Directory.EnumerateFiles(folder, "*Modelfile*")).Order(StringComparer.Ordinal))
        {
            if (new FileInfo(path).Length > MostBytes) continue;
            string text = File.ReadAllText(path);
            string[] stops = [.. text.Split('\n').Select(line => line.Trim().Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words is [var instruction, var name, _] && instruction.Equals("PARAMETER", StringComparison.OrdinalIgnoreCase) && name == "stop").Select(words => words[2].Trim('"'))];
            if (!stops.Contains(end))
                yield return new(Name, Severity.Warning, $"{path}: `PARAMETER stop`", $"does not name {end}, which ends the student's completions", "Ollama versions that go by the Modelfile do not stop there", $"add `PARAMETER stop \"{end}\"`");
            if (tokenizer.BosTokenId is { } bos && text.Contains("TEMPLATE", StringComparison.Ordinal) && TemplateOf(text).Contains(tokenizer.TokenText(bos), StringComparison.Ordinal))
                yield return new(Name, Severity.Warning, $"{path}: `TEMPLATE`", $"writes {tokenizer.TokenText(bos)}, which Ollama's engine puts in front itself", "prompts begin with two of them", "leave it out of the TEMPLATE");
        }
    }

    private static string TemplateOf(string text)
    {
        int start = text.IndexOf("TEMPLATE", StringComparison.Ordinal), open = text.IndexOf("\"\"\"", start, StringComparison.Ordinal);
        if (open < 0) return text[start..].Split('\n')[0];
        int close = text.IndexOf("\"\"\"", open + 3, StringComparison.Ordinal);
        return close < 0 ? text[open..] : text[open..close];
    }
}
