using System.Text;

namespace Distill.Inference.Endpoints;

/// <summary>The few figures of an engine's Prometheus page that tell how busy it is (vLLM, SGLang, llama-server).</summary>
internal static class EngineMetrics
{
    private static readonly string[] Running = ["vllm:num_requests_running", "sglang:num_running_reqs", "llamacpp:requests_processing"];
    private static readonly string[] Waiting = ["vllm:num_requests_waiting", "sglang:num_queue_reqs", "llamacpp:requests_deferred"];

    /// <summary>Reads a page; null when it holds none of them. Figures of several workers are added up.</summary>
    public static EngineLoad? Read(ReadOnlySpan<byte> page)
    {
        double running = 0, waiting = 0;
        bool found = false;
        foreach (ReadOnlySpan<char> line in Encoding.UTF8.GetString(page).AsSpan().EnumerateLines())
        {
            if (line.IsEmpty || line[0] == '#') continue;
            int end = line.IndexOfAny('{', ' ');
            int space = line.LastIndexOf(' ');
            if (end < 0 || !double.TryParse(line[(space + 1)..], out double value) || !double.IsFinite(value)) continue;
            string name = line[..end].ToString();
            if (Running.Contains(name)) running += value;
            else if (Waiting.Contains(name)) waiting += value;
            else continue;
            found = true;
        }
        return found ? new EngineLoad(running, waiting) : null;
    }
}
