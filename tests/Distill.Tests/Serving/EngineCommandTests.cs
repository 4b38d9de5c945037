using System.Diagnostics;
using Distill.Serving;
using Xunit;

namespace Distill.Tests.Serving;

public sealed class EngineCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<ServingEngine, string, Parallelism, ServeLauncher, bool> Everything
    {
        get
        {
            var data = new TheoryData<ServingEngine, string, Parallelism, ServeLauncher, bool>();
            foreach (ServingEngine engine in Enum.GetValues<ServingEngine>())
                foreach (string topology in Topology.Known)
                    foreach (Parallelism parallelism in ReplicaMemory.Possible(Topology.Parse(topology), ServedShape.R1))
                        foreach (ServeLauncher launcher in Enum.GetValues<ServeLauncher>().Where(launcher => engine == ServingEngine.Vllm || launcher != ServeLauncher.Ray))
                            data.Add(engine, topology, parallelism, launcher, parallelism == Parallelism.DpEp && topology.Length % 2 == 0);
            return data;
        }
    }

    // EngineCommand itself looks every flag up in the engine's documented list, so building is the test of that.
    [Theory, MemberData(nameof(Everything))]
    public void EveryAcceleratorIsUsedOnce(ServingEngine engine, string topology, Parallelism parallelism, ServeLauncher launcher, bool deepep)
    {
        ServePlan plan = ServePlan.Of(Options(engine, topology, parallelism, launcher) with { Deepep = deepep, KvCache = KvCacheFormat.Fp8, PrefixCaching = false, Revision = "main", TrustRemoteCode = true });
        EngineCommand command = EngineCommand.Of(plan);
        string head = command.LineOf(0);
        int nodes = plan.Topology.Nodes;

        string[] sizes = engine == ServingEngine.Vllm ? ["--tensor-parallel-size", "--pipeline-parallel-size", "--data-parallel-size"] : ["--tp-size", "--pp-size"];
        Assert.Equal(plan.Topology.Gpus, sizes.Select(size => ValueOf(head, size) is { } value ? int.Parse(value) : 1).Aggregate(1, (product, size) => product * size));
        if (engine == ServingEngine.Sglang && parallelism == Parallelism.DpEp) Assert.Equal(ValueOf(head, "--tp-size"), ValueOf(head, "--dp-size")); // the switch needs both, alike
        Assert.Contains(engine == ServingEngine.Vllm ? "--reasoning-parser deepseek_r1" : "--reasoning-parser deepseek-r1", head, StringComparison.Ordinal);
        Assert.Equal("10", ValueOf(head, "--stream-interval"));
        Assert.Equal("32768", ValueOf(head, engine == ServingEngine.Vllm ? "--max-model-len" : "--context-length"));
        Assert.DoesNotContain("--quantization", head, StringComparison.Ordinal); // the checkpoint is FP8 already
        Assert.Equal(engine == ServingEngine.Sglang, ValueOf(head, "--max-queued-requests") is not null);
        for (int rank = 1; rank < nodes && launcher != ServeLauncher.Ray; rank++)
        {
            string line = command.LineOf(rank);
            Assert.NotEqual(head, line);
            if (engine == ServingEngine.Vllm && parallelism == Parallelism.DpEp) Assert.Equal((rank * plan.Topology.GpusPerNode).ToString(), ValueOf(line, "--data-parallel-start-rank"));
            else Assert.Equal(rank.ToString(), ValueOf(line, "--node-rank"));
            if (engine == ServingEngine.Vllm) Assert.Contains("--headless", line, StringComparison.Ordinal);
            Assert.Contains("$HEAD_ADDRESS", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AFlagThatIsNotDocumentedIsRefused()
    {
        Assert.False(EngineFlags.Vllm.ContainsKey("--max-queued-requests")); // SGLang's
        Assert.False(EngineFlags.Sglang.ContainsKey("--max-model-len")); // vLLM's
        Assert.True(EngineFlags.Vllm["--data-parallel-size"]);
        Assert.False(EngineFlags.Sglang["--enable-dp-attention"]);
    }

    [Theory]
    [InlineData("8xH200", Parallelism.Auto, "--tensor-parallel-size 1 --data-parallel-size 8 --enable-expert-parallel")]
    [InlineData("8xH200", Parallelism.Tp, "--tensor-parallel-size 8 --enable-expert-parallel")]
    [InlineData("2x8xH100", Parallelism.TpPp, "--tensor-parallel-size 8 --pipeline-parallel-size 2 --enable-expert-parallel --distributed-executor-backend mp --nnodes 2 --node-rank 0 --master-addr \"$HEAD_ADDRESS\" --master-port 29501")]
    [InlineData("2x8xH100", Parallelism.DpEp, "--tensor-parallel-size 1 --data-parallel-size 16 --enable-expert-parallel --data-parallel-size-local 8 --data-parallel-address \"$HEAD_ADDRESS\" --data-parallel-rpc-port 13345 --api-server-count 8")]
    public void VllmIsDividedAsItsDocumentationSays(string topology, Parallelism parallelism, string division) =>
        Assert.EndsWith(division, EngineCommand.Of(ServePlan.Of(Options(ServingEngine.Vllm, topology, parallelism, ServeLauncher.Slurm))).LineOf(0), StringComparison.Ordinal);

    [Theory]
    [InlineData("8xH200", Parallelism.Tp, false, "--tp-size 8")]
    [InlineData("8xH200", Parallelism.DpEp, false, "--tp-size 8 --dp-size 8 --enable-dp-attention")]
    [InlineData("8xH200", Parallelism.DpEp, true, "--tp-size 8 --dp-size 8 --enable-dp-attention --ep-size 8 --moe-a2a-backend deepep --moe-runner-backend deep_gemm")]
    [InlineData("2x8xH100", Parallelism.Tp, false, "--tp-size 16 --nnodes 2 --node-rank 0 --dist-init-addr \"$HEAD_ADDRESS:5000\" --dist-timeout 3600")]
    public void SglangIsDividedAsItsDocumentationSays(string topology, Parallelism parallelism, bool deepep, string division) =>
        Assert.EndsWith(division, EngineCommand.Of(ServePlan.Of(Options(ServingEngine.Sglang, topology, parallelism, ServeLauncher.Slurm) with { Deepep = deepep })).LineOf(0), StringComparison.Ordinal);

    [Fact]
    public void AnEngineStopsBeforeItsCacheOverflows()
    {
        // 374 thousand tokens of cache, nine tenths of them used, 6,700 to a request: open-r1 ran 56 there by hand.
        ServePlan plan = ServePlan.Of(Options(ServingEngine.Sglang, "2x8xH100", Parallelism.Tp, ServeLauncher.Slurm));
        Assert.Equal(50, plan.MaxRunning);
        Assert.Equal(100, plan.MaxQueued);
        // vLLM counts for each of its ranks.
        ServePlan spread = ServePlan.Of(Options(ServingEngine.Vllm, "8xH200", Parallelism.DpEp, ServeLauncher.Local));
        Assert.Equal((spread.MaxRunning!.Value / 8).ToString(), ValueOf(EngineCommand.Of(spread).LineOf(0), "--max-num-seqs"));
        Assert.Equal("7", ValueOf(EngineCommand.Of(ServePlan.Of(Options(ServingEngine.Vllm, "8xH200", Parallelism.Tp, ServeLauncher.Local) with { MaxRunning = 7 })).LineOf(0), "--max-num-seqs"));
        // SGLang's share of the memory leaves out what vLLM's holds: 0.9 of 140.4 GiB less 8.
        Assert.Equal("0.84", ValueOf(EngineCommand.Of(ServePlan.Of(Options(ServingEngine.Sglang, "8xH200", Parallelism.Tp, ServeLauncher.Local))).LineOf(0), "--mem-fraction-static"));
    }

    [Theory, InlineData(0), InlineData(1)]
    public void BashHandsTheEngineExactlyTheseWords(int rank)
    {
        const string Hostile = "models/it's $(touch owned) \"R1\" `x`";
        TeacherServeOptions options = Options(ServingEngine.Vllm, "2x8xH100", Parallelism.DpEp, ServeLauncher.Slurm) with { Model = Hostile, ServedName = "r1", Env = ["A_B=c d'$(touch owned)"] };
        File.WriteAllText(_folder["vllm"], "#!/usr/bin/env bash\nprintf '%s\\n' \"$@\" \"A_B=$A_B\" \"key=$VLLM_API_KEY\" \"timeout=$VLLM_HTTP_TIMEOUT_KEEP_ALIVE\"\n");
        ServeFiles.Of(ServePlan.Of(options)).Write(_folder["out"]);
        using (Process chmod = Process.Start("chmod", ["+x", _folder["vllm"]])) chmod.WaitForExit();

        var start = new ProcessStartInfo("bash", [_folder["out/launch.sh"]]) { RedirectStandardOutput = true, WorkingDirectory = _folder.Path };
        (start.Environment["PATH"], start.Environment["NODE_RANK"], start.Environment["HEAD_ADDRESS"], start.Environment["DISTILL_API_KEY"]) = (_folder.Path + ":" + Environment.GetEnvironmentVariable("PATH"), rank.ToString(), "node-a", "secret");
        using Process bash = Process.Start(start)!;
        string[] words = bash.StandardOutput.ReadToEnd().Split('\n');

        Assert.Equal(["serve", Hostile, "--served-model-name", "r1"], words[..4]);
        Assert.Equal("node-a", words[Array.IndexOf(words, "--data-parallel-address") + 1]);
        if (rank == 0) Assert.Equal("8000", words[Array.IndexOf(words, "--port") + 1]);
        else Assert.Equal("8", words[Array.IndexOf(words, "--data-parallel-start-rank") + 1]);
        Assert.Contains("A_B=c d'$(touch owned)", words);
        Assert.Contains("key=secret", words);
        Assert.Contains("timeout=120", words);
        Assert.False(File.Exists(_folder["owned"]));
        Assert.DoesNotContain("secret", string.Concat(Directory.GetFiles(_folder["out"]).Select(File.ReadAllText)), StringComparison.Ordinal);
    }

    [Theory, InlineData(""), InlineData("a b"), InlineData("it's"), InlineData("$HOME"), InlineData("-x"), InlineData("a\\b"), InlineData("ü*?[]{}~#!"), InlineData("x=1,2")]
    public void QuotedWordsComeBackFromBash(string word)
    {
        using Process bash = Process.Start(new ProcessStartInfo("bash", ["-c", $"printf %s {ShellText.Quote(word)}"]) { RedirectStandardOutput = true })!;
        Assert.Equal(word, bash.StandardOutput.ReadToEnd());
    }

    internal static TeacherServeOptions Options(ServingEngine engine, string topology, Parallelism parallelism, ServeLauncher launcher) => new()
    {
        Engine = engine,
        Topology = topology,
        Parallelism = parallelism,
        Launcher = launcher,
        Image = topology.Contains("MI300X", StringComparison.Ordinal) ? "rocm/vllm:latest" : null,
    };

    private static string? ValueOf(string line, string flag)
    {
        string[] words = line.Split(' ');
        int at = Array.IndexOf(words, flag);
        return at < 0 ? null : words[at + 1];
    }
}
