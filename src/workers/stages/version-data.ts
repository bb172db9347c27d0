import path from 'node:path';
import {
  createDatasetVersion,
  findLatestDatasetVersion,
  fitUsualRates,
  hashVersionInputs,
  readFeedbackRows,
  type DatasetVersion,
} from '../../data/index.ts';
import type { Db } from '../../db/index.ts';
import type { StageResult } from '../../queues/index.ts';
import type { StageHandler } from '../loop/context.ts';

/**
 * Freezes raw records, the parent's rows and labelled feedback as the next dataset version; a run makes one,
 * however often it is asked.
 */
export const versionData: StageHandler<'version-data'> = async ({ runId }, context) => {
  const { run, services, signal, clock, log } = context;
  const { db } = services.database;
  const { data } = run.options;
  const raw = await context.resultOf('generate-data');
  // A version that does not contain its parent's rows must take the parent's feedback again, or it would be
  // forgotten.
  const parent = data.joinParent ? undefined : await findLatestDatasetVersion(db);
  const usualRates = await fitUsualRates(db);
  const inputs = await hashVersionInputs(db, {
    rawSha256: raw.rawSha256,
    repeatsIds: raw.repeatsIds,
    options: data,
    feedbackWeight: services.config.feedback.weight,
    ratingThreshold: data.label.threshold,
  });
  // A replay does again what was done, and may be asked whether the same comes of it.
  const unchanged = run.trigger === 'replay' ? undefined : await findUnchanged(db, runId, inputs);
  if (unchanged !== undefined) {
    const skipped = `the records, the feedback, the rows set aside, the settings and the code are those of dataset version ${unchanged.version}`;
    log.info({ version: unchanged.version }, `skipped, because ${skipped}`);
    return { ...resultOf(unchanged), skipped };
  }
  const version = await createDatasetVersion(
    {
      runId,
      raw,
      feedbackRows: readFeedbackRows(db, {
        weight: services.config.feedback.weight,
        ratingThreshold: data.label.threshold,
        takenUpTo: parent?.version,
        usualRates,
      }),
      usualRates,
      inputs,
      options: data,
    },
    {
      db,
      store: services.artifacts,
      workDir: path.join(services.config.storage.varDir, 'tmp'),
      clock,
      signal,
      onProgress: ({ rows }) => context.progress({ done: rows, of: raw.accepted, message: `${rows} rows` }),
    },
  );
  log.info({ version: version.version, rows: version.rows, digest: version.digest }, 'dataset version made');
  return resultOf(version);
};

/** The newest version, where it was made of the same; one of this run itself is found by the making. */
async function findUnchanged(
  db: Db,
  runId: string,
  inputs: string | undefined,
): Promise<DatasetVersion | undefined> {
  const latest = await findLatestDatasetVersion(db);
  if (latest === undefined || inputs === undefined || latest.manifest.runId === runId) return undefined;
  return latest.manifest.inputs === inputs ? latest : undefined;
}

function resultOf({ version, digest, manifest }: DatasetVersion): StageResult<'version-data'> {
  const { train, validation, holdout } = manifest.splits;
  return {
    datasetVersion: version,
    digest,
    rows: { train: train.rows, validation: validation.rows, holdout: holdout.rows },
  };
}
