import { findRememberedMap, ingestRecords, rememberMap } from '../../data/index.ts';
import { getObject } from '../../tracking/index.ts';
import type { StageHandler } from '../loop/context.ts';

/**
 * Draws or fetches the records, checks each, and leaves those that passed and the refused ones with their
 * reasons.
 */
export const generateData: StageHandler<'generate-data'> = async ({ runId }, context) => {
  const { run, services, signal, log } = context;
  const { db } = services.database;
  const result = await ingestRecords(run.options.data, {
    store: services.artifacts,
    keyPrefix: `runs/${runId}/raw`,
    signal,
    getObject: (address) => getObject(address, services.config.storage),
    maps: {
      find: (columns) => findRememberedMap(db, columns),
      ...(run.options.remember && {
        keep: (columns, map) => rememberMap(db, columns, map, `run ${runId}`),
      }),
    },
    destinations: run.options.sourceNamedBy === 'http' ? services.config.outbound : undefined,
    onProgress: ({ accepted, refused, total }) => {
      const done = accepted + refused;
      context.progress({ done, of: total, message: `${done} records, ${refused} refused` });
    },
  });
  log.info(
    { source: result.source, accepted: result.accepted, refused: result.refused },
    'records are checked',
  );
  return result;
};
