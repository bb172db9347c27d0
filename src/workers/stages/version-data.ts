import path from 'node:path';
import {
  createDatasetVersion,
  findLatestDatasetVersion,
  fitUsualRates,
  readFeedbackRows,
} from '../../data/index.ts';
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
  const { train, validation, holdout } = version.manifest.splits;
  log.info({ version: version.version, rows: version.rows, digest: version.digest }, 'dataset version made');
  return {
    datasetVersion: version.version,
    digest: version.digest,
    rows: { train: train.rows, validation: validation.rows, holdout: holdout.rows },
  };
};
