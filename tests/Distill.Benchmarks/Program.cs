using Distill.Benchmarks;

IMeasurement[] measurements = [.. typeof(IMeasurement).Assembly.GetTypes()
    .Where(type => type.IsClass && !type.IsAbstract && typeof(IMeasurement).IsAssignableFrom(type))
    .Select(type => (IMeasurement)Activator.CreateInstance(type)!)
    .OrderBy(measurement => measurement.Name, StringComparer.Ordinal)];

if (args.Length > 0 && measurements.SingleOrDefault(measurement => measurement.Name == args[0]) is { } chosen)
{
    await chosen.RunAsync(args[1..]);
    return 0;
}

Console.Error.WriteLine("usage: dotnet run -c Release --project tests/Distill.Benchmarks -- <name> [arguments]");
foreach (IMeasurement measurement in measurements) Console.Error.WriteLine($"  {measurement.Name,-16} {measurement.Summary}");
return 1;
