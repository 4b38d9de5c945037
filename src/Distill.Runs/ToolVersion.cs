using System.Reflection;

namespace Distill.Runs;

/// <summary>The version of distill that is running.</summary>
public static class ToolVersion
{
    /// <summary>Semantic version, with the commit after a plus sign where the build knew it.</summary>
    public static string Current { get; } =
        typeof(ToolVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
}
