/**
 * Cuts a catalogue into shards of equal numbers of rows, refused ones included, so that the same catalogue is
 * always cut alike.
 */
import { AppError } from '../../core/errors.ts';
import { inGroups, openCatalogue, type CatalogueRow } from '../../data/index.ts';
import { jobWorkFolder, shardName } from '../../queues/index.ts';
import type { StageHandler } from '../loop/context.ts';
import { renderLines } from './shard-lines.ts';

const SHOWN_FAULTS = 3;

export const splitCatalogue: StageHandler<'split-catalogue'> = async ({ jobId }, context) => {
  const { services, signal, log } = context;
  const { source, options } = context.job;
  const { timeoutMs, maxBytes } = services.config.data.source;
  const inputFolder = `${jobWorkFolder(jobId)}/input/${context.attempt}`;
  const rows = await openCatalogue(source, {
    store: services.artifacts,
    map: options.map,
    limits: { timeoutMs, maxBytes, destinations: services.config.outbound },
    signal,
  });
  const shardRows: number[] = [];
  const faults: string[] = [];
  let products = 0;
  let refused = 0;
  for await (const group of inGroups(rows, options.shardRows)) {
    signal.throwIfAborted();
    const good = group.filter((row) => 'product' in row).length;
    noteFaults(group, faults);
    await services.artifacts.put(`${inputFolder}/${shardName(shardRows.length)}`, renderLines(group));
    shardRows.push(good);
    products += good;
    refused += group.length - good;
    context.progress({ done: products + refused });
  }
  if (products === 0) {
    throw new AppError(
      'bad-data',
      refused === 0
        ? 'the catalogue holds no rows'
        : `all ${refused} rows of the catalogue were refused. ${faults.join('; ')}`,
      { details: { refused } },
    );
  }
  log.info({ shards: shardRows.length, products, refused }, 'the catalogue is split');
  return { inputFolder, shardRows, rows: products, refused: 0 };
};

function noteFaults(rows: readonly CatalogueRow[], faults: string[]): void {
  for (const row of rows) {
    if (faults.length >= SHOWN_FAULTS) return;
    if ('fault' in row)
      faults.push(
        `line ${row.line}: ${row.fault.field} ${JSON.stringify(row.fault.value)} ${row.fault.reason}`,
      );
  }
}
