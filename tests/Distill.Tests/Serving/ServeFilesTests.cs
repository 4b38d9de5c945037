using System.Diagnostics;
using System.Text.Json.Nodes;
using Distill.Runs;
using Distill.Serving;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Distill.Tests.Serving;

public sealed class ServeFilesTests : IDisposable
{
    // The parts of the API leaderworkerset.x-k8s.io/v1 (config/crd/bases in kubernetes-sigs/lws 0.9) and of core/v1 that are used here: a key that
    // is not in its parent's list would be dropped or refused by the API server.
    private static readonly Dictionary<string, string[]> Structure = new()
    {
        [""] = ["apiVersion", "kind", "metadata", "spec"],
        ["metadata"] = ["name", "namespace", "labels", "annotations"],
        ["spec"] = ["replicas", "leaderWorkerTemplate", "rolloutStrategy", "startupPolicy", "networkConfig"],
        ["leaderWorkerTemplate"] = ["leaderTemplate", "workerTemplate", "size", "restartPolicy", "subGroupPolicy", "volumeClaimTemplates", "persistentVolumeClaimRetentionPolicy"],
        ["leaderTemplate"] = ["metadata", "spec"],
        ["workerTemplate"] = ["metadata", "spec"],
        ["pod"] = ["containers", "volumes", "terminationGracePeriodSeconds", "nodeSelector", "tolerations", "affinity", "hostNetwork", "hostIPC", "initContainers", "serviceAccountName"],
        ["container"] = ["name", "image", "command", "args", "env", "resources", "ports", "startupProbe", "readinessProbe", "livenessProbe", "volumeMounts", "securityContext", "workingDir", "imagePullPolicy"],
        ["probe"] = ["exec", "httpGet", "tcpSocket", "grpc", "initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold", "terminationGracePeriodSeconds"],
        ["env"] = ["name", "value", "valueFrom"],
        ["port"] = ["containerPort", "name", "protocol", "hostPort"],
        ["mount"] = ["name", "mountPath", "readOnly", "subPath"],
        ["volume"] = ["name", "configMap", "persistentVolumeClaim", "emptyDir", "secret", "hostPath"],
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ServingEngine.Vllm, "8xH200", Parallelism.Auto)]
    [InlineData(ServingEngine.Vllm, "2x8xH100", Parallelism.TpPp)]
    [InlineData(ServingEngine.Sglang, "2x8xH100", Parallelism.DpEp)]
    [InlineData(ServingEngine.Sglang, "8xMI300X", Parallelism.Tp)]
    public void TheManifestIsALeaderWorkerSet(ServingEngine engine, string topology, Parallelism parallelism)
    {
        ServePlan plan = ServePlan.Of(EngineCommandTests.Options(engine, topology, parallelism, ServeLauncher.Kubernetes) with { Replicas = 3, ReadyMinutes = 90 });
        YamlMappingNode[] documents = Documents(ServeFiles.Of(plan).All.Single(file => file.Name == "lws.yaml").Text);

        Assert.Equal(["ConfigMap", "LeaderWorkerSet", "Service"], documents.Select(document => Text(document["kind"])));
        YamlMappingNode set = documents[1], spec = Map(set["spec"]), template = Map(spec["leaderWorkerTemplate"]);
        Assert.Equal("leaderworkerset.x-k8s.io/v1", Text(set["apiVersion"]));
        Known(set, "");
        Known(Map(set["metadata"]), "metadata");
        Known(spec, "spec");
        Known(template, "leaderWorkerTemplate");
        Assert.Equal("3", Text(spec["replicas"]));
        Assert.Contains(Text(spec["startupPolicy"]), new[] { "LeaderCreated", "LeaderReady" });
        Assert.Equal(plan.Topology.Nodes.ToString(), Text(template["size"]));
        Assert.Equal("RecreateGroupOnPodRestart", Text(template["restartPolicy"]));
        foreach (string kind in new[] { "leaderTemplate", "workerTemplate" }) CheckPod(plan, Map(template[kind]), kind == "leaderTemplate");

        // What the service selects is what leaders are labelled with, and what LWS itself puts on them.
        YamlMappingNode selector = Map(documents[2]["spec"]["selector"]);
        Assert.Equal("leader", Text(selector["role"]));
        Assert.Equal(Text(set["metadata"]["name"]), Text(selector["leaderworkerset.sigs.k8s.io/name"]));
        // The scripts inside are the scripts.
        Assert.Equal(LaunchScript.Of(plan, EngineCommand.Of(plan)), Text(documents[0]["data"]["launch.sh"]));
        Assert.Equal(ReadyScript.Text, Text(documents[0]["data"]["ready.py"]));
    }

    [Theory, InlineData(ServeLauncher.Local), InlineData(ServeLauncher.Slurm), InlineData(ServeLauncher.Kubernetes), InlineData(ServeLauncher.Ray)]
    public void ScriptsAreWellFormedAndTheSameEveryTime(ServeLauncher launcher)
    {
        TeacherServeOptions options = EngineCommandTests.Options(ServingEngine.Vllm, "2x8xH100", Parallelism.Auto, launcher) with { Replicas = launcher is ServeLauncher.Local or ServeLauncher.Ray ? 1 : 4, Sbatch = ["partition=gpu", "time=3-00:00:00"] };
        ServeFiles.Of(ServePlan.Of(options)).Write(_folder["a"]);
        ServeFiles.Of(ServePlan.Of(options)).Write(_folder["b"]);

        string[] expected = launcher switch
        {
            ServeLauncher.Slurm => ["job.slurm", "launch.sh", "ready.py", "serve.json"],
            ServeLauncher.Ray => ["launch.sh", "ray.sh", "ready.py", "serve.json"],
            ServeLauncher.Kubernetes => ["launch.sh", "lws.yaml", "serve.json"],
            _ => ["launch.sh", "serve.json"],
        };
        Assert.Equal(expected, Directory.GetFiles(_folder["a"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (string file in Directory.GetFiles(_folder["a"]))
        {
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(_folder["b/" + Path.GetFileName(file)]));
            if (Path.GetExtension(file) is ".sh" or ".slurm") Assert.Equal("", Complaint("bash", "-n", file));
            if (Path.GetExtension(file) == ".py") Assert.Equal("", Complaint("python3", "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", file));
        }
        if (launcher != ServeLauncher.Slurm) return;
        string[] directives = [.. File.ReadLines(_folder["a/job.slurm"]).Where(line => line.StartsWith("#SBATCH ", StringComparison.Ordinal))];
        Assert.Contains("#SBATCH --nodes=2", directives);
        Assert.Contains("#SBATCH --gpus-per-node=8", directives);
        Assert.Contains("#SBATCH --array=0-3", directives);
        Assert.Contains("#SBATCH --partition=gpu", directives);
    }

    [Fact]
    public void TheFactsSayWhatRuns()
    {
        JsonNode facts = JsonNode.Parse(ServeFiles.Of(ServePlan.Of(EngineCommandTests.Options(ServingEngine.Sglang, "2x8xH100", Parallelism.Tp, ServeLauncher.Slurm))).All[0].Text)!;

        Assert.Equal("TP16", facts["parallelism"]!.GetValue<string>());
        Assert.Equal(2, facts["commands"]!.AsArray().Count);
        Assert.Equal(50, facts["max_running"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("8xH100", "16.8 GiB are missing on each accelerator")]
    [InlineData("4xH200", "missing on each accelerator")]
    [InlineData("8xA100", "does not multiply 8-bit floats")]
    public void MachinesThatCannotHoldItAreRefusedByHowMuch(string topology, string expected)
    {
        InputException refused = Assert.Throws<InputException>(() => ServePlan.Of(EngineCommandTests.Options(ServingEngine.Vllm, topology, Parallelism.Auto, ServeLauncher.Local)));

        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.Contains("8xH200", refused.Hint!, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatCannotBeMeantIsRefused()
    {
        TeacherServeOptions good = EngineCommandTests.Options(ServingEngine.Vllm, "8xH200", Parallelism.Auto, ServeLauncher.Local);
        TeacherServeOptions[] refused =
        [
            good with { Engine = ServingEngine.Sglang, Launcher = ServeLauncher.Ray }, good with { MaxQueued = 5 }, good with { Replicas = 2 }, good with { Deepep = true, Parallelism = Parallelism.Tp },
            good with { Parallelism = Parallelism.TpPp }, good with { ContextLength = 200_000 }, good with { Port = 0 }, good with { ServedName = "a b" }, good with { Env = ["no value"] },
            good with { Env = ["A=b\nc"] }, good with { Sbatch = ["x\n#SBATCH --uid=root"] }, good with { Host = "$(id)" }, good with { StreamInterval = 0 }, good with { MemoryFraction = 1 }, good with { ReadyMinutes = 0 },
            good with { Topology = "8xMI300X", Launcher = ServeLauncher.Kubernetes }, good with { Model = " " },
        ];

        Assert.All(refused, options => Assert.NotNull(Assert.Throws<InputException>(() => ServePlan.Of(options)).Hint));
    }

    [Fact]
    public void AModelThatIsNotKnownIsServedUnchecked()
    {
        ServePlan plan = ServePlan.Of(EngineCommandTests.Options(ServingEngine.Vllm, "2x8xH100", Parallelism.Auto, ServeLauncher.Slurm) with { Model = "someone/else-70B" });

        Assert.NotNull(plan.Unchecked);
        Assert.Equal(Parallelism.TpPp, plan.Parallelism);
        string line = EngineCommand.Of(plan).LineOf(0);
        Assert.DoesNotContain("--reasoning-parser", line, StringComparison.Ordinal);
        Assert.DoesNotContain("--max-num-seqs", line, StringComparison.Ordinal);
        Assert.Contains("--served-model-name else-70B", line, StringComparison.Ordinal);
    }

    private static void CheckPod(ServePlan plan, YamlMappingNode template, bool isLeader)
    {
        Known(template, "leaderTemplate");
        YamlMappingNode pod = Map(template["spec"]), container = Map(((YamlSequenceNode)pod["containers"]).Single());
        Known(pod, "pod");
        Known(container, "container");
        string resource = plan.Topology.Gpu.Name == "MI300X" ? "amd.com/gpu" : "nvidia.com/gpu";
        Assert.Equal(plan.Topology.GpusPerNode.ToString(), Text(container["resources"]["limits"][resource]));
        foreach (YamlNode variable in (YamlSequenceNode)container["env"]) Known(Map(variable), "env");
        string[] volumes = [.. ((YamlSequenceNode)pod["volumes"]).Select(volume => { Known(Map(volume), "volume"); return Text(volume["name"]); })];
        foreach (YamlNode mount in (YamlSequenceNode)container["volumeMounts"])
        {
            Known(Map(mount), "mount");
            Assert.Contains(Text(mount["name"]), volumes);
        }
        Assert.Equal("Memory", Text(((YamlSequenceNode)pod["volumes"]).Single(volume => Text(volume["name"]) == "shared-memory")["emptyDir"]["medium"]));
        Assert.Equal(isLeader, container.Children.ContainsKey(new YamlScalarNode("startupProbe")));
        if (!isLeader) return;
        foreach (string probe in new[] { "startupProbe", "readinessProbe" }) Known(Map(container[probe]), "probe");
        // Half an hour of loading must not end it: an hour and a half are granted.
        Assert.Equal(90 * 60, int.Parse(Text(container["startupProbe"]["periodSeconds"])) * int.Parse(Text(container["startupProbe"]["failureThreshold"])));
        Assert.Contains("ready.py", Text(container["startupProbe"]["exec"]["command"][1]), StringComparison.Ordinal);
    }

    private static void Known(YamlMappingNode node, string parent) => Assert.All(node.Children.Keys, key => Assert.Contains(Text(key), Structure[parent]));

    private static string Complaint(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        return process.StandardError.ReadToEnd();
    }

    private static YamlMappingNode[] Documents(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(document => (YamlMappingNode)document.RootNode)];
    }

    private static YamlMappingNode Map(YamlNode node) => (YamlMappingNode)node;

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;
}
