namespace Distill.Chat;

/// <summary>Collects what the <c>post_processor</c> entry of tokenizer.json puts around a single text.</summary>
internal sealed class PostProcessorSteps
{
    private readonly List<(string Token, int Id, JsonInput Source)> _prefix = [], _suffix = [];

    /// <summary>Texts of the tokens in front.</summary>
    public IReadOnlyList<string> Prefix => [.. _prefix.Select(item => item.Token)];

    /// <summary>Texts of the tokens behind.</summary>
    public IReadOnlyList<string> Suffix => [.. _suffix.Select(item => item.Token)];

    /// <summary>Reads one step, or all steps of a sequence.</summary>
    /// <exception cref="Distill.Runs.InputException">A step is malformed or not supported.</exception>
    public void Read(JsonInput processor)
    {
        if (processor.IsNull) return;
        string type = processor["type"].Text();
        // A second template would take what the first made for a pair of texts.
        if (_prefix.Count + _suffix.Count > 0 && type is not ("ByteLevel" or "Sequence")) throw processor.Complaint("stands behind another step that adds tokens, which is not supported");
        switch (type)
        {
            case "ByteLevel":
                break; // changes offsets only
            case "Sequence":
                foreach (JsonInput inner in processor["processors"].Elements()) Read(inner);
                break;
            case "TemplateProcessing":
                ReadTemplate(processor);
                break;
            case "RobertaProcessing" or "BertProcessing":
                _prefix.Add(ReadPair(processor["cls"]));
                _suffix.Add(ReadPair(processor["sep"]));
                break;
            default:
                throw processor["type"].Complaint($"is {type}, which is not supported");
        }
    }

    /// <summary>Compares the ids that the post-processor gives with those of the vocabulary.</summary>
    /// <param name="idOf">Id of a token by its text, or null.</param>
    /// <exception cref="Distill.Runs.InputException">They differ.</exception>
    public void Check(Func<string, int?> idOf)
    {
        foreach ((string token, int id, JsonInput source) in _prefix.Concat(_suffix))
        {
            int? known = idOf(token);
            if (known is null) throw source.Complaint($"names the token `{token}`, which the vocabulary does not have");
            if (known != id) throw source.Complaint($"gives `{token}` the id {id}, the vocabulary gives it {known}");
        }
    }

    private void ReadTemplate(JsonInput processor)
    {
        bool behind = false;
        foreach (JsonInput item in processor["single"].Elements())
        {
            if (!item["Sequence"].IsNull)
            {
                behind = true;
                continue;
            }
            JsonInput special = processor["special_tokens"][item["SpecialToken"]["id"].Text()];
            List<JsonInput> ids = [.. special["ids"].Elements()], tokens = [.. special["tokens"].Elements()];
            if (ids.Count != tokens.Count) throw special.Complaint($"has {ids.Count} ids for {tokens.Count} tokens");
            (behind ? _suffix : _prefix).AddRange(tokens.Select((token, i) => (token.Text(), ids[i].Number(int.MaxValue), special)));
        }
    }

    private static (string, int, JsonInput) ReadPair(JsonInput pair) => pair.Elements().ToArray() is [var token, var id]
        ? (token.Text(), id.Number(int.MaxValue), pair)
        : throw pair.Complaint("is not a pair of token and id");
}
