using System.Text.Json.Nodes;

namespace Distill.Models;

/// <summary>A <c>config.json</c> as it was read, kept so that writing it back changes only what is known here.</summary>
public sealed class ConfigOrigin : IEquatable<ConfigOrigin>
{
    internal ConfigOrigin(JsonObject json) => Json = json;

    /// <summary>The whole file. Not to be changed.</summary>
    internal JsonObject Json { get; }

    /// <summary>Whether both files say the same.</summary>
    public bool Equals(ConfigOrigin? other) => JsonNode.DeepEquals(Json, other?.Json);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ConfigOrigin);

    /// <inheritdoc/>
    public override int GetHashCode() => Json.Count;
}
