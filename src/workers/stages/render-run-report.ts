/** The report of a run as one self-contained page. */
import { escapeHtml, percent, renderList, renderPage, renderTable } from '../../core/html-page.ts';
import type { DatasetManifest } from '../../data/index.ts';
import type { RunView, StageResult } from '../../queues/index.ts';
import type { Outcome } from '../loop/context.ts';

/** summary.json: what happened in a run, for machines and for the report. */
export interface RunReport {
  run: { id: string; number: number; trigger: RunView['trigger']; createdAt: string; seconds: number };
  data: {
    source: string;
    accepted: number;
    refused: number;
    datasetVersion: number;
    digest: string;
    rows: Record<'train' | 'validation' | 'holdout', number>;
    labelBalance: DatasetManifest['labelBalance'];
    drift: DatasetManifest['drift'];
    checks: DatasetManifest['checks'];
    /** What the best classifier could reach; null where nobody knows. */
    bayesAccuracy: number | null;
  };
  candidates: {
    candidate: string;
    status: Outcome<'train-model'>['status'];
    trackingRunId: string | null;
    validation: Record<string, number> | null;
    error: string | null;
  }[];
  gate: StageResult<'register-model'>;
  /** Versions of the model before this run's, newest first, as measured when they were registered. */
  earlier: { version: number; accuracy: number | null; gain: number | null }[];
  /** Version that is champion after this run; null when there is none. */
  champion: number | null;
  stages: {
    stage: string;
    candidate: string | null;
    status: string;
    attempts: number;
    /** Why it took over what there was already; null where it did its work. */
    skipped?: string | null;
    /** From the first attempt's start to the last one's end; null for the stage that writes this. */
    seconds: number | null;
  }[];
}

const DECISIONS: Readonly<Record<RunReport['gate']['decision'], string>> = {
  promote: 'A new champion',
  refuse: 'The champion stays',
  'pending-approval': 'A new model waits for approval',
  canary: 'A new model is on trial as a canary',
};

export function renderRunReport(report: RunReport): string {
  const { run, data, candidates, gate, stages } = report;
  return renderPage({
    title: `Run ${run.id}`,
    body: `<h1>${DECISIONS[gate.decision]}</h1>
<p>Run ${escapeHtml(run.id)} (number ${run.number}, started by ${run.trigger} at ${escapeHtml(run.createdAt)}) took ${run.seconds.toFixed(1)} s.${
      report.champion === null
        ? ' There is no champion.'
        : ` Champion is version ${report.champion} of ${escapeHtml(gate.modelName)}.`
    }</p>
${
  gate.decision === 'pending-approval'
    ? `<p>Version ${gate.modelVersion} is pending approval: <code>copyloop approve ${gate.modelVersion}</code> or <code>copyloop reject ${gate.modelVersion} --reason TEXT</code>.</p>\n`
    : ''
}${renderList(gate.reasons)}
<h2>Data</h2>
${renderTable(['What', 'Value'], describeData(data))}
<h2>Candidates</h2>
${renderTable(
  ['Candidate', 'Status', 'Accuracy', 'F1', 'ROC AUC', 'Log loss', 'Note'],
  candidates.map(({ candidate, status, validation, error }) => [
    candidate,
    status,
    percent(validation?.['accuracy']),
    percent(validation?.['f1']),
    decimals(validation?.['rocAuc']),
    decimals(validation?.['logLoss']),
    error ?? (candidate === gate.candidate ? 'challenged the champion' : ''),
  ]),
)}
<p>On the validation rows, calibrated. The gate decides on held-out rows alone.</p>
${
  report.earlier.length === 0
    ? ''
    : `<h2>Earlier versions</h2>
${renderTable(
  ['Version', 'Accuracy', 'Gain over it'],
  report.earlier.map(({ version, accuracy, gain }) => [String(version), percent(accuracy), percent(gain)]),
)}
`
}<h2>Stages</h2>
${renderTable(
  ['Stage', 'Candidate', 'Status', 'Attempts', 'Seconds', 'Note'],
  stages.map(({ stage, candidate, status, attempts, seconds, skipped }) => [
    stage,
    candidate ?? '',
    status,
    String(attempts),
    seconds === null ? '' : seconds.toFixed(2),
    typeof skipped === 'string' ? `skipped: ${skipped}` : '',
  ]),
)}`,
  });
}

function describeData(data: RunReport['data']): string[][] {
  const { rows, labelBalance, drift, checks } = data;
  return [
    ['Source', data.source],
    ['Records accepted, refused', `${data.accepted}, ${data.refused}`],
    ['Dataset version', `${data.datasetVersion} (${data.digest.slice(0, 12)})`],
    ['Rows to train, to validate, held out', `${rows.train}, ${rows.validation}, ${rows.holdout}`],
    ['Good, bad', `${labelBalance.positives}, ${labelBalance.negatives}`],
    ['Accuracy of the majority class', percent(labelBalance.majorityAccuracy)],
    ['Best possible accuracy', data.bayesAccuracy === null ? 'not known' : percent(data.bayesAccuracy)],
    ['Drift against the parent', drift === null ? 'no parent' : drift.verdict],
    ['Checks of the rows', checks.map(describeCheck).join('; ') || 'none'],
  ];
}

function describeCheck({ name, found, rows, passed, severity }: RunReport['data']['checks'][number]): string {
  return `${name} ${found} of ${rows}${passed ? '' : ` (${severity})`}`;
}

function decimals(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(4);
}
