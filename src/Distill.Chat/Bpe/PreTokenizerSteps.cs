namespace Distill.Chat;

/// <summary>Collects the steps of the <c>pre_tokenizer</c> entry of tokenizer.json, which must end in bytes.</summary>
internal sealed class PreTokenizerSteps
{
    private readonly List<SplitPattern> _patterns = [];
    private bool _byteLevel;

    /// <summary>Whether a text without a leading space gets one.</summary>
    public bool AddPrefixSpace { get; private set; }

    /// <summary>Reads one step, or all steps of a sequence.</summary>
    /// <exception cref="Distill.Runs.InputException">A step is malformed or not supported.</exception>
    public void Read(JsonInput step)
    {
        string type = step["type"].Text();
        if (_byteLevel) throw step.Complaint("stands behind ByteLevel, which must be the last step");
        switch (type)
        {
            case "Sequence":
                foreach (JsonInput inner in step["pretokenizers"].Elements()) Read(inner);
                break;
            case "Split":
                _patterns.Add(ReadSplit(step));
                break;
            case "Digits":
                _patterns.Add(new SplitPattern(step["individual_digits"].FlagOrNull() ?? false ? @"\p{N}" : @"\p{N}+"));
                break;
            case "ByteLevel":
                _byteLevel = true;
                AddPrefixSpace = step["add_prefix_space"].FlagOrNull() ?? true;
                if (AddPrefixSpace && _patterns.Count > 0) throw step["add_prefix_space"].Complaint("is true behind another step, which is not supported");
                if (step["use_regex"].FlagOrNull() ?? true) _patterns.Add(new SplitPattern(SplitPatterns.Gpt2));
                break;
            default:
                throw step["type"].Complaint($"is {type}; Split, Digits and ByteLevel are supported");
        }
    }

    /// <summary>The patterns in order.</summary>
    /// <exception cref="Distill.Runs.InputException">The steps do not end in bytes.</exception>
    public IReadOnlyList<SplitPattern> Finish(JsonInput preTokenizer) =>
        _byteLevel ? _patterns : throw preTokenizer.Complaint("has no ByteLevel step; only byte-level vocabularies are supported");

    private static SplitPattern ReadSplit(JsonInput step)
    {
        JsonInput pattern = step["pattern"];
        string regex = pattern["Regex"].TextOrNull() ?? System.Text.RegularExpressions.Regex.Escape(pattern["String"].Text());
        return Enum.TryParse(step["behavior"].Text(), out SplitBehavior behavior) && Enum.IsDefined(behavior)
            ? new SplitPattern(regex, behavior, step["invert"].FlagOrNull() ?? false)
            : throw step["behavior"].Complaint("is not Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
    }
}
