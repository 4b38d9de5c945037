namespace Distill.Training;

/// <summary>A value of the recipe.</summary>
/// <param name="Option">Its option, as in a pipeline file.</param>
/// <param name="Value">The value that is used.</param>
/// <param name="Source">Where it comes from: <c>given</c>, a preset, or <c>default</c>.</param>
public sealed record RecipeValue(string Option, string Value, string Source);
