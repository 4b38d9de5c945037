using Distill.Chat;
using Distill.Prompts;

namespace Distill.Training;

/// <summary>A suite of problems as training asks them.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Problems">The problems, as the student sees them, with their reference answers.</param>
/// <param name="Samples">Samples of each.</param>
/// <param name="Sampling">How tokens are drawn; each sample has its own seed.</param>
/// <param name="Verifiers">Names of verifiers, tried in order.</param>
public sealed record MeasuredSuite(string Name, IReadOnlyList<Prompt> Problems, int Samples, SamplingOptions Sampling, IReadOnlyList<string> Verifiers);

/// <summary>Reads a suite: the format of its file belongs to another room.</summary>
/// <param name="path">The suite's file.</param>
/// <param name="samples">Samples of each problem in place of the suite's own, or null.</param>
/// <param name="limit">Take only so many problems, or null.</param>
/// <exception cref="Runs.InputException">The suite or its problems cannot be read.</exception>
public delegate MeasuredSuite SuiteReader(string path, int? samples, int? limit);
