/**
 * The tracking run of one candidate: one per pipeline run and candidate, however many attempts the training
 * takes.
 */
import { readCodeVersion } from '../../core/code-version.ts';
import type { DatasetVersion, Split } from '../../data/index.ts';
import {
  METRIC_NAMES,
  type ClassificationMetrics,
  type EpochMetrics,
  type Provenance,
  type StepMetrics,
  type TrainProgress,
} from '../../ml/index.ts';
import {
  CANDIDATE_TAG,
  DATASET_DIGEST_TAG,
  DATASET_TAG,
  describeDataset,
  PROVENANCE_TAG,
  RUN_TAG,
  WEIGHTS_TAG,
  type DatasetInput,
  type MetricInput,
  type Run,
  type TrackingStore,
} from '../../tracking/index.ts';

/** Prefix of the metrics of the finished, calibrated model on the validation rows. */
const FINAL_PREFIX = 'validation_';

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
  const run = found.items[0] ?? (await createTrackingRun(tracking, experimentId, training));
  // Again for a run that was found: whoever made it may have died before it said what it reads.
  await tracking.runs.logInputs(run.runId, {
    datasets: [describeSplit(version, 'train'), describeSplit(version, 'validation')],
  });
  return run;
}

async function createTrackingRun(
  tracking: TrackingStore,
  experimentId: string,
  { runId, candidate, version }: { runId: string; candidate: string; version: DatasetVersion },
): Promise<Run> {
  const { commit } = await readCodeVersion();
  return await tracking.runs.create({
    experimentId,
    name: `${candidate} ${runId}`,
    userId: 'copyloop',
    tags: {
      [RUN_TAG]: runId,
      [CANDIDATE_TAG]: candidate,
      [DATASET_TAG]: String(version.version),
      [DATASET_DIGEST_TAG]: version.digest,
      'mlflow.user': 'copyloop',
      'mlflow.source.type': 'JOB',
      'mlflow.source.name': 'copyloop',
      ...(commit !== null && { 'mlflow.source.git.commit': commit }),
    },
  });
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

export const STEP_LOSS = 'step_loss';

export function stepMetrics({ step, loss, learningRate }: StepMetrics, timestampMs: number): MetricInput[] {
  return [
    { key: STEP_LOSS, value: loss, timestampMs, step },
    { key: 'learning_rate', value: learningRate, timestampMs, step },
  ];
}

/** How fast a training goes and how long its phase will take; nothing for a phase that does not know. */
export function paceMetrics(progress: TrainProgress, timestampMs: number): MetricInput[] {
  const { phase, step = 0, stepsPerSecond, tokensPerSecond, remainingMs } = progress;
  const paces = {
    steps_per_second: stepsPerSecond,
    tokens_per_second: tokensPerSecond,
    seconds_left: remainingMs === undefined ? undefined : remainingMs / 1000,
  };
  const prefix = phase === 'refit' ? 'refit_' : '';
  return Object.entries(paces).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key: `${prefix}${key}`, value, timestampMs, step }],
  );
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

/** What a finished training has told of its model. */
export function finalMetricKeys(): string[] {
  return METRIC_NAMES.map((name) => `${FINAL_PREFIX}${toSnakeCase(name)}`);
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

/** MLflow's word for what each split is used for. */
const CONTEXTS: Readonly<Record<Split, string>> = {
  train: 'training',
  validation: 'validation',
  holdout: 'holdout',
};

/** One split of a dataset version as the input of a tracking run. */
export function describeSplit(version: DatasetVersion, split: Split): DatasetInput {
  const { splits, columns } = version.manifest;
  return describeDataset({
    name: `dataset-${version.version}-${split}`,
    context: CONTEXTS[split],
    version,
    file: splits[split],
    columns: columns.map(({ name }) => name),
  });
}

/**
 * What the weights follow from, for `copyloop verify` and for links from a run to its data and its weights.
 */
export function provenanceTags(provenance: Provenance): { key: string; value: string }[] {
  return [
    { key: PROVENANCE_TAG, value: JSON.stringify(provenance) },
    { key: WEIGHTS_TAG, value: provenance.weightsSha256 },
  ];
}

function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
