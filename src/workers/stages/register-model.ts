import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Config } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { getDatasetVersion, type DatasetVersion } from '../../data/index.ts';
import { verifyModelDirectory } from '../../ml/index.ts';
import type { StageResult } from '../../queues/index.ts';
import { queueCanary } from '../../serving/index.ts';
import {
  allModelAccuracies,
  artifactKeyOf,
  awaitApproval,
  CANDIDATE_TAG,
  CHAMPION,
  freezeHoldout,
  DATASET_DIGEST_TAG,
  DATASET_TAG,
  pendingTags,
  registerModel,
  renderGateReportHtml,
  RUN_TAG,
  WEIGHTS_TAG,
  type AliasReason,
  type GateReport,
  type ModelVersion,
  type TrackingStore,
} from '../../tracking/index.ts';
import { compareWithChampion, type Challenger, type Comparison } from './compare-models.ts';
import type { Outcome, RunContext, StageHandler } from '../loop/context.ts';
import { fetchModel } from './model-files.ts';
import { describeSplit } from './tracking-run.ts';
import { removeWorkFolder, workFolder } from './work-folders.ts';

type Finished = Outcome<'train-model'> & { result: StageResult<'train-model'> };

/**
 * What the first attempt decided is kept and acted on: once the alias has moved, asking again would compare a
 * model with itself.
 */
const storedSchema = z.object({
  candidate: z.string(),
  trackingRunId: z.string(),
  modelUri: z.string(),
  comparison: z.custom<Comparison>(
    (value) => typeof value === 'object' && value !== null && 'report' in value,
  ),
});
type Stored = z.infer<typeof storedSchema>;

/**
 * The best candidate by validation challenges the champion; it becomes a model version and champion only when
 * the gate says so.
 */
export function createRegisterModel(tracking: TrackingStore): StageHandler<'register-model'> {
  return async ({ runId }, context) => {
    const { run, services, log } = context;
    const { name: modelName } = run.options.model;
    const comparisonKey = `runs/${runId}/comparison.json`;
    const reportKey = `runs/${runId}/comparison.html`;
    const stored =
      (await readStored(context, comparisonKey)) ??
      (await compare(tracking, context, { comparisonKey, reportKey }));
    const { candidate, trackingRunId, comparison } = stored;
    const { decision, reasons } = comparison.report;

    await requireActive(context);
    const modelVersion =
      decision === 'refuse' ? null : await registerVersion(tracking, context, { modelName, stored });
    log.info({ decision, candidate, modelVersion, reasons }, 'the gate has decided');
    await removeWorkFolder(services, runId, 'register');
    return { decision, reasons, candidate, trackingRunId, modelName, modelVersion, comparisonKey, reportKey };
  };
}

async function compare(
  tracking: TrackingStore,
  context: RunContext,
  keys: { comparisonKey: string; reportKey: string },
): Promise<Stored> {
  const { run, services } = context;
  const { artifacts, database } = services;
  const folder = workFolder(services, run.id, 'register');
  await mkdir(folder, { recursive: true });
  const { datasetVersion } = await context.resultOf('version-data');
  const { finished, challenger } = await openBestCandidate(context, folder);
  const version = await getDatasetVersion(database.db, datasetVersion);
  const comparison = await compareWithChampion({
    challenger,
    champion: await tracking.registry.findAlias(run.options.model.name, CHAMPION),
    version,
    folder,
    rules: rulesOf(context),
    context,
  });
  const { trackingRunId, modelUri } = finished.result;
  const stored: Stored = { candidate: finished.part, trackingRunId, modelUri, comparison };
  const { artifactUri } = await tracking.runs.get(trackingRunId);
  const earlier = await allModelAccuracies(tracking, run.options.model.name);
  const page = renderGateReportHtml(comparison.report, earlier);
  await artifacts.put(
    artifactKeyOf(artifactUri, 'gate/comparison.json'),
    JSON.stringify(stored, undefined, 2),
  );
  await artifacts.put(artifactKeyOf(artifactUri, 'gate/comparison.html'), page);
  await logHoldout(tracking, trackingRunId, { report: comparison.report, version, context });
  await artifacts.put(keys.reportKey, page);
  // Last: its presence tells a later attempt that the decision has been taken.
  await artifacts.put(keys.comparisonKey, JSON.stringify(stored, undefined, 2));
  return stored;
}

/** In the order of their validation accuracy, the first whose model directory is whole. */
async function openBestCandidate(
  context: RunContext,
  folder: string,
): Promise<{ finished: Finished; challenger: Challenger }> {
  const outcomes = await context.outcomesOf('train-model');
  const finished = outcomes
    .filter((outcome): outcome is Finished => outcome.result !== null)
    .toSorted((a, b) => compareMetrics(a.result.validation, b.result.validation));
  const faults = outcomes
    .filter((outcome) => outcome.result === null)
    .map(({ part, status, error }) => `${part} ${status}: ${error ?? 'no reason was recorded'}`);
  for (const best of finished) {
    const { part: candidate, result } = best;
    const directory = path.join(folder, candidate);
    context.progress({ done: 0.05, of: 1, message: `checking the model of ${candidate}` });
    try {
      await fetchModel(context.services.artifacts, result.modelUri, directory, context.signal);
      await verifyModelDirectory(directory);
      const seed = context.run.options.candidates.find(({ name }) => name === candidate)?.seed ?? 1;
      return { finished: best, challenger: { candidate, directory, seed } };
    } catch (thrown) {
      if (!(thrown instanceof AppError) || !['bad-model', 'bad-data'].includes(thrown.code)) throw thrown;
      context.log.error(
        { err: thrown, candidate },
        'the model directory is broken and cannot become champion',
      );
      faults.push(`${candidate} is broken: ${thrown.message}`);
    }
  }
  throw new AppError('bad-model', `no candidate is left to register: ${faults.join('; ')}`);
}

function compareMetrics(a: Record<string, number>, b: Record<string, number>): number {
  return (
    (b['accuracy'] ?? 0) - (a['accuracy'] ?? 0) || (a['logLoss'] ?? Infinity) - (b['logLoss'] ?? Infinity)
  );
}

async function registerVersion(
  tracking: TrackingStore,
  context: RunContext,
  { modelName, stored }: { modelName: string; stored: Stored },
): Promise<number> {
  const { run } = context;
  const { candidate, trackingRunId, modelUri, comparison } = stored;
  const { report } = comparison;
  const { tags } = await tracking.runs.get(trackingRunId);
  const { datasetVersion } = await context.resultOf('version-data');
  const { db, locks } = context.services.database;
  const isPending = report.decision === 'pending-approval';
  const { manifest } = await getDatasetVersion(db, datasetVersion);
  await freezeHoldout(db, {
    model: modelName,
    fraction: manifest.splitRule.holdoutFraction,
    pipelineRunId: run.id,
  });
  const version = await registerModel(tracking, {
    name: modelName,
    source: modelUri,
    runId: trackingRunId,
    pipelineRunId: run.id,
    description: report.reasons.join(' '),
    accuracy: report.comparison.challenger.accuracy,
    tags: {
      [RUN_TAG]: run.id,
      [CANDIDATE_TAG]: candidate,
      ...pick(tags, [DATASET_TAG, DATASET_DIGEST_TAG, WEIGHTS_TAG]),
      ...(isPending && pendingTags(comparison.champion)),
    },
  });
  const why = { reason: report.reasons.join(' '), pipelineRunId: run.id };
  if (report.decision === 'canary' && comparison.champion !== null) {
    const { serving, learning } = context.services.config;
    await queueCanary(db, {
      modelName,
      version: version.version,
      champion: comparison.champion,
      rules: { ...serving.canary, reward: learning.reward },
      ...why,
    });
  } else if (isPending) await awaitApproval({ locks, registry: tracking.registry }, version, why);
  else await promote(tracking, version, { ...why, movedBy: 'gate' }, comparison.champion);
  return version.version;
}

function pick(tags: Readonly<Record<string, string>>, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    keys.flatMap((key) => (tags[key] === undefined ? [] : [[key, tags[key]] as const])),
  );
}

/**
 * Only in the place of the champion that it was compared with, and once: a stage that is repeated does not
 * undo what people did meanwhile.
 */
async function promote(
  { registry }: TrackingStore,
  { name, version }: ModelVersion,
  why: AliasReason,
  champion: number | null,
): Promise<void> {
  const history = await registry.aliasHistory(name, CHAMPION);
  if (history.some((move) => move.pipelineRunId === why.pipelineRunId && move.toVersion === version)) return;
  try {
    await registry.setAlias(name, CHAMPION, version, why, champion);
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'conflict') throw thrown;
    throw new AppError(
      'conflict',
      `${thrown.message}: it was moved while the gate compared, so version ${version} has to be compared again; replay the run`,
      { cause: thrown },
    );
  }
}

/**
 * A replay decides by the rules of its first run, but never without a person where one is asked for today.
 */
function rulesOf({ run, services }: RunContext): Config['gate'] {
  const isRequired = [run.options.gate, services.config.gate].some(({ approval }) => approval === 'required');
  return { ...run.options.gate, approval: isRequired ? 'required' : 'none' };
}

async function logHoldout(
  tracking: TrackingStore,
  trackingRunId: string,
  {
    report: { comparison },
    version,
    context,
  }: { report: GateReport; version: DatasetVersion; context: RunContext },
): Promise<void> {
  const holdout = describeSplit(version, 'holdout');
  await tracking.runs.logInputs(trackingRunId, { datasets: [holdout] });
  const { name: datasetName, digest: datasetDigest } = holdout.dataset;
  const at = { timestampMs: context.clock.nowMs(), step: 0, datasetName, datasetDigest };
  const { accuracy, logLoss } = comparison.challenger;
  await tracking.runs.logBatch(trackingRunId, {
    metrics: [
      { key: 'holdout_accuracy', value: accuracy, ...at },
      { key: 'holdout_gain', value: comparison.gain, ...at },
      ...(logLoss === null ? [] : [{ key: 'holdout_log_loss', value: logLoss, ...at }]),
    ],
  });
}

async function readStored(context: RunContext, key: string): Promise<Stored | undefined> {
  const { artifacts } = context.services;
  if (!(await artifacts.exists(key))) return undefined;
  return storedSchema.parse(JSON.parse(await artifacts.readText(key)));
}

/** A run that was cancelled a moment ago must not move an alias any more. */
async function requireActive({ services, signal, run }: RunContext): Promise<void> {
  signal.throwIfAborted();
  const row = await services.database.db
    .selectFrom('pipeline_runs')
    .select('status')
    .where('id', '=', run.id)
    .executeTakeFirst();
  if (row?.status !== 'active') throw new AppError('cancelled', `run ${run.id} is no longer active`);
}
