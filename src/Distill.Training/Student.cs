using System.Text.Json.Nodes;
using Distill.Diagnosis;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Training;

/// <summary>The model to train, with its tokenizer and the files that go along with it unchanged.</summary>
public sealed class Student
{
    // What belongs to a model folder besides the weights and their shape.
    private static readonly string[] CompanionFiles =
        ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "generation_config.json"];

    private readonly TrainOptions _options;
    private readonly string _companions;

    private Student(CausalLM model, StudentChat chat, string companions, TrainOptions options) =>
        (Model, Chat, _companions, _options) = (model, chat, companions, options);

    /// <summary>The model.</summary>
    public CausalLM Model { get; }

    /// <summary>Its tokenizer and template.</summary>
    public StudentChat Chat { get; }

    /// <summary>Has the doctor look at the student's files, or at the tokenizer's for a preset.</summary>
    /// <returns>Warnings, one line each.</returns>
    /// <exception cref="InputException">A student of these files would be wrong.</exception>
    public static IReadOnlyList<string> Diagnose(TrainOptions options)
    {
        bool isPreset = StudentPreset.Find(options.Student) is not null;
        string? folder = isPreset ? options.Tokenizer : options.Student;
        if (options.SkipDoctor || !Directory.Exists(folder)) return [];
        return [.. ModelDoctor.RequireHealthy(new Examination { Model = folder, TokenizerOnly = isPreset }, "`--skip-doctor` trains nevertheless")
            .Where(finding => finding.Severity == Severity.Warning).Select(finding => $"doctor: {finding.Sentence}")];
    }

    /// <summary>Makes the model of a preset with fresh weights, or loads a model folder.</summary>
    /// <exception cref="InputException">The name is neither a preset nor a folder, or tokenizer and model do not belong together.</exception>
    public static Student Prepare(TrainOptions options, DeviceMap devices)
    {
        if (StudentPreset.Find(options.Student) is { } preset)
        {
            return options.Method == TrainingMethod.Full ? FromPreset(options.Reaching(preset), options, devices)
                : throw new InputException($"student `{options.Student}` has fresh weights: there is nothing for an adapter to change", "train it with `method: full`, or name a model folder");
        }
        if (!Directory.Exists(options.Student)) throw StudentPreset.Unknown(options.Student);
        StudentChat chat = StudentChat.Load(options.Student);
        bool adapted = options.Method == TrainingMethod.Lora;
        ModelConfig config = options.Reaching(ModelConfigFile.Load(options.Student));
        using IWeightSource weights = WeightSource.Open(options.Student);
        CausalLM model = ModelWeights.Load(config, weights, devices, adapted ? options.FrozenWeights : null, options.TrainedType);
        RequireFit(chat, model.Config, options.Student);
        if (adapted && model.AddAdapters([.. options.LoraTargets], options.LoraShape, RandomStream.DeriveSeed(options.Seed, "adapters")) == 0)
            throw new InputException($"lora_targets: {options.Student} has no projection of the name {string.Join(", ", options.LoraTargets)}",
                $"it has {string.Join(", ", model.Projections.Select(item => item.Name.Split('.')[^1]).Distinct())}");
        return new(model, chat, options.Student, options);
    }

    /// <summary>Writes the adapters, where there are any, whole or not at all.</summary>
    public void SaveAdapters(string folder)
    {
        if (_options.Method == TrainingMethod.Lora) AtomicFile.WriteFolder(folder, target => AdapterFolder.Save(Model, _options.LoraShape, target, _options.Student));
    }

    /// <summary>Writes the model folder in Hugging Face's layout, adapters merged in, whole or not at all.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="optimizer">Knows weights that are trained in 16 bits more exactly.</param>
    public void Save(string folder, AdamW optimizer) => AtomicFile.WriteFolder(folder, target =>
    {
        TensorType type = _options.FinalWeights switch { SavedWeights.BFloat16 => TensorType.BF16, SavedWeights.Float16 => TensorType.F16, _ => TensorType.F32 };
        if (_options.Method == TrainingMethod.Lora) AdapterFolder.SaveMerged(Model, _options.Student, target, type);
        else ModelWeights.Save(Model, target, type, values: type == TensorType.BF16 ? null : optimizer.Exact); // rounded, they are what was trained and measured
        CopyCompanions(_companions, target);
        string generation = Path.Combine(target, "generation_config.json");
        if (!File.Exists(generation)) AtomicFile.WriteText(generation, GenerationConfig(Model.Config));
        TrainingCard.Write(target, _options);
    });

    /// <summary>Copies what belongs to a model folder besides the weights and their shape: tokenizer, template, sampling.</summary>
    internal static void CopyCompanions(string source, string target)
    {
        foreach (string file in CompanionFiles.Where(file => File.Exists(Path.Combine(source, file))))
            File.Copy(Path.Combine(source, file), Path.Combine(target, file), overwrite: true);
    }

    private static Student FromPreset(ModelConfig preset, TrainOptions options, DeviceMap devices)
    {
        string folder = options.Tokenizer ?? LearnedTokenizer.Prepare(options);
        StudentChat chat = StudentChat.Load(folder);
        ModelConfig config = preset with
        {
            BosTokenId = chat.Tokenizer.BosTokenId,
            EosTokenIds = [chat.EndOfSequence],
            PadTokenId = chat.Tokenizer.PadTokenId,
        };
        RequireFit(chat, config, folder);
        var model = new CausalLM(config, devices, trained: options.TrainedType);
        model.InitializeWeights(RandomStream.DeriveSeed(options.Seed, "weights"));
        return new(model, chat, folder, options);
    }

    private static void RequireFit(StudentChat chat, ModelConfig config, string folder)
    {
        if (chat.Tokenizer.VocabularySize > config.VocabSize)
            throw new InputException($"{folder}: the tokenizer has {chat.Tokenizer.VocabularySize} tokens, the model only {config.VocabSize}",
                "use the tokenizer that belongs to the model");
    }

    // Sampling as the R1 model card recommends it.
    private static string GenerationConfig(ModelConfig config) => new JsonObject
    {
        ["bos_token_id"] = config.BosTokenId,
        ["do_sample"] = true,
        ["eos_token_id"] = config.EosTokenIds[0],
        ["pad_token_id"] = config.PadTokenId,
        ["temperature"] = 0.6,
        ["top_p"] = 0.95,
    }.ToJsonString(new() { WriteIndented = true }) + "\n";
}
