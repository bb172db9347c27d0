/** A training that was done already: it is found, and its model taken over in place of doing it again. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { CandidateConfig } from '../../core/config/index.ts';
import { readCodeVersion } from '../../core/code-version.ts';
import { AppError, toError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/ids.ts';
import { fetchSplitFile, type DatasetVersion } from '../../data/index.ts';
import {
  hashWeights,
  hubOf,
  provenanceSchema,
  readRecipe,
  readWeights,
  repeatsTraining,
  verifyModelDirectory,
  type TrainRequest,
} from '../../ml/index.ts';
import {
  CANDIDATE_TAG,
  CODE_TAG,
  DATASET_DIGEST_TAG,
  PROVENANCE_TAG,
  RECIPE_TAG,
  WEIGHTS_TAG,
  type Run,
  type TrackingStore,
} from '../../tracking/index.ts';
import type { RunContext } from '../loop/context.ts';
import { fetchModel, storeModel } from './model-files.ts';
import { checkpointFolder } from './shared-checkpoint.ts';
import { finalMetricKeys, toParams } from './tracking-run.ts';
import { removeWorkFolder, workFolder } from './work-folders.ts';

/** Trainings that were done already, the newest first. */
const EQUALS_COMPARED = 5;

export interface Training {
  candidate: CandidateConfig;
  version: DatasetVersion;
  trackingRun: Run;
  tracking: TrackingStore;
  context: RunContext;
}

/** Of the rows that the version holds, which are fetched for it. */
export async function prepareRequest({ candidate, version, context }: Training): Promise<TrainRequest> {
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
export async function findEqualTraining(training: Training): Promise<Run | undefined> {
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

export async function hashRecipe(candidate: CandidateConfig, context: RunContext): Promise<string> {
  return sha256Hex(JSON.stringify(await recipeOf(candidate, context)));
}

export async function hashCode(): Promise<string> {
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
export async function takeOverModel(earlier: Run, training: Training): Promise<void> {
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
