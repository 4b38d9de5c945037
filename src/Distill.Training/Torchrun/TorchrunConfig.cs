using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Distill.Training;

/// <summary>The other engine's configuration: what <see cref="TrainOptions"/> says, in its words.</summary>
internal static class TorchrunConfig
{
    /// <summary>The arguments of TRL's supervised fine-tuning as YAML, in a fixed order.</summary>
    /// <param name="options">The recipe.</param>
    /// <param name="model">Folder of the model to train.</param>
    /// <param name="steps">Optimizer updates.</param>
    public static string Sft(TrainOptions options, string model, int steps)
    {
        int gpus = options.Gpus;
        if (options.RowsPerUpdate % gpus != 0)
            throw new Runs.InputException($"train: batch_size {options.RowsPerUpdate} cannot be divided among {gpus} GPUs", $"use a multiple of {gpus}, or other values of nodes and gpus_per_node");
        int perGpu = options.RowsPerUpdate / gpus, micro = Enumerable.Range(1, Math.Min(options.RowsPerPass, perGpu)).Last(size => perGpu % size == 0);
        (string Key, object Value)[] arguments =
        [
            ("model_name_or_path", model), ("dtype", "bfloat16"), ("attn_implementation", "kernels-community/flash-attn3"), ("trust_remote_code", false),
            ("dataset_name", "data"), ("dataset_train_split", "train"),
            // Samples are whole and no longer than max_length: best-fit packing then has nothing to cut.
            ("packing", options.Packing), ("packing_strategy", "bfd"), ("max_length", options.RowLength), ("shuffle_dataset", true),
            ("loss_type", "chunked_nll"), ("average_tokens_across_devices", true),
            ("output_dir", "output"), ("max_steps", steps), ("per_device_train_batch_size", micro), ("gradient_accumulation_steps", perGpu / micro),
            ("learning_rate", options.PeakLearningRate), ("lr_scheduler_type", "cosine_with_min_lr"),
            ("lr_scheduler_kwargs", new JsonObject { ["min_lr_rate"] = options.MinLearningRateRatio }), ("warmup_steps", options.WarmupOf(steps)),
            ("weight_decay", options.WeightDecay), ("adam_beta1", options.Beta1), ("adam_beta2", options.Beta2), ("max_grad_norm", options.MaxGradientNorm),
            ("bf16", true), ("gradient_checkpointing", true), ("seed", (options.Seed & long.MaxValue) % int.MaxValue),
            ("logging_steps", 1), ("logging_nan_inf_filter", false), ("save_strategy", "steps"), ("save_steps", options.CheckpointEvery), ("save_total_limit", options.KeepCheckpoints),
            ("report_to", "none"),
            .. options.Sharding == Sharding.Zero3
                ? new (string, object)[] { ("deepspeed", "deepspeed.json") }
                : [("fsdp", "full_shard auto_wrap"), ("fsdp_config", Fsdp(options))],
        ];
        // The engine knows rows; what an update means to the recipe stands in front.
        var yaml = new StringBuilder($"# One update: {options.RowsPerUpdate} rows of {options.RowLength} tokens ({micro} a GPU, {perGpu / micro} times, on {gpus} GPUs), which hold about {TrainingRecipe.SamplesOf(options).ToString("0", CultureInfo.InvariantCulture)} samples.\n");
        foreach ((string key, object value) in arguments)
        {
            if (!EngineOptions.Sft.Contains(key)) throw new InvalidOperationException($"`{key}` is not an argument that trl documents");
            yaml.Append(key).Append(": ").Append(Text(value)).Append('\n');
        }
        return yaml.ToString();
    }

    /// <summary>ZeRO stage 3: weights, gradients and moments are divided among all GPUs, or kept in the computers' memory.</summary>
    /// <param name="options">The recipe.</param>
    public static JsonObject DeepSpeed(TrainOptions options)
    {
        var zero = new JsonObject
        {
            ["stage"] = 3,
            ["overlap_comm"] = true,
            ["contiguous_gradients"] = true,
            ["reduce_bucket_size"] = "auto",
            ["stage3_prefetch_bucket_size"] = "auto",
            ["stage3_param_persistence_threshold"] = "auto",
            ["stage3_gather_16bit_weights_on_model_save"] = true,
        };
        if (options.OptimizerOnCpu || options.ParametersOnCpu) zero["offload_optimizer"] = new JsonObject { ["device"] = "cpu", ["pin_memory"] = true };
        if (options.ParametersOnCpu) zero["offload_param"] = new JsonObject { ["device"] = "cpu", ["pin_memory"] = true };
        return Checked(EngineOptions.DeepSpeed, new JsonObject
        {
            ["zero_optimization"] = zero,
            ["bf16"] = new JsonObject { ["enabled"] = true },
            ["gradient_accumulation_steps"] = "auto",
            ["gradient_clipping"] = options.MaxGradientNorm,
            ["train_batch_size"] = "auto",
            ["train_micro_batch_size_per_gpu"] = "auto",
        });
    }

    // FSDP has one setting for both: moments are where the parameters are.
    private static JsonObject Fsdp(TrainOptions options) => Checked(EngineOptions.Fsdp, new JsonObject
    {
        ["fsdp_version"] = 2,
        ["auto_wrap_policy"] = "TRANSFORMER_BASED_WRAP",
        ["reshard_after_forward"] = true,
        ["offload_params"] = options.ParametersOnCpu || options.OptimizerOnCpu,
        ["cpu_ram_efficient_loading"] = true,
        ["state_dict_type"] = "FULL_STATE_DICT",
    });

    private static JsonObject Checked(IReadOnlySet<string> documented, JsonObject json)
    {
        foreach ((string key, JsonNode? value) in json)
        {
            if (!documented.Contains(key)) throw new InvalidOperationException($"`{key}` is not documented");
            if (value is JsonObject inner) Checked(documented, inner);
        }
        return json;
    }

    // JSON is YAML, and quotes what needs it.
    private static string Text(object value) => value switch
    {
        JsonNode node => node.ToJsonString(),
        bool flag => flag ? "true" : "false",
        // YAML 1.1 readers take 1e-05 for a text unless it has a point.
        double number => number is not 0 and (< 1e-3 or >= 1e15) ? number.ToString("0.0###############E-00", CultureInfo.InvariantCulture) : number.ToString(CultureInfo.InvariantCulture),
        string text => JsonValue.Create(text).ToJsonString(),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
