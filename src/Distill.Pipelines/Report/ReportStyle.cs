namespace Distill.Pipelines.Report;

/// <summary>The report's style sheet: light and dark, one accent, figures in columns that line up.</summary>
internal static class ReportStyle
{
    public static Html Sheet { get; } = Html.Of($$"""
        :root {
          color-scheme: light dark;
          --paper: #fdfdfc; --ink: #1d1f23; --soft: #62666d; --faint: #747982; --rule: #e4e4e0; --track: #efefeb; --panel: #f6f6f3;
          --distilled: #1f6f5c; --artifact: #6fa897; --teacher: #3b4a6b; --answers: #b9772b; --untrained: #a3a6ab; --other: #7d6b91;
          --good: #1f6f5c; --bad: #a8443a;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #15171a; --ink: #e6e6e3; --soft: #a3a7ad; --faint: #868b93; --rule: #2c2f34; --track: #24272b; --panel: #1c1f23;
            --distilled: #4fb79b; --artifact: #35705f; --teacher: #8ea3d6; --answers: #d99a4e; --untrained: #70747b; --other: #a892c2;
            --good: #4fb79b; --bad: #e0766a;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; -webkit-text-size-adjust: 100%; }
        main { max-width: 960px; margin: 0 auto; padding: 56px 28px 40px; }
        h1 { font-size: 2.1rem; line-height: 1.15; letter-spacing: -.02em; font-weight: 650; margin: 0 0 20px; }
        h2 { font-size: 1.2rem; letter-spacing: -.01em; font-weight: 620; margin: 0 0 6px; }
        section { margin-top: 52px; }
        .kind { margin: 0 0 4px; color: var(--faint); font-size: .82rem; letter-spacing: .06em; }
        .lead { font-size: 1.28rem; line-height: 1.4; letter-spacing: -.008em; margin: 0 0 8px; max-width: 46em; }
        .findings { color: var(--soft); margin: 0 0 24px; max-width: 48em; }
        .caption { color: var(--soft); font-size: .92rem; margin: 0 0 20px; max-width: 52em; }
        .caption b { color: var(--ink); font-weight: 600; }
        .facts { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px; margin: 0; padding-top: 16px; border-top: 1px solid var(--rule); font-size: .88rem; }
        .facts dt { color: var(--faint); } .facts dd { margin: 0; color: var(--soft); }
        .quiet { color: var(--faint); }
        .n, .value, .score .quiet, .step .quiet { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }

        .score { display: grid; grid-template-columns: minmax(120px, 190px) 1fr 66px 108px 62px 52px; gap: 0 14px; align-items: center; padding: 5px 0; font-size: .93rem; --tint: var(--other); }
        .score.head { color: var(--faint); font-size: .78rem; padding-bottom: 2px; }
        .score.head span:nth-child(n+3) { text-align: right; white-space: nowrap; }
        .score .name { overflow-wrap: anywhere; line-height: 1.25; } .score .name small { display: block; color: var(--faint); font-size: .76rem; }
        .score .value { font-weight: 620; } .score .quiet { font-size: .84rem; }
        .axis { position: relative; height: 1.2em; } .axis i { position: absolute; transform: translateX(-50%); font-style: normal; font-variant-numeric: tabular-nums; } .axis i:first-child { transform: none; } .axis i:last-child { transform: translateX(-100%); }
        .track { position: relative; display: block; height: 20px; border-radius: 3px; background: linear-gradient(to right, transparent calc(25% - 1px), var(--paper) 25%, transparent 25%) 0 0 / 100%, linear-gradient(to right, transparent calc(50% - 1px), var(--paper) 50%, transparent 50%), linear-gradient(to right, transparent calc(75% - 1px), var(--paper) 75%, transparent 75%), var(--track); }
        .track b { position: absolute; inset: 0 auto 0 0; border-radius: 3px; background: var(--tint); min-width: 2px; }
        .track em { position: absolute; top: 50%; height: 0; border-top: 2px solid var(--ink); opacity: .75; }
        .track em::before, .track em::after { content: ""; position: absolute; top: -6px; height: 10px; border-left: 2px solid var(--ink); } .track em::before { left: 0; } .track em::after { right: 0; }
        .teacher { --tint: var(--teacher); } .untrained { --tint: var(--untrained); } .answers { --tint: var(--answers); } .distilled { --tint: var(--distilled); } .artifact { --tint: var(--artifact); }
        .score.distilled .name, .score.distilled .value { color: var(--distilled); font-weight: 650; }

        .step { display: grid; grid-template-columns: minmax(120px, 190px) 1fr 66px 62px; gap: 0 14px; align-items: center; padding: 4px 0; font-size: .93rem; --tint: var(--untrained); }
        .step.all { --tint: var(--teacher); } .step.kept { --tint: var(--distilled); } .step.kept .name, .step.kept .value { color: var(--distilled); font-weight: 650; }
        .step .track { background: var(--track); display: flex; overflow: hidden; } .step .track b { position: static; border-radius: 0; flex: none; } .step .track u { flex: none; background: repeating-linear-gradient(135deg, var(--bad) 0 2px, transparent 2px 5px); opacity: .8; min-width: 2px; }
        .step .quiet { font-size: .84rem; }
        .examples { margin-top: 20px; border-top: 1px solid var(--rule); }
        details { border-bottom: 1px solid var(--rule); } summary { cursor: pointer; padding: 9px 2px; font-size: .92rem; display: flex; min-width: 0; gap: 10px; align-items: baseline; list-style: none; } summary::-webkit-details-marker { display: none; }
        summary::before { content: "▸"; color: var(--faint); font-size: .8em; } details[open] summary::before { content: "▾"; }
        .badge { font-size: .76rem; font-weight: 620; } .accepted .badge { color: var(--good); } .rejected .badge { color: var(--bad); }
        .why { color: var(--faint); font-size: .84rem; white-space: nowrap; margin-left: auto; } .prompt { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
        details dl { margin: 0 0 14px 22px; font-size: .9rem; } details dt { color: var(--faint); font-size: .8rem; margin-top: 8px; } details dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }

        figure { margin: 0; } svg { display: block; width: 100%; height: auto; overflow: visible; }
        .grid { stroke: var(--rule); } .tick { fill: var(--faint); font-size: 12px; font-variant-numeric: tabular-nums; }
        .level { stroke: var(--faint); stroke-dasharray: 4 4; } .dot { fill: var(--tint, var(--other)); }
        .line { fill: none; stroke: var(--tint, var(--other)); stroke-width: 2; stroke-linejoin: round; } .label { fill: var(--tint, var(--other)); font-size: 13px; font-weight: 600; font-variant-numeric: tabular-nums; }

        table { border-collapse: collapse; width: 100%; font-size: .92rem; } th { text-align: left; font-weight: 500; color: var(--faint); font-size: .8rem; } th.n { text-align: right; }
        th, td { padding: 7px 16px 7px 0; border-bottom: 1px solid var(--rule); vertical-align: middle; } th:last-child, td:last-child { padding-right: 0; }
        tfoot td { border-bottom: 0; font-weight: 600; } td.path { overflow-wrap: anywhere; } .wide { width: 45%; } .thin { height: 8px; background: var(--track); --tint: var(--teacher); }
        pre { font: 13px/1.5 ui-monospace, SFMono-Regular, "Cascadia Mono", Menlo, Consolas, monospace; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
        details pre, .source { background: var(--panel); border-radius: 5px; padding: 12px 14px; } .source { white-space: pre; overflow-x: auto; margin-top: 10px; }
        footer { margin-top: 56px; padding-top: 14px; border-top: 1px solid var(--rule); color: var(--faint); font-size: .82rem; }
        @media (max-width: 720px) {
          main { padding: 32px 18px; } .score { grid-template-columns: 1fr 64px 100px; } .score > :nth-child(2) { grid-column: 1 / -1; order: 5; } .score > :nth-child(5), .score > :nth-child(6) { display: none; }
          .step { grid-template-columns: 1fr 66px 62px; } .step .track { grid-column: 1 / -1; order: 5; } table { display: block; overflow-x: auto; } td.path { min-width: 15em; } figure { overflow-x: auto; } figure svg { min-width: 640px; }
        }
        @media print { main { padding: 0; max-width: none; } section { break-inside: avoid; } }
        """);
}
