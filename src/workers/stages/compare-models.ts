/** Champion and challenger on the same held-out rows, as the gate takes them. */
import path from 'node:path';
import type { Config } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import {
  fetchSplitFile,
  findDatasetVersionOfRun,
  getDatasetVersion,
  hashContent,
  hashSplitKey,
  openSplit,
  splitPosition,
  type DatasetVersion,
} from '../../data/index.ts';
import { evaluateModel, readLabelledCsv, type LabelledRow } from '../../ml/index.ts';
import {
  DATASET_TAG,
  decideGate,
  readFrozenFraction,
  type GateModel,
  type GateReport,
  type ModelVersion,
} from '../../tracking/index.ts';
import type { RunContext, StageServices } from '../loop/context.ts';
import { compareValues } from './compare-values.ts';
import { isBelow } from './frozen-holdout.ts';
import { fetchModel } from './model-files.ts';

export interface Challenger {
  candidate: string;
  /** Verified. */
  directory: string;
  seed: number;
}

export interface Comparison {
  report: GateReport;
  /** The frozen part of the holdout; see frozen-holdout.ts. */
  frozenFraction: number;
  /**
   * Rows that came to the holdout when its fraction grew or rows that say nearly the same changed, and that
   * one of the models was trained on before; they do not count.
   */
  excludedRows: number;
  /**
   * Why an existing champion could not be asked, so that the challenger was judged against the majority
   * class.
   */
  championFault: string | null;
  /** The version that was champion then. */
  champion: number | null;
}

export async function compareWithChampion(comparison: {
  challenger: Challenger;
  champion: ModelVersion | undefined;
  version: DatasetVersion;
  folder: string;
  rules: Config['gate'];
  context: RunContext;
}): Promise<Comparison> {
  const { challenger, version, folder, rules, context } = comparison;
  const { services, signal } = context;
  const holdoutFile = path.join(folder, 'holdout.csv');
  await fetchSplitFile(services.artifacts, version, 'holdout', holdoutFile);
  const holdout = await readLabelledCsv(holdoutFile);
  const champion = await openChampion(comparison.champion, folder, context);
  const trained = {
    challenger: await readTrainedRows(services, version),
    champion:
      champion.version === undefined
        ? new Map<string, number>()
        : await readTrainedRows(services, champion.version),
  };
  const digests = holdout.map(digestOf);
  const { db } = services.database;
  const frozenFraction =
    (await readFrozenFraction(db, context.run.options.model.name)) ??
    version.manifest.splitRule.holdoutFraction;
  // A frozen row that was trained on stays in: the gate then refuses, since nothing about this holdout can be
  // trusted. One that a version trained on by right, since it went with rows that say nearly the same, is
  // left out.
  const isHeldOut = digests.map((digest, at) => {
    const position = Math.min(
      trained.challenger.get(digest) ?? Number.POSITIVE_INFINITY,
      trained.champion.get(digest) ?? Number.POSITIVE_INFINITY,
    );
    if (position === Number.POSITIVE_INFINITY) return true;
    return (
      position < frozenFraction && isBelow(frozenFraction, holdout[at] ?? { title: '', description: '' })
    );
  });
  const rows = holdout.filter((_, index) => isHeldOut[index]);
  const excludedRows = holdout.length - rows.length;

  const score = async (directory: string, from: number): Promise<ArrayLike<number>> => {
    const { probabilities } = await evaluateModel(directory, rows, {
      signal,
      threads: services.config.pipeline.trainThreads,
      onProgress: (done, total) =>
        context.progress({
          done: from + 0.4 * (done / total),
          of: 1,
          message: `${done} of ${total} held-out rows`,
        }),
    });
    return probabilities;
  };
  const scored = { challenger: await score(challenger.directory, 0.1), champion: null as GateModel | null };
  let { fault } = champion;
  if (champion.directory !== undefined && champion.model !== undefined) {
    try {
      scored.champion = {
        name: `${champion.model.name} version ${champion.model.version}`,
        probabilities: await score(champion.directory, 0.5),
        trainedOn: new Set(trained.champion.keys()),
      };
    } catch (thrown) {
      fault = describeFault(thrown);
    }
  }
  const value =
    rules.value === 'off' || scored.champion === null || champion.directory === undefined
      ? undefined
      : await compareValues(
          { challenger: challenger.directory, champion: champion.directory },
          champion.model?.version ?? 0,
          context,
        );
  const report = decideGate({
    labels: rows.map((row) => row.label),
    targets: rows.map(({ label, target }) => target ?? label),
    rowDigests: rows.map(digestOf),
    segments: { category: rows.map((row) => row.category ?? ''), textLength: rows.map(lengthClass) },
    challenger: {
      name: `candidate ${challenger.candidate}`,
      probabilities: scored.challenger,
      trainedOn: new Set(trained.challenger.keys()),
    },
    champion: scored.champion,
    value,
    takesTrial: services.config.serving.canary.enabled,
    rules,
    seed: challenger.seed,
  });
  return {
    report,
    frozenFraction,
    excludedRows,
    championFault: fault,
    champion: champion.model?.version ?? null,
  };
}

interface OpenedChampion {
  model: ModelVersion | undefined;
  directory: string | undefined;
  /** The dataset version it was trained on; undefined when its maker did not say. */
  version: DatasetVersion | undefined;
  fault: string | null;
}

/** A champion whose files are gone or broken must not keep every later model out for ever. */
async function openChampion(
  model: ModelVersion | undefined,
  folder: string,
  context: RunContext,
): Promise<OpenedChampion> {
  const { artifacts, database } = context.services;
  if (model === undefined) return { model, directory: undefined, version: undefined, fault: null };
  const trainedOn = Number(model.tags[DATASET_TAG] ?? Number.NaN);
  const version = Number.isInteger(trainedOn)
    ? await getDatasetVersion(database.db, trainedOn)
    : model.pipelineRunId === null
      ? undefined
      : await findDatasetVersionOfRun(database.db, model.pipelineRunId);
  const directory = path.join(folder, 'champion');
  try {
    await fetchModel(artifacts, model.filesUri, directory, context.signal);
    return { model, directory, version, fault: null };
  } catch (thrown) {
    return { model, directory: undefined, version, fault: describeFault(thrown) };
  }
}

/** @throws what was thrown, unless it says that the model itself cannot be used */
function describeFault(thrown: unknown): string {
  if (!(thrown instanceof AppError)) throw thrown;
  if (!['bad-model', 'bad-data', 'not-found', 'unsupported', 'invalid-input'].includes(thrown.code))
    throw thrown;
  return thrown.message;
}

/** By the hash of each row: where it stands among all, by which it was given to its split. */
async function readTrainedRows(
  services: StageServices,
  version: DatasetVersion,
): Promise<Map<string, number>> {
  const positions = new Map<string, number>();
  for (const split of ['train', 'validation'] as const) {
    for await (const row of openSplit(services.artifacts, version, split))
      positions.set(digestOf(row), splitPosition(hashSplitKey(row)));
  }
  return positions;
}

function digestOf(row: { title: string; description: string }): string {
  return hashContent(row.title, row.description).toString('hex');
}

/** Segments by the length of the text in words; the bounds are about the thirds of product descriptions. */
function lengthClass(row: LabelledRow): string {
  const words = `${row.title} ${row.description}`.split(/\s+/).length;
  return words < 20 ? 'short' : words < 60 ? 'medium' : 'long';
}
