using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Distill.CliTests;

/// <summary>
/// Serving a teacher. No engine and no accelerator is here: a program that answers to the name vllm and speaks enough of its protocol
/// stands in, with a worker that would outlive it.
/// </summary>
public sealed class TeacherServeTests : IDisposable
{
    private const int Interrupt = 2;

    // Refuses connections, then answers 503, then serves; crashes when told to. Every life leaves its number and its worker's in `lives`.
    private const string StandIn = """
        #!/usr/bin/env python3
        import json, os, subprocess, sys, time
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        words = sys.argv[1:]
        port = int(words[words.index("--port") + 1])
        worker = subprocess.Popen(["sleep", "1000"])
        with open("lives", "a") as lives:
            lives.write(f"{os.getpid()} {worker.pid}\n")
        life = len(open("lives").readlines())
        print("Loading safetensors checkpoint shards: 50%", flush=True)
        if str(life) in os.environ.get("CRASH_LOADING", "").split(","):
            print("torch.OutOfMemoryError: CUDA out of memory", flush=True)
            os._exit(7)
        time.sleep(1)
        started = time.time()
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if time.time() - started < 1:
                    self.send_error(503)
                    return
                if body["model"] != "DeepSeek-R1" or body["max_tokens"] != 1:
                    self.send_error(404)
                    return
                open("asked", "a").write(self.headers.get("Authorization", "no key") + "\n")
                choice = {"index": 0, "finish_reason": "length"}
                usage = {"prompt_tokens": 5, "completion_tokens": 1}
                if body.get("stream"):
                    pieces = [{"choices": [{"index": 0, "delta": {"reasoning": "2"}, "finish_reason": None}]}, {"choices": [{**choice, "delta": {}}]}, {"choices": [], "usage": usage}]
                    answer, kind = "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces) + "data: [DONE]\n\n", "text/event-stream"
                else:
                    answer, kind = json.dumps({"choices": [{**choice, "message": {"content": None, "reasoning": "2"}}], "usage": usage}), "application/json"
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())
            def log_message(self, *rest):
                pass
        ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly string _port;

    public TeacherServeTests()
    {
        Program("vllm", StandIn);
        _port = FreePort.Take().ToString(CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        foreach (int process in Processes().Where(IsAlive)) CliProcess.Signal(process, 9); // what a failing test has left
        _folder.Dispose();
    }

    [Fact]
    public void HelpOfServe() => Shows("teacher-serve-help", "teacher", "serve", "--help");

    [Fact]
    public void PlanSaysWhatItPlans() => Shows("plan", "plan");

    [Fact]
    public void PlanOfATeacher() => Shows("plan-teacher", "plan", "teacher", "--topology", "8xH200", "8xH100", "--prompts", "200000", "--samples", "4", "--mean-tokens", "6000", "--api-price", "2.19");

    [Fact]
    public void PlanOfATeacherThatWasMeasured() => Shows("plan-teacher-measured", "plan", "teacher", "--topology", "8xH200", "--parallelism", "tp", "--prompts", "1000", "--mean-tokens", "6000", "--tokens-per-second", "900", "--price", "2.5", "--accept-rate", "0.6");

    [Fact]
    public void DryRunForThisMachine() => Shows("teacher-serve-local", Serve("8xH200", "--dry-run"));

    [Fact]
    public void DryRunForSlurm() => Shows("teacher-serve-slurm", ["teacher", "serve", "--engine", "sglang", "--topology", "2x8xH100", "--launcher", "slurm", "--replicas", "4", "--sbatch", "partition=gpu", "--dry-run"]);

    [Fact]
    public void DryRunForKubernetes() => Shows("teacher-serve-kubernetes", ["teacher", "serve", "--engine", "vllm", "--topology", "2x8xH100", "--launcher", "kubernetes", "--dry-run"]);

    [Fact]
    public void DryRunForRay() => Shows("teacher-serve-ray", ["teacher", "serve", "--engine", "vllm", "--topology", "2x8xH100", "--parallelism", "tp-pp", "--launcher", "ray", "--dry-run"]);

    [Fact]
    public void MachinesThatCannotHoldIt() => Fails("teacher-serve-too-small", Serve("8xH100"));

    [Fact]
    public void AnUnknownTopology() => Fails("teacher-serve-unknown-topology", Serve("8xH1000"));

    [Fact]
    public void MissingFlagsOfServe() => Fails("teacher-serve-missing-flags", "teacher", "serve");

    [Fact]
    public void MoreMachinesThanThisOne() => Fails("teacher-serve-several-machines", Serve("2x8xH100"));

    [Fact]
    public void AnEngineThatIsNotHere()
    {
        File.Delete(_folder["bin/vllm"]);
        Fails("teacher-serve-no-engine", Serve("8xH200"));
        Assert.False(Directory.Exists(_folder["o"]));
    }

    [Fact]
    public async Task AnEngineIsServedFromItsFirstTokenToCtrlC()
    {
        using CliProcess serve = Start(Serve("8xH200"), ("DISTILL_API_KEY", "secret"));
        await UntilAsync(serve, () => serve.Output.Contains("teacher-gen", StringComparison.Ordinal));

        Assert.Contains($"distill teacher-gen --prompts PROMPTS.jsonl --endpoint http://127.0.0.1:{_port}/v1,dialect=vllm --model DeepSeek-R1 --max-tokens 30720 --out TRACES", serve.Output, StringComparison.Ordinal);
        Assert.Equal(["Bearer secret"], File.ReadLines(_folder["asked"]));
        Assert.Contains("Loading safetensors", File.ReadAllText(_folder["o/engine.log"]), StringComparison.Ordinal);
        Assert.All(Processes(), process => Assert.True(IsAlive(process)));
        CliResult second = CliProcess.Run(_folder.Path, Serve("8xH200")); // the folder is in use
        Assert.Equal(1, second.ExitCode);

        serve.Signal(Interrupt);
        CliResult result = serve.Wait();

        Assert.Equal(130, result.ExitCode);
        await GoneAsync();
        Assert.DoesNotContain("secret", string.Concat(Directory.GetFiles(_folder["o"]).Select(File.ReadAllText)) + result.Output + result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEngineThatCrashesIsStartedAgain()
    {
        using CliProcess serve = Start([.. Serve("8xH200"), "--restart-seconds", "0.2", "--max-restarts", "2"], ("CRASH_LOADING", "1,3,4,5"));
        await UntilAsync(serve, () => serve.Output.Contains("teacher-gen", StringComparison.Ordinal));
        Assert.Contains("vLLM ended with code 7 (torch.OutOfMemoryError: CUDA out of memory); restart 1 of 2 in 0.2 s", serve.Error, StringComparison.Ordinal);

        CliProcess.Signal(Processes()[2], 9); // the second life, while it serves: its worker stays behind
        CliResult result = serve.Wait();

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("error: vLLM ended with code 7 3 times in a row", result.Error, StringComparison.Ordinal);
        Assert.Equal(6, Processes().Length); // the first start and two restarts, each with a worker
        await GoneAsync();
    }

    [Fact]
    public async Task WhatAKilledRunLeftIsEndedByTheNext()
    {
        using (CliProcess serve = Start(Serve("8xH200")))
        {
            await UntilAsync(serve, () => File.Exists(_folder["lives"]));
            serve.Kill();
        }
        int[] left = Processes();
        Assert.All(left, process => Assert.True(IsAlive(process)));

        using CliProcess next = Start(Serve("8xH200"));
        await UntilAsync(next, () => next.Output.Contains("teacher-gen", StringComparison.Ordinal));

        Assert.Contains("ended the engine that an interrupted run had left", next.Error, StringComparison.Ordinal);
        Assert.All(left, process => Assert.False(IsAlive(process)));
        next.Signal(Interrupt);
        next.Wait();
        await GoneAsync();
    }

    [Fact]
    public void AnEngineThatIsNeverReadyIsEnded()
    {
        Program("vllm", "#!/usr/bin/env bash\necho $$ $$ >>lives\necho stuck\nsleep 1000\n");
        using CliProcess serve = Start([.. Serve("8xH200"), "--ready-minutes", "0.02"]);
        CliResult result = serve.Wait();

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("vLLM produced no token within 0.02 minutes", result.Error, StringComparison.Ordinal);
        Assert.All(Processes(), process => Assert.False(IsAlive(process)));
    }

    [Fact]
    public async Task ATakenPortIsSeenBeforeTheEngineLoads()
    {
        using var other = new TcpListener(IPAddress.Loopback, int.Parse(_port, CultureInfo.InvariantCulture));
        other.Start();
        using CliProcess serve = Start(Serve("8xH200"));

        CliResult result = await Task.Run(serve.Wait);

        Assert.Contains($"error: port {_port} is taken by another program", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["lives"]));
    }

    [Fact]
    public async Task ASlurmJobWaitsThenAnnouncesItself()
    {
        string[] arguments = ["teacher", "serve", "--engine", "vllm", "--topology", "8xH200", "--launcher", "slurm", "--host", "127.0.0.1", "--port", _port, "--max-restarts", "1", "--restart-seconds", "1", "--out", "o"];
        using (CliProcess written = Start(arguments))
        {
            CliResult result = written.Wait();
            Assert.Equal(4, result.ExitCode);
            Assert.Contains("cd o && sbatch job.slurm", result.Error, StringComparison.Ordinal);
        }
        // What Slurm does with the job, for one machine.
        Program("scontrol", "#!/usr/bin/env bash\necho 127.0.0.1\n");
        Program("srun", "#!/usr/bin/env bash\nwhile [ \"$1\" != bash ]; do shift; done\nSLURM_NODEID=0 exec \"$@\" >/dev/null 2>&1\n");
        using CliProcess job = CliProcess.StartProgram(_folder.Path, "setsid", ["bash", "o/job.slurm"], ("PATH", WithStandIn), ("SLURM_SUBMIT_DIR", _folder["o"]), ("SLURM_JOB_NODELIST", "n"), ("SLURM_ARRAY_TASK_ID", "0"), ("CRASH_LOADING", "1"));
        await UntilAsync(job, () => File.Exists(_folder["o/endpoints/0.url"]));

        using CliProcess again = Start(arguments);
        CliResult ready = again.Wait();
        Assert.True(ready.ExitCode == 0, ready.Error);
        Assert.Contains($"--endpoint http://127.0.0.1:{_port}/v1,dialect=vllm", ready.Output, StringComparison.Ordinal);

        // Killed a second time: more often than it may.
        CliProcess.Signal(Processes("o/lives")[2], 9);
        Assert.Equal(1, job.Wait().ExitCode);
        Assert.False(File.Exists(_folder["o/endpoints/0.url"]));
        foreach (int process in Processes("o/lives").Where(IsAlive)) CliProcess.Signal(process, 9); // Slurm ends a step's processes; the stand-in for it does not
    }

    private string WithStandIn => _folder["bin"] + ":" + Environment.GetEnvironmentVariable("PATH");

    private string[] Serve(string topology, params string[] more) => ["teacher", "serve", "--engine", "vllm", "--topology", topology, "--out", "o", .. more.Contains("--dry-run") ? Array.Empty<string>() : ["--port", _port], .. more];

    private CliProcess Start(string[] arguments, params (string Name, string Value)[] variables) => CliProcess.Start(_folder.Path, [], arguments, [("PATH", WithStandIn), .. variables]);

    private void Shows(string snapshot, params string[] arguments)
    {
        CliResult result = CliProcess.Run(_folder.Path, arguments);

        Assert.True(result.ExitCode == 0, result.Error);
        Snapshot.Match(snapshot, result.Output, _folder.Path);
        Assert.Equal(["bin"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName)); // nothing was written
    }

    private void Fails(string snapshot, params string[] arguments)
    {
        using CliProcess process = Start(arguments);
        CliResult result = process.Wait();

        Snapshot.Match(snapshot, result.Error.Replace(_port, "<port>", StringComparison.Ordinal), _folder.Path);
        Assert.Equal(1, result.ExitCode);
    }

    private void Program(string name, string text)
    {
        _folder.Write("bin/" + name, text);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder["bin/" + name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private int[] Processes(string lives = "lives") => File.Exists(_folder[lives])
        ? [.. File.ReadAllText(_folder[lives]).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(number => int.Parse(number, CultureInfo.InvariantCulture))] : [];

    private async Task GoneAsync()
    {
        for (int i = 0; i < 6000 && Processes().Any(IsAlive); i++) await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.All(Processes(), process => Assert.False(IsAlive(process)));
    }

    private static bool IsAlive(int process)
    {
        try
        {
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task UntilAsync(CliProcess process, Func<bool> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!holds())
        {
            if (process.HasExited) Assert.Fail($"it ended: {process.Wait().Error}");
            if (clock.Elapsed > TimeSpan.FromMinutes(8)) Assert.Fail($"nothing happened: {process.Error}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
