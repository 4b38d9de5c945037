using Distill.Models;
using Distill.Runs;

namespace Distill.Training;

/// <summary>What to do with a sample that is longer than a row.</summary>
public enum ExcessLength
{
    /// <summary>Leave it out and count it.</summary>
    Drop,

    /// <summary>Stop with an error.</summary>
    Raise,
}

/// <summary>Which turns of a conversation are learned.</summary>
public enum TrainedTurns
{
    /// <summary>The last assistant turn; earlier ones are only shown.</summary>
    Last,

    /// <summary>Every assistant turn, each as a sample of its own.</summary>
    All,
}

/// <summary>What is trained.</summary>
public enum TrainingMethod
{
    /// <summary>Every weight.</summary>
    Full,

    /// <summary>Low-rank adapters beside frozen weights.</summary>
    Lora,
}

/// <summary>Format of the weights of a finished model.</summary>
public enum SavedWeights
{
    /// <summary>32-bit floats.</summary>
    Float32,

    /// <summary>16 bits with the range of 32-bit floats.</summary>
    BFloat16,

    /// <summary>16-bit floats.</summary>
    Float16,
}

/// <summary>Options of the <c>train</c> stage.</summary>
public sealed record TrainOptions : IExtendableOptions, ICheckedOptions
{
    /// <summary>
    /// What to train: a shape trained from nothing (<c>tiny-qwen</c>, <c>tiny-r1</c>), a base model (<c>qwen-1.5b</c> and others) with its
    /// weights in <see cref="Base"/>, or a model folder in Hugging Face's layout.
    /// </summary>
    [Option("preset (tiny-qwen, tiny-r1; qwen-1.5b/7b/14b/32b, llama-8b/70b with --base) or model folder to start from", Required = true, IsPath = true, MayBeName = true)]
    public string Student { get; init; } = "";

    /// <summary>Folder of the base model's weights when <see cref="Student"/> is a preset that needs them.</summary>
    [Option("folder with the base model's weights, for the presets qwen-1.5b to llama-70b", IsPath = true)]
    public string? Base { get; init; }

    /// <summary>Training set: traces, or conversations as public sets have them, as Parquet or JSONL.</summary>
    [Option("training set: traces, or conversations with `messages`, as Parquet or JSONL", Required = true, IsPath = true)]
    public string Data { get; init; } = "";

    /// <summary>Which turns of a conversation are learned.</summary>
    [Option("turns of a conversation to learn: last, or all (each as a sample of its own)")]
    public TrainedTurns Turns { get; init; } = TrainedTurns.Last;

    /// <summary>Folder for checkpoints, metrics and the finished model.</summary>
    [Option("folder for checkpoints, metrics.jsonl and model/", Required = true, IsPath = true)]
    public string Out { get; init; } = "";

    /// <summary>Folder of the tokenizer for a preset; without it one is learned from the training set.</summary>
    [Option("folder of the tokenizer for a preset; none: learn one from the training set", IsPath = true)]
    public string? Tokenizer { get; init; }

    /// <summary>What is trained.</summary>
    [Option("full: every weight; lora: low-rank adapters beside frozen weights")]
    public TrainingMethod Method { get; init; } = TrainingMethod.Full;

    /// <summary>What the student is trained to do; anything but cross-entropy needs traces with the teacher's log-probabilities.</summary>
    [Option("cross-entropy on the teacher's tokens, or a divergence from its distribution (traces made with --top-logprobs)")]
    public TrainingObjective Objective { get; init; } = TrainingObjective.CrossEntropy;

    /// <summary>Weight of the divergence; the rest is cross-entropy.</summary>
    [Option("weight of the divergence, above 0 up to 1; the rest is cross-entropy")]
    public double DistillWeight { get; init; } = 0.5;

    /// <summary>Temperature at which the divergence compares the distributions.</summary>
    [Option("temperature at which the divergence compares teacher and student")]
    public double DistillTemperature { get; init; } = 1;

    /// <summary>β of the Jensen-Shannon divergence, α of the skewed ones.</summary>
    [Option("jsd: share of the teacher in the mixture; skewed-kl, skewed-reverse-kl: alpha (default: 0.5 and 0.1)")]
    public double? DistillMix { get; init; }

    /// <summary>What becomes of the probability that the teacher's likeliest tokens leave over.</summary>
    [Option("probability beyond the teacher's likeliest tokens: other (one outcome together) or renormalize (left out)")]
    public MissingMass MissingMass { get; init; } = MissingMass.Other;

    /// <summary>Rank of the adapters.</summary>
    [Option("lora: rank of the adapters")]
    public int LoraRank { get; init; } = 16;

    /// <summary>Numerator of the adapters' scale.</summary>
    [Option("lora: alpha; adapters count alpha/rank")]
    public double LoraAlpha { get; init; } = 32;

    /// <summary>Whether adapters count alpha over the root of the rank.</summary>
    [Option("lora: adapters count alpha over the root of the rank")]
    public bool LoraRankStabilized { get; init; }

    /// <summary>Projections that get an adapter.</summary>
    [Option("lora: projections that get an adapter, e.g. q_proj,v_proj", IsName = true)]
    public IReadOnlyList<string> LoraTargets { get; init; } = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    /// <summary>How frozen weights are kept in memory.</summary>
    [Option("lora: how frozen weights are kept in memory: float32, bfloat16, int8 or int4")]
    public WeightFormat FrozenWeights { get; init; } = WeightFormat.BFloat16;

    /// <summary>Whether layers are computed a second time in the backward pass instead of being kept.</summary>
    [Option("compute each layer again in the backward pass instead of keeping its results: far less memory, a third more work (half more with lora)")]
    public bool ActivationCheckpointing { get; init; }

    /// <summary>Positions of a row that are computed at a time, each layer again in the backward pass; 0: whole rows; null: decided by <see cref="Chunks"/>.</summary>
    [Option("compute rows N positions at a time, so that long documents need little beyond each layer's input; computes layers again, too (default: 1024 with activation_checkpointing and rows above 4096, else 0: whole rows)")]
    public int? SequenceChunk { get; init; }

    /// <summary>Whether layers' inputs stay in the computer's memory while the model is on a GPU.</summary>
    [Option("with sequence_chunk: keep layers' inputs in the computer's memory while the model is on a GPU (not yet tried on a GPU)", DoesNotChangeResult = true)]
    public bool ActivationsOnCpu { get; init; }

    /// <summary>How rows are computed in chunks, or null when they are computed whole.</summary>
    internal SequenceChunks? Chunks
    {
        get
        {
            int size = SequenceChunk ?? (ActivationCheckpointing && RowLength > TrainingRecipe.LongRow ? TrainingRecipe.DefaultChunk : 0);
            return size > 0 ? new(size, ActivationsOnCpu) : null;
        }
    }

    /// <summary>How the weights that are trained are kept in memory.</summary>
    [Option("how trained weights are kept: float32; bfloat16 (32-bit originals beside them take the updates); bfloat16-stochastic (alone, updates rounded at random, right on average)")]
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>Type of the matrices that are trained.</summary>
    internal TorchSharp.torch.ScalarType TrainedType => Precision == Precision.Float32 ? TorchSharp.torch.ScalarType.Float32 : TorchSharp.torch.ScalarType.BFloat16;

    /// <summary>Format of the finished model's weights.</summary>
    [Option("format of the finished model's weights: float32, bfloat16 or float16 (default: as they were trained, float32 or bfloat16)")]
    public SavedWeights? SavedWeights { get; init; }

    /// <summary>Format of the finished model's weights, given or not.</summary>
    internal SavedWeights FinalWeights => SavedWeights ?? (Precision == Precision.Float32 ? Training.SavedWeights.Float32 : Training.SavedWeights.BFloat16);

    /// <summary>Optimizer updates; null: as many as <see cref="Epochs"/> take. 0 writes the untrained model.</summary>
    [Option("optimizer updates (default: what the epochs take; 0 writes the untrained student)")]
    public int? MaxSteps { get; init; }

    /// <summary>Passes over the training set when <see cref="MaxSteps"/> is not given.</summary>
    [Option("passes over the training set, when max_steps is not given (default: 2)")]
    public int? Epochs { get; init; }

    /// <summary>Passes over the training set, given or not.</summary>
    internal int Passes => Epochs ?? (Recipe is null ? TrainingRecipe.DefaultEpochs : BasePreset.Epochs);

    /// <summary>Tokens of a row.</summary>
    [Option("tokens of a training row (default: 512; 32768 with a base model's preset)")]
    public int? SequenceLength { get; init; }

    /// <summary>Tokens of a row, given or not.</summary>
    internal int RowLength => SequenceLength ?? (Recipe is null ? TrainingRecipe.DefaultRowLength : BasePreset.SequenceLength);

    /// <summary>Positions that the student is made for, in its <c>config.json</c> and in what is exported; null: as its base says, and with a base model's preset at least <see cref="BasePreset.Positions"/>.</summary>
    [Option("positions that the student is made for, written into its config.json (default: its base's; 131072 with a base model's preset, as the published distills have)")]
    public int? MaxPositions { get; init; }

    /// <summary>Base of the rotary frequencies; null: as the student's base says.</summary>
    [Option("base of the rotary frequencies, written into the student's config.json (default: its base's, as DeepSeek kept it; open-r1 took 300000 with 32768 positions)")]
    public double? RopeTheta { get; init; }

    /// <summary>Whether several samples share a row, kept apart by mask and positions.</summary>
    [Option("put several samples into one row, attention and positions kept apart")]
    public bool Packing { get; init; } = true;

    /// <summary>What to do with samples longer than a row; they are never cut.</summary>
    [Option("samples longer than a row: drop or raise (never cut)")]
    public ExcessLength ExcessLength { get; init; } = ExcessLength.Drop;

    /// <summary>Rows per optimizer update.</summary>
    [Option("rows per optimizer update (default: 16; with a base model's preset, rows of 64 samples)")]
    public int? BatchSize { get; init; }

    /// <summary>Rows per update, given or not.</summary>
    internal int RowsPerUpdate => BatchSize ?? (Recipe is null ? TrainingRecipe.DefaultRows : BasePreset.RowsPerUpdate(this));

    /// <summary>Rows per forward and backward pass.</summary>
    [Option("rows per forward and backward pass; the update is the same (default: 16; 1 with a base model's preset)")]
    public int? MicroBatchSize { get; init; }

    /// <summary>Rows per forward and backward pass, given or not.</summary>
    internal int RowsPerPass => MicroBatchSize ?? (Recipe is null ? TrainingRecipe.DefaultRows : 1);

    /// <summary>Highest learning rate.</summary>
    [Option("highest learning rate (default: 1e-5, of adapters 1e-4; 3e-3 for the tiny shapes; with a base model's preset the published one, less for small sets)")]
    public double? LearningRate { get; init; }

    /// <summary>Highest learning rate, given or not.</summary>
    internal double PeakLearningRate => LearningRate ?? Recipe?.LearningRateFor(Size) ?? (StudentPreset.Find(Student) is not null ? StudentPreset.LearningRate : Method == TrainingMethod.Lora ? TrainingRecipe.DefaultAdapterLearningRate : TrainingRecipe.DefaultLearningRate);

    /// <summary>Updates over which the learning rate rises from zero.</summary>
    [Option("updates of linear warm-up (default: 20; 3 % of all with a base model's preset)")]
    public int? WarmupSteps { get; init; }

    /// <summary>Updates of the warm-up, given or not.</summary>
    /// <param name="steps">Updates of the whole training.</param>
    internal int WarmupOf(int steps) => WarmupSteps ?? (Recipe is null ? TrainingRecipe.DefaultWarmup : BasePreset.WarmupOf(steps));

    /// <summary>Where the cosine ends, as a share of the highest learning rate.</summary>
    [Option("final learning rate as a share of the highest")]
    public double MinLearningRateRatio { get; init; } = 0.1;

    /// <summary>Decoupled weight decay of matrices; norms and biases have none.</summary>
    [Option("weight decay of matrices")]
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>AdamW's decay of the first moment.</summary>
    [Option("AdamW beta1")]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's decay of the second moment.</summary>
    [Option("AdamW beta2")]
    public double Beta2 { get; init; } = 0.95;

    /// <summary>How AdamW keeps its moments.</summary>
    [Option("how AdamW keeps its moments: float32, or int8 in a quarter of the memory")]
    public MomentFormat Moments { get; init; } = MomentFormat.Float32;

    /// <summary>Whether the moments stay in the computer's memory while the model is on a GPU.</summary>
    [Option("keep AdamW's moments in the computer's memory while the model is on a GPU", DoesNotChangeResult = true)]
    public bool OptimizerOnCpu { get; init; }

    /// <summary>Whether embedding, projections and head, their gradients and moments stay in the computer's memory while the model computes on a GPU.</summary>
    [Option("keep weights, gradients and moments in the computer's memory; each matrix, or with recomputation each layer, comes to the GPU when it is used (not yet tried on a GPU)", DoesNotChangeResult = true)]
    public bool ParametersOnCpu { get; init; }

    /// <summary>Largest gradient norm of an update.</summary>
    [Option("gradients are scaled down to this norm")]
    public double MaxGradientNorm { get; init; } = 1.0;

    /// <summary>Size of a router bias adjustment per update (mixture of experts only).</summary>
    [Option("router bias adjustment per update (mixture of experts)")]
    public double BalanceSpeed { get; init; } = 0.001;

    /// <summary>How many times the median of the last losses stops the training; 0 lets every loss pass.</summary>
    [Option("stop when a loss is this many times the median of the last 64 (and a nat above it); 0: never", DoesNotChangeResult = true)]
    public double SpikeFactor { get; init; } = 4;

    /// <summary>Share of the samples that is kept out of training and measured, from 0 to 1.</summary>
    [Option("share of the samples to keep out of training and measure the loss on")]
    public double HeldOutShare { get; init; }

    /// <summary>Updates between measurements of the held-out loss.</summary>
    [Option("updates between measurements of the held-out loss")]
    public int HeldOutEvery { get; init; } = 200;

    /// <summary>A suite of problems that the student is asked now and then, or null.</summary>
    [Option("suite of held-out problems that the student is asked now and then: its pass@1 stands beside the loss", IsPath = true)]
    public string? EvalSuite { get; init; }

    /// <summary>Updates between measurements on the suite.</summary>
    [Option("updates between measurements of pass@1 on the suite")]
    public int EvalEvery { get; init; } = 200;

    /// <summary>Samples of each problem; null: as the suite says.</summary>
    [Option("samples of each problem of the suite (default: as the suite says)")]
    public int? EvalSamples { get; init; }

    /// <summary>Problems of the suite that are asked, from its front; null: all.</summary>
    [Option("ask only the first N problems of the suite")]
    public int? EvalLimit { get; init; }

    /// <summary>Measurements without a new best that end the training; 0: none do. The best is the highest pass@1 where there is a suite, else the lowest held-out loss.</summary>
    [Option("end after this many measurements without a new best (pass@1 of the suite, else held-out loss), with the best weights; 0: never")]
    public int Patience { get; init; }

    /// <summary>Updates between checkpoints.</summary>
    [Option("updates between checkpoints", DoesNotChangeResult = true)]
    public int CheckpointEvery { get; init; } = 200;

    /// <summary>Checkpoints to keep.</summary>
    [Option("checkpoints to keep", DoesNotChangeResult = true)]
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Whether to go on from the last checkpoint in the folder.</summary>
    [Option("go on from the last checkpoint in the folder", DoesNotChangeResult = true)]
    public bool Resume { get; init; } = true;

    /// <summary>Whether the training in the folder is gone on with for more updates, or with another learning rate than it began with.</summary>
    [Option("go on with the training in the folder for more updates or with another learning rate: only max_steps, epochs, learning_rate, warmup_steps, min_learning_rate_ratio and max_gradient_norm may differ", DoesNotChangeResult = true)]
    public bool Extend { get; init; }

    IReadOnlyList<string> IExtendableOptions.MayDiffer => ["max_steps", "epochs", .. TrainingSettings.Steering];

    /// <summary>Folder for tokenized training sets; null: the user's cache folder, or <c>.tokens</c> in <see cref="Out"/> where that cannot be written.</summary>
    [Option("folder where tokenized training sets are kept (default: the user's cache)", DoesNotChangeResult = true)]
    public string? TokenCache { get; init; }

    /// <summary>Whether to train although the doctor finds errors in the student's files.</summary>
    [Option("train although the doctor finds errors in the student's files", DoesNotChangeResult = true)]
    public bool SkipDoctor { get; init; }

    /// <summary>Same seed, same result.</summary>
    [Option("seed of fresh weights and of the order of samples")]
    public long Seed { get; init; } = 17;

    /// <summary>Where to compute.</summary>
    [Option("cpu, cuda, cuda:N, or several such as cuda:0,cuda:1: layers are divided among them")]
    public string Device { get; init; } = "cpu";

    /// <summary>What trains.</summary>
    [Option("in-process, or torchrun: hand the same training to TRL over several GPUs or machines and take the model back")]
    public TrainingEngine Engine { get; init; } = TrainingEngine.InProcess;

    /// <summary>What starts torchrun.</summary>
    [Option("what starts torchrun: local, slurm or kubernetes", DoesNotChangeResult = true)]
    public Launcher Launcher { get; init; } = Launcher.Local;

    /// <summary>How torchrun's GPUs divide the model.</summary>
    [Option("how torchrun's GPUs divide the model: zero3 or fsdp")]
    public Sharding Sharding { get; init; } = Sharding.Zero3;

    /// <summary>Machines of torchrun.</summary>
    [Option("machines of torchrun")]
    public int Nodes { get; init; } = 1;

    /// <summary>GPUs of each machine of torchrun.</summary>
    [Option("GPUs of each machine of torchrun")]
    public int GpusPerNode { get; init; } = 8;

    /// <summary>Threads of one operation; 0 takes one per core.</summary>
    [Option("threads of one operation (0: one per core)")]
    public int Threads { get; init; }

    /// <summary>The preset that <see cref="Student"/> named before its weights' folder took its place.</summary>
    internal BasePreset? Preset { get; init; }

    /// <summary>The preset whose recipe holds where nothing else is given, or null.</summary>
    internal BasePreset? Recipe => Preset ?? BasePreset.Find(Student);

    /// <summary>The shape of the student that comes of a shape to start from: its positions and its rotary base may be others.</summary>
    internal ModelConfig Reaching(ModelConfig start) => start with
    {
        MaxPositionEmbeddings = MaxPositions ?? (Recipe is null ? start.MaxPositionEmbeddings : Math.Max(start.MaxPositionEmbeddings, BasePreset.Positions)),
        RopeTheta = RopeTheta ?? start.RopeTheta,
    };

    /// <summary>GPUs of torchrun in all, or 1.</summary>
    internal int Gpus => Engine == TrainingEngine.Torchrun ? Nodes * GpusPerNode : 1;

    /// <summary>Size of the training set, once it is known.</summary>
    internal TrainingSetSize? Size { get; init; }

    /// <summary>Size of the adapters.</summary>
    internal LowRankShape LoraShape => new(LoraRank, LoraAlpha, LoraRankStabilized);

    /// <inheritdoc/>
    public void Check() => TrainOptionRules.Require(this);
}
