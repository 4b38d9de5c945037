using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Tests.Inference.Endpoints;

namespace Distill.Tests.Teacher;

/// <summary>Completes batch files as OpenAI's service and <c>vllm run-batch</c> do: one line for each request, in another order.</summary>
internal static class BatchService
{
    /// <summary>Reasoning, content and finish reason for a request, by its seed alone: what the scripted server sends online too.</summary>
    public static (string Reasoning, string Content, string Finish, int Tokens) Answer(JsonElement body)
    {
        long seed = body.GetProperty("seed").GetInt64();
        string sum = body.GetProperty("messages")[0].GetProperty("content").GetString()!["Compute 1+".Length..].TrimEnd('.');
        string reasoning = $"thinking {seed} äöü 🎉";
        return (seed % 8) switch
        {
            0 => (reasoning, "", "length", 20),
            1 => (reasoning, $"\\boxed{{{int.Parse(sum) + 2}}}", "stop", 24),
            _ => (reasoning, $"\\boxed{{{int.Parse(sum) + 1}}}", "stop", 24),
        };
    }

    /// <summary>The lines of a batch file.</summary>
    public static List<JsonElement> Requests(params string[] files) => [.. files.SelectMany(File.ReadLines).Select(line => JsonDocument.Parse(line).RootElement.Clone())];

    /// <summary>An output line in OpenAI's shape.</summary>
    public static string Completed(JsonElement request, string model = "m", Action<JsonObject>? change = null)
    {
        var (reasoning, content, finish, tokens) = Answer(request.GetProperty("body"));
        var body = new JsonObject
        {
            ["id"] = "chatcmpl-1",
            ["object"] = "chat.completion",
            ["model"] = model,
            ["choices"] = new JsonArray(new JsonObject
            {
                ["index"] = 0,
                ["message"] = new JsonObject { ["role"] = "assistant", ["reasoning_content"] = reasoning, ["content"] = content },
                ["finish_reason"] = finish,
            }),
            ["usage"] = new JsonObject { ["prompt_tokens"] = 7, ["completion_tokens"] = tokens, ["total_tokens"] = 7 + tokens },
        };
        change?.Invoke(body);
        return Line(request, new JsonObject { ["status_code"] = 200, ["request_id"] = "r", ["body"] = body }, null);
    }

    /// <summary>A line whose request was answered with an error.</summary>
    public static string Refused(JsonElement request, int status, string message) =>
        Line(request, new JsonObject { ["status_code"] = status, ["request_id"] = "r", ["body"] = new JsonObject { ["error"] = new JsonObject { ["message"] = message, ["type"] = status < 500 ? "invalid_request_error" : "server_error" } } }, null);

    /// <summary>A line of an error file.</summary>
    public static string Expired(JsonElement request) =>
        Line(request, null, new JsonObject { ["code"] = "batch_expired", ["message"] = "This request could not be executed before the completion window expired." });

    /// <summary>The same answer as a stream.</summary>
    public static string Stream(JsonElement body)
    {
        var (reasoning, content, finish, tokens) = Answer(body);
        return ScriptedServer.StreamHead + ScriptedServer.Delta("reasoning_content", reasoning)
            + (content.Length > 0 ? ScriptedServer.Delta("content", content) : "")
            + ScriptedServer.Finish(finish) + ScriptedServer.Usage(7, tokens) + ScriptedServer.Done;
    }

    private static string Line(JsonElement request, JsonObject? response, JsonObject? error)
    {
        string id = request.GetProperty("custom_id").GetString()!;
        return new JsonObject { ["id"] = "batch_req_" + id, ["custom_id"] = id, ["response"] = response, ["error"] = error }.ToJsonString();
    }
}
