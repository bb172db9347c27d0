import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError, toAppError, toError } from '../../core/errors.ts';
import { getDatasetVersion } from '../../data/index.ts';
import {
  trainCandidate,
  trainResultSchema,
  verifyModelDirectory,
  type TrainProgress,
  type TrainResult,
} from '../../ml/index.ts';
import { CODE_TAG, RECIPE_TAG, type MetricInput, type TrackingStore } from '../../tracking/index.ts';
import type { StageHandler } from '../loop/context.ts';
import {
  findEqualTraining,
  hashCode,
  hashRecipe,
  prepareRequest,
  takeOverModel,
  type Training,
} from './equal-training.ts';
import { refuseFrozenRows } from './frozen-holdout.ts';
import { storeModel } from './model-files.ts';
import { retryWhileOffline } from '../loop/retry-while-offline.ts';
import { checkpointFolder, withSharedCheckpoint } from './shared-checkpoint.ts';
import {
  ensureTrackingRun,
  epochMetrics,
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
