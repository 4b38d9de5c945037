using System.Collections.Frozen;

namespace Distill.Training;

/// <summary>
/// Names that the other engine documents, with the versions they were read from. What is generated is checked against
/// them: a name that the engine does not know would end its start-up with an error.
/// </summary>
internal static class EngineOptions
{
    /// <summary>The environment that the generated files are written for; goes into <c>requirements.txt</c>.</summary>
    public static readonly string[] Environment =
    [
        "trl==1.9.0", "transformers==5.14.0", "accelerate==1.14.0", "datasets==5.0.0", "deepspeed==0.19.6", "peft==0.21.0", "torch==2.13.0", "kernels==0.16.0",
    ];

    /// <summary>ScriptArguments, ModelConfig and SFTConfig of trl 1.9.0, and those of transformers' TrainingArguments that are used.</summary>
    public static readonly FrozenSet<string> Sft = FrozenSet.ToFrozenSet(
    [
        // ScriptArguments
        "dataset_name", "dataset_config", "dataset_train_split", "dataset_test_split", "dataset_streaming", "ignore_bias_buffers",
        // ModelConfig
        "model_name_or_path", "model_revision", "dtype", "attn_implementation", "use_peft", "lora_r", "lora_alpha", "lora_dropout", "lora_target_modules",
        "lora_target_parameters", "lora_modules_to_save", "lora_task_type", "use_rslora", "use_dora",
        // SFTConfig
        "model_init_kwargs", "router_aux_loss_coef", "trust_remote_code", "chat_template_path", "dataset_text_field", "dataset_kwargs", "dataset_num_proc",
        "eos_token", "max_length", "truncation_mode", "shuffle_dataset", "packing", "packing_strategy", "padding_free", "pad_to_multiple_of", "eval_packing",
        "completion_only_loss", "assistant_only_loss", "loss_type", "activation_offloading",
        // TrainingArguments
        "output_dir", "per_device_train_batch_size", "gradient_accumulation_steps", "average_tokens_across_devices", "learning_rate", "weight_decay", "adam_beta1",
        "adam_beta2", "adam_epsilon", "max_grad_norm", "num_train_epochs", "max_steps", "lr_scheduler_type", "lr_scheduler_kwargs", "warmup_steps", "optim",
        "logging_steps", "logging_first_step", "logging_nan_inf_filter", "save_strategy", "save_steps", "save_total_limit", "seed", "data_seed", "bf16", "gradient_checkpointing",
        "gradient_checkpointing_kwargs", "deepspeed", "fsdp", "fsdp_config", "ddp_timeout", "report_to", "use_cache",
    ]);

    /// <summary>Keys of a DeepSpeed configuration that are used. Source: DeepSpeed configuration JSON, version 0.19.</summary>
    public static readonly FrozenSet<string> DeepSpeed = FrozenSet.ToFrozenSet(
    [
        "zero_optimization", "stage", "overlap_comm", "contiguous_gradients", "reduce_bucket_size", "stage3_prefetch_bucket_size", "stage3_param_persistence_threshold",
        "stage3_gather_16bit_weights_on_model_save", "offload_optimizer", "offload_param", "device", "pin_memory", "bf16", "enabled", "gradient_accumulation_steps", "gradient_clipping",
        "train_batch_size", "train_micro_batch_size_per_gpu",
    ]);

    /// <summary>Keys of transformers' <c>fsdp_config</c> (accelerate's FullyShardedDataParallelPlugin, version 2) that are used.</summary>
    public static readonly FrozenSet<string> Fsdp = FrozenSet.ToFrozenSet(
    [
        "fsdp_version", "auto_wrap_policy", "reshard_after_forward", "cpu_ram_efficient_loading", "offload_params", "state_dict_type", "activation_checkpointing",
    ]);
}
