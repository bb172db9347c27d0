/**
 * `copyloop verify`: trains a model version once more from what is on record and compares the weights. Every
 * stored part is checked against its recorded hash first, so that what is found missing or changed is named
 * before minutes are spent.
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { randomSlug } from '../../core/ids.ts';
import {
  evaluateModel,
  hubOf,
  openClassifier,
  readLabelledCsv,
  trainCandidate,
  type Manifest,
  type Provenance,
  type TrainCandidateOptions,
} from '../../ml/index.ts';
import type { TrackingStore } from '../../tracking/index.ts';
import type { StageServices } from '../loop/context.ts';
import {
  fetchRecordedDataset,
  fetchRecordedModel,
  findRecordedBase,
  readRecord,
} from './recorded-training.ts';
import {
  judgeReproducibility,
  listChangedConditions,
  type ChangedCondition,
  type Reproducibility,
} from './reproducibility.ts';

export interface VerifyRequest {
  name: string;
  version: number;
  /** Where the base encoder lies when it is not where it was. */
  base?: string | undefined;
  /** Other than recorded; the scores then decide. */
  threads?: number | undefined;
}

export interface Verification extends Reproducibility {
  name: string;
  version: number;
  trackingRunId: string;
  dataset: { version: number; digest: string };
  recipe: string;
  seed: number;
  weights: { recorded: string; rebuilt: string };
  changedConditions: ChangedCondition[];
  /** Of probabilities on the probes and the holdout; null when the weights are equal. */
  largestScoreDifference: number | null;
  record: Provenance;
}

export async function verifyVersion(
  request: VerifyRequest,
  deps: {
    services: StageServices;
    tracking: TrackingStore;
    signal: AbortSignal;
    /** Told what is done next. */
    onPhase: (phase: string) => void;
    training: Pick<TrainCandidateOptions, 'onProgress' | 'onEpoch' | 'log'>;
  },
): Promise<Verification> {
  const { services, tracking, signal, onPhase } = deps;
  const { name, version } = request;
  const varDir = path.resolve(services.config.storage.varDir);
  const folder = path.join(varDir, 'tmp', `verify-${randomSlug(8)}`);
  await mkdir(folder, { recursive: true });
  try {
    const recorded = await readRecord(tracking, name, version);
    const { record, run } = recorded;
    onPhase('checking the stored model');
    const stored = path.join(folder, 'stored');
    const manifest = await fetchRecordedModel(services, recorded, stored, signal);
    onPhase('checking the dataset');
    const dataset = await fetchRecordedDataset(services, record, folder);
    onPhase('checking the base encoder');
    const hub = hubOf(services.config);
    const base = await findRecordedBase(record, { place: request.base, hub, signal });

    onPhase(`training ${record.recipe.name} with seed ${record.seed} on dataset version ${dataset.version}`);
    const rebuilt = await trainCandidate(
      {
        recipe: record.recipe,
        seed: record.seed,
        trainFile: path.join(folder, 'train.csv'),
        validationFile: path.join(folder, 'validation.csv'),
        base,
        ...hub,
        outputDirectory: path.join(folder, 'rebuilt'),
        workDirectory: path.join(folder, 'checkpoints'),
        threads: request.threads ?? record.threads,
      },
      { ...deps.training, signal },
    );
    const changed = listChangedConditions(record, rebuilt.provenance);
    const isSameHash = rebuilt.provenance.weightsSha256 === record.weightsSha256;
    if (!isSameHash) onPhase('comparing the scores');
    const largestScoreDifference = isSameHash
      ? null
      : await compareScores(
          stored,
          rebuilt.modelDirectory,
          manifest,
          path.join(folder, 'holdout.csv'),
          signal,
        );
    return {
      ...judgeReproducibility({ isSameHash, changed, largestScoreDifference }),
      name,
      version,
      trackingRunId: run.runId,
      dataset: { version: dataset.version, digest: dataset.digest },
      recipe: record.recipe.name,
      seed: record.seed,
      weights: { recorded: record.weightsSha256, rebuilt: rebuilt.provenance.weightsSha256 },
      changedConditions: changed,
      largestScoreDifference,
      record,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** fp32 on both sides: rounding to int8 would magnify what is equal up to the last bits. */
async function compareScores(
  stored: string,
  rebuilt: string,
  manifest: Manifest,
  holdoutFile: string,
  signal: AbortSignal,
): Promise<number> {
  const rows = await readLabelledCsv(holdoutFile);
  const probes = manifest.probes.map(({ text }) => text);
  const score = async (directory: string): Promise<number[]> => {
    const { probabilities } = await evaluateModel(directory, rows, { signal, precision: 'fp32' });
    const classifier = await openClassifier(directory, { precision: 'fp32' });
    try {
      return [...probabilities, ...(await classifier.score(probes))];
    } finally {
      await classifier.close();
    }
  };
  const [before, now] = [await score(stored), await score(rebuilt)];
  return Math.max(...before.map((probability, index) => Math.abs(probability - (now[index] ?? Number.NaN))));
}
