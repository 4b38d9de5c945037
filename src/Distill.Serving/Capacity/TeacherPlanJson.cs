using System.Text.Json.Nodes;

namespace Distill.Serving;

/// <summary>A plan as JSON: what nobody measured is null, and says so.</summary>
public static class TeacherPlanJson
{
    /// <summary>Word for a figure that nobody measured.</summary>
    public const string NotMeasured = "not measured";

    /// <summary>Writes the plan.</summary>
    public static JsonObject Of(TeacherPlan plan) => new()
    {
        ["model"] = ModelOf(plan.Shape),
        ["context_length"] = plan.Options.ContextLength,
        ["kv_bytes_per_token"] = plan.Shape.KvBytesPerToken(plan.Options.KvCache),
        ["resident_tokens"] = Math.Round(plan.ResidentTokens),
        ["replicas"] = new JsonArray([.. plan.Replicas.Select(replica => ReplicaOf(plan, replica))]),
        ["work"] = plan.Work is { } work ? WorkOf(plan, work) : null,
        ["warnings"] = new JsonArray([.. plan.Warnings.Select(warning => (JsonNode)warning)]),
        ["published"] = new JsonArray([.. PublishedRate.All.Select(rate => RateOf(plan, rate))]),
    };

    private static JsonObject ModelOf(ServedShape shape) => new()
    {
        ["name"] = shape.Name,
        ["parameters"] = shape.Parameters,
        ["weights_bytes"] = shape.Total,
        ["routed_experts_bytes"] = shape.RoutedExperts,
        ["shared_experts_bytes"] = shape.SharedExperts,
        ["attention_bytes"] = shape.Attention,
        ["feed_forward_bytes"] = shape.FeedForward,
        ["embeddings_bytes"] = shape.Embeddings,
        ["routers_bytes"] = shape.Routers,
    };

    private static JsonObject ReplicaOf(TeacherPlan plan, ReplicaMemory replica) => new()
    {
        ["topology"] = replica.Topology.ToString(),
        ["parallelism"] = replica.Name,
        ["weights_bytes_per_gpu"] = replica.WeightsPerGpu,
        ["kv_bytes_per_gpu"] = replica.KvPerGpu,
        ["missing_bytes_per_gpu"] = replica.Shortage(plan.Options.ContextLength),
        ["kv_tokens"] = replica.KvTokens,
        ["full_sequences"] = Math.Round(replica.Sequences(plan.Options.ContextLength), 1),
        ["running_requests"] = Math.Floor(plan.Running(replica)),
        ["tokens_per_second"] = Measured(plan.Options.TokensPerSecond),
        ["published"] = new JsonArray([.. PublishedRate.For(replica.Topology, replica.Parallelism).Select(rate => (JsonNode)rate.Who)]),
    };

    private static JsonObject WorkOf(TeacherPlan plan, GenerationWork work) => new()
    {
        ["rollouts"] = work.Rollouts,
        ["tokens"] = Math.Round(work.Tokens),
        ["hours"] = Measured(plan.Hours),
        ["cost"] = plan.Hours is null ? NotMeasured : plan.Cost,
        ["cost_per_accepted_prompt"] = plan.CostPerAcceptedPrompt,
        ["seconds_per_token"] = Measured(plan.SecondsPerToken),
        ["api_cost"] = plan.ApiCost,
    };

    private static JsonObject RateOf(TeacherPlan plan, PublishedRate rate) => new()
    {
        ["who"] = rate.Who,
        ["where"] = rate.Where,
        ["tokens_per_second_per_gpu"] = new JsonArray(rate.Low, rate.High),
        ["counts_prompts"] = rate.CountsPrompts,
        ["source"] = rate.Source,
        ["node_days_at_that_rate"] = rate.CountsPrompts || plan.Work is not { } work ? null : new JsonArray(work.NodeDays(rate.High), work.NodeDays(rate.Low)),
    };

    private static JsonNode Measured(double? value) => value is { } number ? number : NotMeasured;
}
