using System.Text.Json;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>
/// Everything training needs to go on as if it had never stopped: weights, both moments, router biases, position in the data.
/// Kept as folders <c>step-000500</c> that are renamed into place when they are whole.
/// </summary>
/// <param name="folder">Folder of the checkpoints.</param>
/// <param name="settings">What decides the weights (<see cref="TrainingSettings"/>); a checkpoint of other settings is not continued.</param>
public sealed class Checkpoint(string folder, IReadOnlyDictionary<string, string> settings)
{
    private const string StateFile = "state.json", TensorFile = "state.safetensors", BestFolder = "best";

    private sealed record SavedState(IReadOnlyDictionary<string, string>? Settings, TrainingState State);

    /// <summary>Writes the present state and forgets all but the newest few.</summary>
    public void Save(CausalLM student, FlatParameters parameters, AdamW optimizer, TrainingState state, int keep)
    {
        Write($"step-{state.Step:D6}", [.. Weights(student, parameters, optimizer), .. optimizer.Tensors], state);
        foreach (string old in Folders().SkipLast(Math.Max(1, keep))) Directory.Delete(old, recursive: true);
    }

    /// <summary>Writes the weights with the lowest held-out loss, in place of those before.</summary>
    public void SaveBest(CausalLM student, FlatParameters parameters, AdamW optimizer, TrainingState state) => Write(BestFolder, Weights(student, parameters, optimizer), state);

    /// <summary>Brings back the weights with the lowest held-out loss.</summary>
    /// <returns>Whether there were any.</returns>
    public bool RestoreBest(CausalLM student, FlatParameters parameters, AdamW optimizer) =>
        ReadState(Path.Combine(folder, BestFolder))?.Settings is { } saved && TrainingSettings.Differences(saved, settings).Count == 0 && TryReadTensors(Path.Combine(folder, BestFolder), [.. Weights(student, parameters, optimizer)]);

    /// <summary>Brings back the newest state that is whole, or returns null when there is none.</summary>
    /// <param name="student">The model.</param>
    /// <param name="parameters">Its trained parameters.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="progress">Is told of checkpoints that are damaged.</param>
    /// <exception cref="InputException">The checkpoints belong to other settings, which are named.</exception>
    public TrainingState? Restore(CausalLM student, FlatParameters parameters, AdamW optimizer, IProgress<ProgressEvent>? progress = null)
    {
        foreach (string candidate in Folders().Reverse())
        {
            if (ReadState(candidate) is { } saved)
            {
                IReadOnlyList<string> differences = TrainingSettings.Differences(saved.Settings ?? new Dictionary<string, string>(), settings);
                if (differences.Count > 0)
                    throw new InputException($"{candidate}: belongs to a training with other settings: {string.Join("; ", differences)}",
                        "repeat the settings of that training, choose another output folder, or pass `--resume false` to start anew");
                if (TryReadTensors(candidate, [.. Weights(student, parameters, optimizer), .. optimizer.Tensors])) return saved.State;
            }
            progress?.Report(ProgressEvent.Say($"{candidate}: is damaged; going on from the checkpoint before it, or from the start where there is none"));
        }
        return null;
    }

    // Damaged beyond what renaming into place prevents, e.g. by a failing disk: the checkpoint before it is taken.
    private static bool TryReadTensors(string candidate, (string Name, Tensor Tensor)[] tensors)
    {
        try
        {
            using var source = SafetensorsFile.Open(Path.Combine(candidate, TensorFile));
            foreach ((string name, Tensor tensor) in tensors) source.Require(name, tensor.shape);
            foreach ((string name, Tensor tensor) in tensors) TensorBytes.Read(source, name, tensor);
            return true;
        }
        catch (InputException)
        {
            return false;
        }
    }

    /// <summary>Deletes all checkpoints.</summary>
    public void Clear()
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private IEnumerable<string> Folders() => Directory.Exists(folder)
        ? Directory.EnumerateDirectories(folder, "step-??????").Order(StringComparer.Ordinal)
        : [];

    private static SavedState? ReadState(string candidate)
    {
        try
        {
            return JsonSerializer.Deserialize<SavedState>(File.ReadAllText(Path.Combine(candidate, StateFile)));
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null; // not whole: the one before it is taken
        }
    }

    private void Write(string name, IEnumerable<(string Name, Tensor Tensor)> tensors, TrainingState state) => AtomicFile.WriteFolder(Path.Combine(folder, name), target =>
    {
        SafetensorsWriter.Write(Path.Combine(target, TensorFile), [.. tensors
            .Select(item => (item.Name, item.Tensor, Type: TypeOf(item.Tensor)))
            .Select(item => new TensorToWrite(item.Name, item.Type, item.Tensor.shape, stream => TensorBytes.Write(item.Tensor, stream, item.Type)))]);
        AtomicFile.WriteText(Path.Combine(target, StateFile), JsonSerializer.Serialize(new SavedState(settings, state)));
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
