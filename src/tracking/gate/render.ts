/** The gate's report as one self-contained page. */
import { escapeHtml, percent, renderList, renderPage, renderTable } from '../../core/html-page.ts';
import type { GateSegment, GateValue } from './compare.ts';
import type { GateReport } from './decide.ts';
import { describeValue } from './rules.ts';

const TITLES: Readonly<Record<GateReport['decision'], string>> = {
  promote: 'Promoted',
  refuse: 'Refused',
  'pending-approval': 'Waiting for approval',
  canary: 'On trial as a canary',
};

/**
 * @param earlier versions of the model so far, newest first, with the accuracy that each had when it was
 *   registered
 */
export function renderGateReportHtml(
  report: GateReport,
  earlier: readonly { version: number; accuracy: number | null }[] = [],
): string {
  const { comparison, decision, reasons, rules } = report;
  const { challenger, baseline, mcnemar, bootstrap, value } = comparison;
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
    ...(value === undefined ? [] : [['What it would have earned more', renderValue(value)]]),
  ];
  return renderPage({
    title: `Gate: ${TITLES[decision]}`,
    body: `<h1>${TITLES[decision]}: ${escapeHtml(challenger.name)} against ${escapeHtml(baseline.name)}</h1>
${renderList(reasons)}
<h2>Scores</h2>
${renderTable(['Model', 'Accuracy', 'Log loss'], scores)}
<h2>Comparison</h2>
${renderTable(['Figure', 'Value'], facts)}
${renderEarlier(earlier, challenger.accuracy)}<h2>Segments</h2>
${renderSegments(comparison.segments)}
<h2>Rules</h2>
<pre>${escapeHtml(JSON.stringify(rules, undefined, 2))}</pre>`,
  });
}

function renderValue({ figures, because, reward }: GateValue): string {
  return figures === null ? (because ?? '') : describeValue(figures, reward);
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

function renderSegments(segments: readonly GateSegment[]): string {
  return renderTable(
    ['Segmentation', 'Value', 'Rows', 'Challenger', 'Baseline', 'Judged'],
    segments.map((segment) => [
      segment.segmentation,
      segment.value,
      String(segment.rows),
      percent(segment.challengerAccuracy),
      percent(segment.baselineAccuracy),
      segment.isWorse ? 'worse' : segment.isJudged ? 'yes' : 'too few rows',
    ]),
    (row) => segments[row]?.isWorse === true,
  );
}
