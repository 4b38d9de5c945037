using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>
/// Everything training needs to go on as if it had never stopped: weights, both moments, router biases, position in the data.
/// Kept as folders <c>step-000500</c> that are renamed into place when they are whole; with each goes a hash of its tensors, because a disk may give back
/// other bytes than it was given. What is damaged is set aside, as <c>step-000500.damaged</c>.
/// </summary>
/// <param name="folder">Folder of the checkpoints.</param>
/// <param name="settings">What decides the weights (<see cref="TrainingSettings"/>); a checkpoint of other settings is not continued.</param>
/// <param name="mayDiffer">Names of settings that may be others nevertheless.</param>
public sealed partial class Checkpoint(string folder, IReadOnlyDictionary<string, string> settings, params IReadOnlyCollection<string> mayDiffer)
{
    private const string StateFile = "state.json", TensorFile = "state.safetensors", BestFolder = "best", DamagedSuffix = ".damaged";

    private sealed record SavedState(IReadOnlyDictionary<string, string> Settings, TrainingState State, string? TensorHash);

    /// <summary>Writes the present state and forgets all but the newest few.</summary>
    public void Save(CausalLM student, FlatParameters parameters, AdamW optimizer, TrainingState state, int keep)
    {
        Write($"step-{state.Step:D6}", [.. Weights(student, parameters, optimizer), .. optimizer.Tensors], state);
        foreach (string old in Folders().SkipLast(Math.Max(1, keep))) Directory.Delete(old, recursive: true);
    }

    /// <summary>Writes the weights with the lowest held-out loss, in place of those before.</summary>
    public void SaveBest(CausalLM student, FlatParameters parameters, AdamW optimizer, TrainingState state) => Write(BestFolder, Weights(student, parameters, optimizer), state);

    /// <summary>Brings back the best weights.</summary>
    /// <param name="student">The model.</param>
    /// <param name="parameters">Its trained parameters.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="step">The step that they were measured at.</param>
    /// <returns>Whether they are there, and whole.</returns>
    public bool RestoreBest(CausalLM student, FlatParameters parameters, AdamW optimizer, int step) => ReadState(Path.Combine(folder, BestFolder)) is { } saved && saved.State.Step == step
        && TryReadTensors(Path.Combine(folder, BestFolder), saved, [.. Weights(student, parameters, optimizer)]);

    /// <summary>Brings back the newest state that is whole, or returns null when there is none.</summary>
    /// <param name="student">The model.</param>
    /// <param name="parameters">Its trained parameters.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="progress">Is told of checkpoints that are damaged.</param>
    /// <exception cref="InputException">The checkpoints belong to other settings, which are named.</exception>
    public TrainingState? Restore(CausalLM student, FlatParameters parameters, AdamW optimizer, IProgress<ProgressEvent>? progress = null)
    {
        string[] candidates = [.. Folders().Reverse()];
        foreach (string candidate in candidates)
        {
            if (ReadState(candidate) is { } saved)
            {
                IReadOnlyList<string> differences = TrainingSettings.Differences(saved.Settings, settings), refused = TrainingSettings.Differences(saved.Settings, settings, mayDiffer);
                if (refused.Count > 0)
                    throw new InputException($"{candidate}: belongs to a training with other settings: {string.Join("; ", refused)}",
                        "repeat the settings of that training, choose another output folder, or pass `--resume false` to start anew");
                if (TryReadTensors(candidate, saved, [.. Weights(student, parameters, optimizer), .. optimizer.Tensors]))
                {
                    if (differences.Count > 0) progress?.Report(ProgressEvent.Say($"train: goes on from step {saved.State.Step:N0} with other settings: {string.Join("; ", differences)}"));
                    return saved.State;
                }
            }
            SetAside(candidate);
            progress?.Report(ProgressEvent.Say($"{candidate}: is damaged, and set aside as {Path.GetFileName(candidate)}{DamagedSuffix}; " +
                (candidate == candidates[^1] ? "there is no checkpoint before it: starting from the beginning" : "going on from the checkpoint before it")));
        }
        return null;
    }

    // Among the newest it would take the place of a whole one.
    private static void SetAside(string candidate) => AtomicFile.Guard(candidate, () =>
    {
        if (Directory.Exists(candidate + DamagedSuffix)) Directory.Delete(candidate + DamagedSuffix, recursive: true);
        Directory.Move(candidate, candidate + DamagedSuffix);
    });

    // Damaged beyond what renaming into place prevents, e.g. by a failing disk: the checkpoint before it is taken.
    private static bool TryReadTensors(string candidate, SavedState saved, (string Name, Tensor Tensor)[] tensors)
    {
        try
        {
            string file = Path.Combine(candidate, TensorFile);
            using var source = SafetensorsFile.Open(file);
            if (saved.TensorHash is { } hash && hash != Fingerprint.OfFile(file)) return false;
            foreach ((string name, Tensor tensor) in tensors) source.Require(name, tensor.shape);
            foreach ((string name, Tensor tensor) in tensors) TensorBytes.Read(source, name, tensor);
            return true;
        }
        catch (Exception e) when (e is InputException or IOException)
        {
            return false;
        }
    }

    /// <summary>Deletes all checkpoints.</summary>
    public void Clear()
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    // Oldest first.
    private IEnumerable<string> Folders() => Directory.Exists(folder)
        ? Directory.EnumerateDirectories(folder).Where(path => StepFolder().IsMatch(Path.GetFileName(path))).OrderBy(path => int.Parse(Path.GetFileName(path)["step-".Length..], CultureInfo.InvariantCulture))
        : [];

    [GeneratedRegex(@"^step-\d{6,9}$")]
    private static partial Regex StepFolder();

    private static SavedState? ReadState(string candidate)
    {
        try
        {
            return JsonSerializer.Deserialize<SavedState>(File.ReadAllText(Path.Combine(candidate, StateFile))) is { Settings: not null, State: not null } saved ? saved : null;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null; // not whole: the one before it is taken
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InputException($"{candidate}: cannot be read (permission denied)", "change its permissions, or choose another output folder", inner: e);
        }
    }

    private void Write(string name, IEnumerable<(string Name, Tensor Tensor)> tensors, TrainingState state) => AtomicFile.WriteFolder(Path.Combine(folder, name), target =>
    {
        string file = Path.Combine(target, TensorFile);
        SafetensorsWriter.Write(file, [.. tensors
            .Select(item => (item.Name, item.Tensor, Type: TypeOf(item.Tensor)))
            .Select(item => new TensorToWrite(item.Name, item.Type, item.Tensor.shape, stream => TensorBytes.Write(item.Tensor, stream, item.Type)))]);
        AtomicFile.WriteText(Path.Combine(target, StateFile), JsonSerializer.Serialize(new SavedState(settings, state, Fingerprint.OfFile(file))));
    });

    private static TensorType TypeOf(Tensor tensor) => tensor.dtype switch
    {
        ScalarType.Int8 => TensorType.I8,
        ScalarType.Int16 => TensorType.I16,
        ScalarType.BFloat16 => TensorType.BF16,
        _ => TensorType.F32,
    };

    private static IEnumerable<(string Name, Tensor Tensor)> Weights(CausalLM student, FlatParameters parameters, AdamW optimizer) =>
    [
        .. parameters.Parts.Select((part, index) => (index == 0 ? "parameters" : $"parameters.{index}", part.Values)), .. optimizer.Masters,
        .. student.named_buffers().Select(item => (item.name, item.buffer)),
    ];
}
