/** The gate's report as one self-contained page. */
import type { GateReport, GateSegment } from './decide.ts';

const TITLES: Readonly<Record<GateReport['decision'], string>> = {
  promote: 'Promoted',
  refuse: 'Refused',
  'pending-approval': 'Waiting for approval',
};

/** @param earlier versions of the model so far, newest first, with the accuracy that each had when it was registered */
export function renderGateReportHtml(
  report: GateReport,
  earlier: readonly { version: number; accuracy: number | null }[] = [],
): string {
  const { comparison, decision, reasons, rules } = report;
  const { challenger, baseline, mcnemar, bootstrap } = comparison;
  const scores = [challenger, baseline].map((model) => [
    model.name,
    percent(model.accuracy),
    model.logLoss === null ? '' : model.logLoss.toFixed(4),
  ]);
  const facts = [
    ['Held-out rows', String(comparison.rows)],
    ['Of these trained on by a model', String(comparison.leakedRows)],
    ['Gain', percent(comparison.gain)],
    [
      `Interval (${percent(bootstrap.confidence)}, ${bootstrap.resamples} resamples)`,
      `${percent(bootstrap.low)} to ${percent(bootstrap.high)}`,
    ],
    ['Only the challenger right', String(mcnemar.challengerOnly)],
    ['Only the baseline right', String(mcnemar.baselineOnly)],
    ["McNemar's test, exact p", mcnemar.exactP.toPrecision(4)],
    ["McNemar's test, mid-p", mcnemar.midP.toPrecision(4)],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gate: ${TITLES[decision]}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid #ccc; padding: 0.3rem 0.7rem; text-align: left; }
.worse { background: #fde8e8; }
pre { background: #f4f4f4; padding: 1rem; overflow: auto; }
</style>
</head>
<body>
<h1>${TITLES[decision]}: ${escapeHtml(challenger.name)} against ${escapeHtml(baseline.name)}</h1>
<ul>
${reasons.map((reason) => `<li>${escapeHtml(reason)}</li>`).join('\n')}
</ul>
<h2>Scores</h2>
${renderTable(['Model', 'Accuracy', 'Log loss'], scores)}
<h2>Comparison</h2>
${renderTable(['Figure', 'Value'], facts)}
${renderEarlier(earlier, challenger.accuracy)}<h2>Segments</h2>
<table>
<tr><th>Segmentation</th><th>Value</th><th>Rows</th><th>Challenger</th><th>Baseline</th><th>Judged</th></tr>
${comparison.segments.map(renderSegment).join('\n')}
</table>
<h2>Rules</h2>
<pre>${escapeHtml(JSON.stringify(rules, undefined, 2))}</pre>
</body>
</html>
`;
}

function renderEarlier(
  earlier: readonly { version: number; accuracy: number | null }[],
  accuracy: number,
): string {
  if (earlier.length === 0) return '';
  const rows = earlier.map((one) => [
    String(one.version),
    one.accuracy === null ? 'not known' : percent(one.accuracy),
    one.accuracy === null ? '' : percent(accuracy - one.accuracy),
  ]);
  return `<h2>Earlier versions</h2>
<p>Each as measured when it was registered, on the rows held out then.</p>
${renderTable(['Version', 'Accuracy', 'Gain over it'], rows)}
`;
}

function renderSegment(segment: GateSegment): string {
  const judged = segment.isWorse ? 'worse' : segment.isJudged ? 'yes' : 'too few rows';
  const cells = [
    segment.segmentation,
    segment.value,
    String(segment.rows),
    percent(segment.challengerAccuracy),
    percent(segment.baselineAccuracy),
    judged,
  ];
  return `<tr${segment.isWorse ? ' class="worse"' : ''}>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`;
}

function renderTable(heads: string[], rows: string[][]): string {
  return `<table>\n${[renderRow(heads, 'th'), ...rows.map((row) => renderRow(row, 'td'))].join('\n')}\n</table>`;
}

function renderRow(cells: string[], tag: string): string {
  return `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
