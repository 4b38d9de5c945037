namespace Distill.Benchmarks;

/// <summary>One thing worth measuring, as a ratio against a peer or the hardware limit in the same run. Found by its name.</summary>
internal interface IMeasurement
{
    /// <summary>What the command line calls it, e.g. <c>tokenizer</c>.</summary>
    string Name { get; }

    /// <summary>What is measured against what, in one line.</summary>
    string Summary { get; }

    /// <summary>Measures, and prints figures with their ratio.</summary>
    Task RunAsync(string[] arguments);
}
