import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CandidateConfig } from '../../core/config/index.ts';
import { readCodeVersion } from '../../core/code-version.ts';
import { AppError, toAppError, toError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/ids.ts';
import { fetchSplitFile, getDatasetVersion, type DatasetVersion } from '../../data/index.ts';
import {
  hashWeights,
  hubOf,
  provenanceSchema,
  readRecipe,
  readWeights,
  repeatsTraining,
  trainCandidate,
  trainResultSchema,
  verifyModelDirectory,
  type TrainProgress,
  type TrainRequest,
  type TrainResult,
} from '../../ml/index.ts';
import {
  CANDIDATE_TAG,
  CODE_TAG,
  DATASET_DIGEST_TAG,
  PROVENANCE_TAG,
  RECIPE_TAG,
  WEIGHTS_TAG,
  type MetricInput,
  type Run,
  type TrackingStore,
} from '../../tracking/index.ts';
import type { RunContext, StageHandler } from '../loop/context.ts';
import { refuseFrozenRows } from './frozen-holdout.ts';
import { fetchModel, storeModel } from './model-files.ts';
import { retryWhileOffline } from '../loop/retry-while-offline.ts';
import { checkpointFolder, withSharedCheckpoint } from './shared-checkpoint.ts';
import {
  ensureTrackingRun,
  epochMetrics,
  finalMetricKeys,
  finalMetrics,
  paceMetrics,
  provenanceTags,
  readFinalMetrics,
  readLoggedEpochs,
  STEP_LOSS,
  stepMetrics,
  toParams,
} from './tracking-run.ts';
import { removeWorkFolder, workFolder } from './work-folders.ts';

/** A training's pace goes to its tracking run no oftener than this. */
const LOG_PACE_EVERY_MS = 5000;
/** Trainings that were done already, the newest first. */
const EQUALS_COMPARED = 5;

/**
 * Trains one candidate in a child process and leaves a tracking run with the model directory. A retry resumes
 * from the checkpoint of the attempt before it, also on another machine, or takes over its finished model.
 */
export function createTrainModel(tracking: TrackingStore): StageHandler<'train-model'> {
  return async ({ runId, candidate: name }, context) => {
    const { run: pipelineRun, services, log } = context;
    const candidate = pipelineRun.options.candidates.find((one) => one.name === name);
    if (candidate === undefined) throw new AppError('internal', `run ${runId} has no candidate ${name}`);
    const { datasetVersion } = await context.resultOf('version-data');
    const version = await getDatasetVersion(services.database.db, datasetVersion);
    await refuseFrozenRows(version, context);
    const { experiment } = pipelineRun.options.model;
    const trackingRun = await ensureTrackingRun(tracking, { experiment, runId, candidate: name, version });
    const modelUri = `${trackingRun.artifactUri}/model`;
    if (trackingRun.status === 'FINISHED') {
      log.info({ trackingRun: trackingRun.runId }, 'an earlier attempt has finished this training');
      return { trackingRunId: trackingRun.runId, modelUri, validation: readFinalMetrics(trackingRun) };
    }

    await tracking.runs.update(trackingRun.runId, { status: 'RUNNING' });
    try {
      const earlier = await findEqualTraining({ candidate, version, trackingRun, tracking, context });
      if (earlier !== undefined) {
        const skipped = `tracking run ${earlier.runId} has trained the same: rows, recipe, seed, base, code and machine are equal`;
        log.info({ trackingRun: trackingRun.runId, earlier: earlier.runId }, `skipped, because ${skipped}`);
        await takeOverModel(earlier, { candidate, version, trackingRun, tracking, context });
        return {
          trackingRunId: trackingRun.runId,
          modelUri,
          validation: readFinalMetrics(earlier),
          skipped,
        };
      }
      const result = await trainOrTakeOver({ candidate, version, trackingRun, tracking, context });
      context.progress({ done: 0.97, of: 1, message: 'storing the model' });
      await storeModel(services.artifacts, result.modelDirectory, modelUri, context.signal);
      await tracking.runs.logBatch(trackingRun.runId, {
        params: toParams({ ...result.params, candidate: name, datasetVersion, bestEpoch: result.bestEpoch }),
        metrics: [
          ...finalMetrics(result.validation, result.bestEpoch, context.clock.nowMs()),
          metric('training_seconds', result.durationMs / 1000),
          metric('peak_rss_bytes', result.peakRssBytes),
          metric('temperature', result.temperature),
        ],
        tags: [
          ...provenanceTags(result.provenance),
          { key: CODE_TAG, value: await hashCode() },
          { key: RECIPE_TAG, value: await hashRecipe(candidate, context) },
        ],
      });
      await tracking.runs.update(trackingRun.runId, { status: 'FINISHED', endTimeMs: context.clock.nowMs() });
      await removeWorkFolder(services, runId, name);
      await services.artifacts.deletePrefix(checkpointFolder(runId, name));
      const { rows, positives, ...validation } = result.validation;
      log.info({ trackingRun: trackingRun.runId, accuracy: validation.accuracy, rows, positives }, 'trained');
      return { trackingRunId: trackingRun.runId, modelUri, validation };
    } catch (thrown) {
      const status = context.signal.aborted ? 'KILLED' : 'FAILED';
      await tracking.runs
        .update(trackingRun.runId, { status, endTimeMs: context.clock.nowMs() })
        .catch((error: unknown) => log.warn({ err: toError(error) }, 'the tracking run could not be closed'));
      throw thrown;
    }

    function metric(key: string, value: number) {
      return { key, value, timestampMs: context.clock.nowMs(), step: 0 };
    }
  };
}

/** MLflow's limit. */
const MAX_METRICS_PER_BATCH = 1000;

interface Training {
  candidate: CandidateConfig;
  version: DatasetVersion;
  trackingRun: Run;
  tracking: TrackingStore;
  context: RunContext;
}

/** Of the rows that the version holds, which are fetched for it. */
async function prepareRequest({ candidate, version, context }: Training): Promise<TrainRequest> {
  const { run, services } = context;
  const folder = workFolder(services, run.id, candidate.name);
  await mkdir(folder, { recursive: true });
  const trainFile = path.join(folder, 'train.csv');
  const validationFile = path.join(folder, 'validation.csv');
  await fetchSplitFile(services.artifacts, version, 'train', trainFile);
  await fetchSplitFile(services.artifacts, version, 'validation', validationFile);
  return {
    recipe: await recipeOf(candidate, context),
    seed: candidate.seed,
    trainFile,
    validationFile,
    base: run.options.model.base,
    ...hubOf(services.config),
    outputDirectory: path.join(folder, 'model'),
    workDirectory: path.join(folder, 'checkpoints'),
    threads: services.config.pipeline.trainThreads,
    dataset: { version: version.version, digest: version.digest },
  };
}

/**
 * The newest finished training of the same rows under the same name that this one would repeat, and whose
 * model is left in `takenOverFolder`.
 */
async function findEqualTraining(training: Training): Promise<Run | undefined> {
  const { candidate, version, trackingRun, tracking, context } = training;
  if (context.run.trigger === 'replay') return undefined;
  const { items } = await tracking.runs.search({
    experimentIds: [trackingRun.experimentId],
    filter: `attributes.status = 'FINISHED' AND tags.\`${DATASET_DIGEST_TAG}\` = '${version.digest}' AND tags.\`${CANDIDATE_TAG}\` = '${candidate.name}' AND tags.\`${CODE_TAG}\` = '${await hashCode()}' AND tags.\`${RECIPE_TAG}\` = '${await hashRecipe(candidate, context)}'`,
    maxResults: EQUALS_COMPARED,
  });
  let request: TrainRequest | undefined;
  for (const run of items) {
    const done = provenanceSchema.safeParse(parseJson(run.tags[PROVENANCE_TAG]));
    if (!done.success || run.runId === trackingRun.runId) continue;
    request ??= await prepareRequest(training);
    if (!(await repeatsTraining(request, done.data, context.signal))) continue;
    try {
      await fetchEqualModel(run, done.data.weightsSha256, training);
      return run;
    } catch (thrown) {
      context.signal.throwIfAborted();
      context.log.warn(
        { earlier: run.runId, err: toError(thrown) },
        'the model of an equal training cannot be taken over',
      );
    }
  }
  return undefined;
}

function takenOverFolder({ candidate, context: { run, services } }: Training): string {
  return path.join(workFolder(services, run.id, candidate.name), 'taken-over');
}

/** @throws AppError `bad-model` for one that is gone, damaged or was replaced: it is trained again then */
async function fetchEqualModel(earlier: Run, weightsSha256: string, training: Training): Promise<void> {
  const { services, signal } = training.context;
  const folder = takenOverFolder(training);
  await fetchModel(services.artifacts, `${earlier.artifactUri}/model`, folder, signal);
  await verifyModelDirectory(folder);
  if (hashWeights(await readWeights(path.join(folder, 'model.safetensors'))) !== weightsSha256)
    throw new AppError('bad-model', `the weights of tracking run ${earlier.runId} are not those it recorded`);
}

async function recipeOf({ recipe, settings }: CandidateConfig, { run }: RunContext) {
  return await readRecipe(run.options.model.recipes, recipe, settings);
}

async function hashRecipe(candidate: CandidateConfig, context: RunContext): Promise<string> {
  return sha256Hex(JSON.stringify(await recipeOf(candidate, context)));
}

async function hashCode(): Promise<string> {
  return (await readCodeVersion()).buildSha256;
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** Copies model, parameters and results, so that the tracking run is whole by itself. */
async function takeOverModel(earlier: Run, training: Training): Promise<void> {
  const { candidate, version, trackingRun, tracking, context } = training;
  const { run, services, signal, clock } = context;
  await storeModel(services.artifacts, takenOverFolder(training), `${trackingRun.artifactUri}/model`, signal);
  const final = new Set(finalMetricKeys());
  const [own] = toParams({ datasetVersion: version.version });
  await tracking.runs.logBatch(trackingRun.runId, {
    params: Object.entries(earlier.params).map(([key, value]) => (key === own?.key ? own : { key, value })),
    metrics: earlier.metrics.filter(({ key }) => final.has(key)),
    tags: [PROVENANCE_TAG, WEIGHTS_TAG, CODE_TAG, RECIPE_TAG].flatMap((key) => {
      const value = earlier.tags[key];
      return value === undefined ? [] : [{ key, value }];
    }),
  });
  await tracking.runs.update(trackingRun.runId, { status: 'FINISHED', endTimeMs: clock.nowMs() });
  await removeWorkFolder(services, run.id, candidate.name);
  // What an attempt has left that had begun to train.
  await services.artifacts.deletePrefix(checkpointFolder(run.id, candidate.name));
}

async function trainOrTakeOver(training: Training): Promise<TrainResult> {
  const { candidate, trackingRun, tracking, context } = training;
  const { run, services, signal, log, clock } = context;
  const folder = workFolder(services, run.id, candidate.name);
  const resultFile = path.join(folder, 'result.json');
  const finished = await readFinished(resultFile);
  if (finished !== undefined) {
    log.info({ folder }, 'an earlier attempt left a finished model; it is taken over');
    return finished;
  }

  const request = await prepareRequest(training);
  await rm(request.outputDirectory, { recursive: true, force: true });

  const logged = await readLoggedEpochs(tracking, trackingRun.runId);
  const loggedSteps = trackingRun.metrics.find(({ key }) => key === STEP_LOSS)?.step ?? 0;
  // Epochs arrive while the training goes on; they are written one after the other, and the first failure
  // ends the training.
  const failed = new AbortController();
  let writes = Promise.resolve();
  const write = (metrics: readonly MetricInput[]): void => {
    for (let first = 0; first < metrics.length; first += MAX_METRICS_PER_BATCH) {
      const part = metrics.slice(first, first + MAX_METRICS_PER_BATCH);
      writes = writes.then(() =>
        retryWhileOffline(log, () => tracking.runs.logBatch(trackingRun.runId, { metrics: part })),
      );
    }
    writes.catch((error: unknown) => failed.abort(toAppError(error)));
  };
  let pacedMs = clock.nowMs();
  let hasPace = false;
  const train = () =>
    trainCandidate(request, {
      signal: AbortSignal.any([signal, failed.signal]),
      log,
      onProgress: (progress) => {
        context.progress({ done: shareDone(progress), of: 1, message: describeProgress(progress) });
        const pace = paceMetrics(progress, clock.nowMs());
        // A short training tells its pace once, too.
        const isFirst = !hasPace && pace.length > 0;
        if (!isFirst && clock.nowMs() - pacedMs < LOG_PACE_EVERY_MS) return;
        pacedMs = clock.nowMs();
        hasPace ||= isFirst;
        log.info(describeProgress(progress));
        write(pace);
      },
      onEpoch: (epoch) => {
        log.info(epoch, 'epoch ended');
        if (!logged.has(epoch.epoch)) write(epochMetrics(epoch, clock.nowMs()));
      },
      // A resumed training repeats the steps after its checkpoint, with the same losses.
      onSteps: (steps) => {
        const fresh = steps.filter(({ step }) => step > loggedSteps);
        write(fresh.flatMap((step) => stepMetrics(step, clock.nowMs())));
      },
    });
  const result = await withSharedCheckpoint(train, {
    artifacts: services.artifacts,
    folder: checkpointFolder(run.id, candidate.name),
    directory: request.workDirectory,
    everyMs: services.config.pipeline.checkpointCopyMs,
    signal,
    log,
  });
  await writes;
  await writeFile(resultFile, JSON.stringify(result));
  return result;
}

async function readFinished(resultFile: string): Promise<TrainResult | undefined> {
  const text = await readFile(resultFile, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const result = trainResultSchema.parse(JSON.parse(text));
    await verifyModelDirectory(result.modelDirectory);
    return result;
  } catch {
    // Half written or damaged: train again.
    return undefined;
  }
}

/** Phases as shares of the whole: encoding and training, or two trainings, take most of it. */
function shareDone({ phase, fraction }: TrainProgress): number {
  switch (phase) {
    case 'encode':
      return 0.3 * fraction;
    case 'train':
      return 0.3 + 0.25 * fraction;
    case 'refit':
      return 0.55 + 0.25 * fraction;
    case 'export':
      return 0.8 + 0.15 * fraction;
    default:
      return phase satisfies never;
  }
}

function describeProgress({ phase, epoch, loss, remainingMs }: TrainProgress): string {
  const parts = [
    phase,
    epoch === undefined ? '' : `epoch ${epoch}`,
    loss === undefined ? '' : `loss ${loss.toFixed(4)}`,
    remainingMs === undefined ? '' : `${Math.ceil(remainingMs / 1000)} s left`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
