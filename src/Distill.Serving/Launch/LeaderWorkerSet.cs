using System.Globalization;
using System.Text.Json.Nodes;

namespace Distill.Serving;

/// <summary>
/// A LeaderWorkerSet: a group of pods for every replica, recreated as a whole when one of them dies, because the engine's machines
/// cannot go on without each other. Source: kubernetes-sigs/lws, API v1, release 0.9.
/// </summary>
internal static class LeaderWorkerSet
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "lws.yaml";

    /// <summary>Name of the set, and of the headless service that its controller makes: each leader is <c>name-i.name</c>.</summary>
    public const string Name = "distill-teacher";

    private const int ProbeSeconds = 30;

    /// <summary>Address of a replica inside the cluster. A service would spread connections, not tokens: clients balance better themselves.</summary>
    public static string UrlOf(ServePlan plan, int replica) => plan.UrlOf($"{Name}-{replica}.{Name}");

    /// <summary>Writes the scripts' ConfigMap, the set, and a service in front of the leaders for those who balance by hand.</summary>
    public static string Of(ServePlan plan, string launchScript) => string.Create(CultureInfo.InvariantCulture, $$"""
        # The claim `distill-models` holds the Hugging Face cache or the model folder, under /models. Optional secrets: `distill-teacher` with
        # the key `api-key` that clients must show, `huggingface` with the key `token`.
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: {{Name}}
        data:
          {{LaunchScript.FileName}}: |
        {{Indent(launchScript, 4)}}
          {{ReadyScript.FileName}}: |
        {{Indent(ReadyScript.Text, 4)}}
        ---
        apiVersion: leaderworkerset.x-k8s.io/v1
        kind: LeaderWorkerSet
        metadata:
          name: {{Name}}
        spec:
          replicas: {{plan.Options.Replicas}}
          startupPolicy: LeaderCreated
          leaderWorkerTemplate:
            size: {{plan.Topology.Nodes}}
            restartPolicy: RecreateGroupOnPodRestart
            leaderTemplate:
              metadata:
                labels:
                  app: {{Name}}
                  role: leader
        {{Pod(plan, isLeader: true)}}
            workerTemplate:
              metadata:
                labels:
                  app: {{Name}}
                  role: worker
        {{Pod(plan, isLeader: false)}}
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: {{Name}}-leaders
        spec:
          selector:
            leaderworkerset.sigs.k8s.io/name: {{Name}}
            role: leader
          ports:
            - name: http
              port: {{plan.Port}}
              targetPort: {{plan.Port}}
              protocol: TCP

        """);

    private static string Pod(ServePlan plan, bool isLeader) => Indent(string.Create(CultureInfo.InvariantCulture, $$"""
        spec:
          terminationGracePeriodSeconds: 60
          containers:
            - name: engine
              image: {{Quoted(ImageOf(plan))}}
              command: ["bash", "-c", "NODE_RANK=\"$LWS_WORKER_INDEX\" HEAD_ADDRESS=\"$LWS_LEADER_ADDRESS\" exec bash /etc/distill/{{LaunchScript.FileName}}"]
              env:
                - name: HF_HOME
                  value: /models/huggingface
                - name: HF_TOKEN
                  valueFrom: { secretKeyRef: { name: huggingface, key: token, optional: true } }
                - name: {{LaunchScript.KeyVariable}}
                  valueFrom: { secretKeyRef: { name: {{Name}}, key: api-key, optional: true } }
              resources:
                limits: { {{(plan.Topology.Gpu.Name == "MI300X" ? "amd.com" : "nvidia.com")}}/gpu: {{plan.Topology.GpusPerNode}} }
              securityContext:
                capabilities: { add: [IPC_LOCK] }
        {{(isLeader ? Probes(plan) : "")}}      volumeMounts:
                - { name: scripts, mountPath: /etc/distill }
                - { name: models, mountPath: /models }
                - { name: shared-memory, mountPath: /dev/shm }
          volumes:
            - name: scripts
              configMap: { name: {{Name}} }
            - name: models
              persistentVolumeClaim: { claimName: distill-models }
            - name: shared-memory
              emptyDir: { medium: Memory }
        """), 6);

    // Once a token has come the health page must do: a probe that generates would wait behind the work, and fail for being busy.
    private static string Probes(ServePlan plan) => string.Create(CultureInfo.InvariantCulture, $$"""
              ports:
                - containerPort: {{plan.Port}}
                  name: http
              startupProbe:
                exec: { command: ["python3", "/etc/distill/{{ReadyScript.FileName}}", "http://127.0.0.1:{{plan.Port}}/v1", {{Quoted(plan.ServedName)}}, "0"] }
                periodSeconds: {{ProbeSeconds}}
                timeoutSeconds: 130
                failureThreshold: {{Math.Ceiling(plan.Options.ReadyMinutes * 60 / ProbeSeconds)}}
              readinessProbe:
                httpGet: { path: /health, port: http }
                periodSeconds: 60
                timeoutSeconds: 30
                failureThreshold: 10

        """);

    private static string ImageOf(ServePlan plan) => plan.Options.Image
        ?? (plan.Options.Engine == ServingEngine.Vllm ? $"vllm/vllm-openai:v{EngineFlags.VllmVersion}" : $"lmsysorg/sglang:v{EngineFlags.SglangVersion}");

    // JSON is YAML, and quotes what needs it.
    private static string Quoted(string text) => JsonValue.Create(text).ToJsonString();

    private static string Indent(string text, int columns) => string.Join('\n', text.TrimEnd('\n').Split('\n').Select(line => line.Length == 0 ? "" : new string(' ', columns) + line));
}
