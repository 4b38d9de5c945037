using Xunit;

namespace Distill.Tests;

/// <summary>Tests that measure the whole process, or change what all of it shares: each runs when no other test does.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
