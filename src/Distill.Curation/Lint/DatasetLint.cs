using System.Globalization;
using Distill.Curation.Contamination;
using Distill.Curation.Text;
using Distill.Prompts;
using Distill.Runs;
using Distill.Traces;
using Distill.Verification;

namespace Distill.Curation.Lint;

/// <summary>
/// <c>curate --lint</c>: looks through a data set and says what is wrong with it. Reads it twice, once for what only shows among all rows
/// (duplicates, problems of evaluation sets), once for each row by itself.
/// </summary>
public static class DatasetLint
{
    private const int LongestExcerpt = 100, LongestDetail = 200;

    /// <summary>Looks through a data set.</summary>
    /// <param name="options">The options.</param>
    /// <param name="progress">Receives readings.</param>
    /// <param name="cancellation">Stops between two pieces.</param>
    /// <param name="readSuite">Reads the problems of an evaluation suite (<c>.yaml</c>); without it evaluation sets are files of prompts.</param>
    /// <exception cref="InputException">The set cannot be read, or an option is out of range.</exception>
    public static Task<LintReport> RunAsync(
        LintOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation, Func<string, IEnumerable<Prompt>>? readSuite = null)
    {
        CurateOptions curate = options.ToCurateOptions();
        CurateCheck.Check(curate);
        if (options.Examples < 0) throw new InputException("`examples` is negative", "give a number of examples, or 0 for none");
        IVerifier verifier = Verifiers.Create(options.Verify);
        return Task.Run(() => Look(options, curate, new RowLint(verifier), readSuite, progress, cancellation), cancellation);
    }

    private static LintReport Look(
        LintOptions options, CurateOptions curate, RowLint lint, Func<string, IEnumerable<Prompt>>? readSuite, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        var sources = new TraceSources(curate);
        Decontamination? decontamination = curate.Decontaminate.Count == 0 ? null
            : Decontamination.Load(curate.Decontaminate, readSuite, curate.DecontaminateNgram, curate.DecontaminateCoverage);
        Survey survey = Survey.Take(sources, new TracePreparation(curate), decontamination, curate, journal: null, progress, cancellation);
        var among = new AmongRows(survey);
        var tally = new Tally(options.Examples);
        long row = 0, judged = 0, reasoned = 0;
        foreach (IReadOnlyList<Linted> chunk in sources.Read("curate (rows)", rawText: true, piece => Lint(piece.Read()), progress, cancellation))
        {
            foreach (Linted linted in chunk)
            {
                if (linted.Verdict.Outcome != Outcome.Unverifiable) judged++;
                if (linted.Trace.Completion.Reasoning.Length > 0) reasoned++;
                IEnumerable<(string Check, string Detail)> findings = linted.Findings.Concat(among.Findings((int)row, linted.Trace));
                row++;
                foreach ((string check, string detail) in findings.DistinctBy(finding => finding.Check)) tally.Add(check, row, linted.Trace, detail);
            }
        }
        return new LintReport
        {
            Set = options.Lint,
            Rows = row,
            Prompts = survey.PromptCount,
            RowsWithReasoning = reasoned,
            RowsJudged = judged,
            Findings = tally.Findings(row),
            Benchmarks = decontamination is null ? [] : FunnelCount.Benchmarks(survey, decontamination),
        };

        IReadOnlyList<Linted> Lint(IReadOnlyList<Trace> traces) => [.. traces.Select(trace =>
        {
            Verdict verdict = lint.Judge(trace);
            return new Linted(trace, verdict, RowLint.Findings(trace, verdict));
        })];
    }

    private sealed record Linted(Trace Trace, Verdict Verdict, IReadOnlyList<(string Check, string Detail)> Findings);

    /// <summary>What only shows when a row is compared with those before it.</summary>
    private sealed class AmongRows(Survey survey)
    {
        private readonly Dictionary<UInt128, int> _contents = [];
        private readonly Dictionary<int, string> _answers = [];
        private readonly Dictionary<int, (int Prompt, int Row)> _groups = [];

        public IEnumerable<(string Check, string Detail)> Findings(int row, Trace trace)
        {
            TraceFacts facts = survey.Traces[row];
            if (!_contents.TryAdd(facts.Content, row)) yield return (Fates.NameOf(Fate.Duplicate), $"same as row {_contents[facts.Content] + 1}");
            int group = survey.NearDuplicates.GroupOf(facts.Prompt);
            if (!_groups.TryAdd(group, (facts.Prompt, row)) && _groups[group] is var first && first.Prompt != facts.Prompt)
            {
                yield return (Fates.NameOf(Fate.NearDuplicate), string.Create(CultureInfo.InvariantCulture,
                    $"like row {first.Row + 1} (similarity {survey.NearDuplicates.Similarity(first.Prompt, facts.Prompt):0.00})"));
            }
            if (survey.Contaminated.TryGetValue(facts.Prompt, out ContaminationMatch? match))
                yield return (Fates.NameOf(Fate.Contaminated), string.Create(CultureInfo.InvariantCulture, $"{match.Item.Name} {match.Rule} {match.Overlap:0.00}: {match.Span}"));
            if (string.IsNullOrWhiteSpace(trace.Prompt.ReferenceAnswer)) yield break;
            string answer = PromptText.Of(trace.Prompt.ReferenceAnswer).Key;
            if (!_answers.TryAdd(facts.Prompt, answer) && _answers[facts.Prompt] != answer)
                yield return (LintCheck.ConflictingAnswers, $"here {Short(trace.Prompt.ReferenceAnswer.Trim(), 40)}, before {Short(_answers[facts.Prompt], 40)}");
        }
    }

    /// <summary>Counts what is found and keeps the first examples.</summary>
    private sealed class Tally(int examples)
    {
        private readonly Dictionary<string, (long Rows, List<LintExample> Examples)> _found = [];

        public void Add(string check, long row, Trace trace, string detail)
        {
            (long rows, List<LintExample> shown) = _found.GetValueOrDefault(check, (0, []));
            if (shown.Count < examples)
                shown.Add(new LintExample(row, trace.Id, Short(detail, LongestDetail), Short(trace.Prompt.Messages.Count > 0 ? trace.Prompt.Messages[^1].Content : "", LongestExcerpt)));
            _found[check] = (rows + 1, shown);
        }

        public IReadOnlyList<LintFinding> Findings(long rows) => [.. LintCheck.All.Where(check => _found.ContainsKey(check.Name))
            .Select(check => new LintFinding(check.Name, check.IsProblem, check.Meaning, _found[check.Name].Rows, Math.Round(_found[check.Name].Rows / (double)rows, 6), _found[check.Name].Examples))
            .OrderByDescending(finding => finding.IsProblem).ThenByDescending(finding => finding.Rows)];
    }

    private static string Short(string text, int most)
    {
        string line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= most ? line : line[..(char.IsHighSurrogate(line[most - 1]) ? most - 1 : most)] + "…";
    }
}
