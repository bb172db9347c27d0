/** The tracking run of one candidate: one per pipeline run and candidate, however many attempts the training takes. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { packageRoot } from '../core/paths.ts';
import type { DatasetVersion } from '../data/index.ts';
import { METRIC_NAMES, type ClassificationMetrics, type EpochMetrics } from '../ml/index.ts';
import type { DatasetInput, MetricInput, Run, TrackingStore } from '../tracking/index.ts';

export const RUN_TAG = 'copyloop.run';
export const CANDIDATE_TAG = 'copyloop.candidate';
export const DATASET_TAG = 'copyloop.dataset';

/** Prefix of the metrics of the finished, calibrated model on the validation rows. */
const FINAL_PREFIX = 'validation_';
const MAX_DIGEST_CHARS = 36;

/** Finds the run that an earlier attempt made, or makes it. */
export async function ensureTrackingRun(
  tracking: TrackingStore,
  training: { experiment: string; runId: string; candidate: string; version: DatasetVersion },
): Promise<Run> {
  const { runId, candidate, version } = training;
  const experimentId = await tracking.experiments.ensure(training.experiment);
  const found = await tracking.runs.search({
    experimentIds: [experimentId],
    filter: `tags.\`${RUN_TAG}\` = '${runId}' AND tags.\`${CANDIDATE_TAG}\` = '${candidate}'`,
    maxResults: 1,
  });
  const before = found.items[0];
  if (before !== undefined) return before;
  const commit = await readGitCommit();
  const run = await tracking.runs.create({
    experimentId,
    name: `${candidate} ${runId}`,
    tags: {
      [RUN_TAG]: runId,
      [CANDIDATE_TAG]: candidate,
      [DATASET_TAG]: String(version.version),
      'mlflow.source.type': 'JOB',
      'mlflow.source.name': 'copyloop',
      ...(commit !== undefined && { 'mlflow.source.git.commit': commit }),
    },
  });
  await tracking.runs.logInputs(run.runId, {
    datasets: [describeSplit(version, 'train', 'training'), describeSplit(version, 'validation', 'eval')],
  });
  return run;
}

/** The epochs that an earlier attempt has logged. */
export async function readLoggedEpochs(tracking: TrackingStore, trackingRunId: string): Promise<Set<number>> {
  const epochs = new Set<number>();
  let pageToken: string | undefined;
  do {
    const page = await tracking.runs.metricHistory(trackingRunId, 'train_loss', {
      maxResults: 1000,
      pageToken,
    });
    for (const { step } of page.items) epochs.add(step);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return epochs;
}

export function epochMetrics(epoch: EpochMetrics, timestampMs: number): MetricInput[] {
  const at = { timestampMs, step: epoch.epoch };
  return [
    { key: 'train_loss', value: epoch.trainLoss, ...at },
    { key: 'validation_loss', value: epoch.validationLoss, ...at },
    ...METRIC_NAMES.map((name) => ({ key: toSnakeCase(name), value: epoch.validation[name], ...at })),
  ];
}

export function finalMetrics(
  validation: ClassificationMetrics,
  step: number,
  timestampMs: number,
): MetricInput[] {
  return METRIC_NAMES.map((name) => ({
    key: `${FINAL_PREFIX}${toSnakeCase(name)}`,
    value: validation[name],
    timestampMs,
    step,
  }));
}

/** The final metrics of a finished tracking run, by the names of ml. */
export function readFinalMetrics(run: Run): Record<string, number> {
  const values = new Map(run.metrics.map(({ key, value }) => [key, value]));
  return Object.fromEntries(
    METRIC_NAMES.flatMap((name) => {
      const value = values.get(`${FINAL_PREFIX}${toSnakeCase(name)}`);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Params are write-once text; null is what a setting without a value is. */
export function toParams(
  values: Readonly<Record<string, string | number | boolean | null>>,
): { key: string; value: string }[] {
  return Object.entries(values).map(([key, value]) => ({ key: toSnakeCase(key), value: String(value) }));
}

function describeSplit(
  version: DatasetVersion,
  split: 'train' | 'validation',
  context: 'training' | 'eval',
): DatasetInput {
  const { key, sha256, rows, positives } = version.manifest.splits[split];
  return {
    dataset: {
      name: `dataset-${version.version}-${split}`,
      digest: sha256.slice(0, MAX_DIGEST_CHARS),
      sourceType: 'copyloop',
      source: JSON.stringify({ version: version.version, digest: version.digest, key, sha256 }),
      schema: JSON.stringify({ columns: version.manifest.columns }),
      profile: JSON.stringify({ num_rows: rows, positives }),
    },
    tags: { 'mlflow.data.context': context },
  };
}

function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** undefined where the package is no checkout, as in the production image. */
async function readGitCommit(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD'], { cwd: packageRoot });
    return stdout.trim();
  } catch {
    return undefined;
  }
}
