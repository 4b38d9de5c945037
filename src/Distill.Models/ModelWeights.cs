using Distill.Runs;
using Distill.Weights;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>Moves weights between a model and files in the layout of Hugging Face.</summary>
public static class ModelWeights
{
    /// <summary>Makes the model of a folder and loads its weights, tensor by tensor.</summary>
    /// <param name="folder">Folder with <c>config.json</c> and <c>model.safetensors</c> or its shards.</param>
    /// <param name="devices">Where the weights go.</param>
    /// <param name="frozen">How to keep the matrices, which then take no gradient; null: as floats that can be trained.</param>
    /// <param name="trained">How to keep matrices that can be trained: 32-bit or 16-bit floats.</param>
    /// <exception cref="InputException">A file is missing or damaged, or a tensor is missing, unknown or has another shape.</exception>
    public static CausalLM Load(string folder, DeviceMap devices, WeightFormat? frozen = null, ScalarType trained = ScalarType.Float32)
    {
        ModelConfig config = ModelConfigFile.Load(folder);
        using IWeightSource source = WeightSource.Open(folder);
        return Load(config, source, devices, frozen, trained);
    }

    /// <summary>Makes a model and loads its weights from any source that uses the checkpoint's names.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="source">The tensors.</param>
    /// <param name="devices">Where the weights go.</param>
    /// <param name="frozen">How to keep the matrices, which then take no gradient; null: as floats that can be trained.</param>
    /// <param name="trained">How to keep matrices that can be trained: 32-bit or 16-bit floats.</param>
    /// <exception cref="InputException">A tensor is missing, unknown or has another shape.</exception>
    public static CausalLM Load(ModelConfig config, IWeightSource source, DeviceMap devices, WeightFormat? frozen = null, ScalarType trained = ScalarType.Float32)
    {
        RequireFit(config, source);
        var model = new CausalLM(config, devices, allocate: frozen is null, trained);
        Dictionary<string, WeightMatrix> matrices = frozen is null ? [] : model.Matrices.ToDictionary(item => item.Name, item => item.Matrix, StringComparer.Ordinal);
        using var none = no_grad();
        foreach ((string name, Tensor tensor) in Named(model))
        {
            using var scope = NewDisposeScope();
            if (matrices.TryGetValue(name, out WeightMatrix? matrix))
            {
                Freeze(matrix, frozen!.Value, config, source, name);
                continue;
            }
            Read(config, source, name, tensor);
            if (frozen is not null && tensor is TorchSharp.Modules.Parameter) tensor.requires_grad = false;
        }
        TorchRuntime.ReleaseFreeMemory();
        return model;
    }

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c> into a folder; a large model in shards with an index.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="type">Format on disk.</param>
    /// <param name="maxShardBytes">Most bytes of tensors in one file.</param>
    /// <param name="values">Gives what is to be written for a tensor of the model, if that is known better than the model has it; null: the tensor.</param>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public static void Save(CausalLM model, string folder, TensorType type = TensorType.F32, long maxShardBytes = WeightFolder.DefaultShardBytes, Func<Tensor, Tensor>? values = null)
    {
        ModelConfigFile.Save(model.Config, folder, type);
        TensorToWrite[] tensors = [.. Named(model).OrderBy(item => item.Name, StringComparer.Ordinal)
            .Select(item => new TensorToWrite(item.Name, type, item.Tensor.shape, stream => Write(model.Config, item.Name, item.Tensor, values, stream, type)))];
        WeightFolder.Write(folder, tensors, maxShardBytes);
    }

    /// <summary>
    /// Checks names and shapes before any memory is taken: a config.json that does not belong to the weights fails at once.
    /// </summary>
    /// <param name="config">The shape.</param>
    /// <param name="source">The tensors.</param>
    /// <exception cref="InputException">A tensor is missing, unknown or has another shape.</exception>
    public static void RequireFit(ModelConfig config, IWeightSource source)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (CheckpointTensor tensor in CheckpointTensors.Of(config))
        {
            source.Require(tensor.Name, tensor.Shape);
            known.Add(tensor.Name);
        }
        if (source.Tensors.FirstOrDefault(tensor => !known.Contains(tensor.Name) && !CheckpointTensors.IsSuperfluous(config, tensor.Name)) is { } unknown)
        {
            throw new InputException($"{source.Path}: tensor `{unknown.Name}` has no place in a model of this shape",
                "use the config.json that belongs to these weights; merge adapters before");
        }
    }

    private static void Freeze(WeightMatrix matrix, WeightFormat format, ModelConfig config, IWeightSource source, string name)
    {
        if (RotaryLayout.HeadsToReorder(config, name) is null)
        {
            matrix.Freeze(format, (first, count) => TensorBytes.ReadRows(source, name, matrix.Rows, matrix.Columns, first, count));
            return;
        }
        Tensor values = empty(matrix.Rows, matrix.Columns); // rows of a head change places
        Read(config, source, name, values);
        matrix.Freeze(format, (first, count) => values.narrow(0, first, count));
    }

    private static void Read(ModelConfig config, IWeightSource source, string name, Tensor tensor)
    {
        TensorBytes.Read(source, name, tensor);
        if (RotaryLayout.HeadsToReorder(config, name) is { } heads) tensor.copy_(RotaryLayout.ToNeighbours(tensor, heads));
    }

    private static void Write(ModelConfig config, string name, Tensor tensor, Func<Tensor, Tensor>? values, Stream stream, TensorType type)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        if (values is not null) tensor = values(tensor);
        TensorBytes.Write(RotaryLayout.HeadsToReorder(config, name) is { } heads ? RotaryLayout.ToHalves(tensor, heads) : tensor, stream, type);
    }

    private static IEnumerable<(string Name, Tensor Tensor)> Named(CausalLM model) =>
        model.named_parameters().Where(item => !LowRankAdapter.IsPart(item.name)).Select(item => (item.name, (Tensor)item.parameter))
            .Concat(model.named_buffers().Select(item => (item.name, item.buffer)));
}
