/**
 * Cuts a catalogue into shards of equal numbers of rows, refused ones included, so that the same catalogue is
 * always cut alike.
 */
import { AppError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/ids.ts';
import {
  findRememberedMap,
  inGroups,
  openCatalogue,
  rememberMap,
  requireWritable,
  storeCatalogue,
  type CatalogueRow,
  type CatalogueSource,
} from '../../data/index.ts';
import { jobFolder, jobWorkFolder, shardName } from '../../queues/index.ts';
import type { JobContext, StageHandler } from '../loop/context.ts';
import { keepPolicy } from './job-policy.ts';
import { renderLines } from './shard-lines.ts';

const SHOWN_FAULTS = 3;

export const splitCatalogue: StageHandler<'split-catalogue'> = async ({ jobId }, context) => {
  const { services, signal, log } = context;
  const { options } = context.job;
  const inputFolder = `${jobWorkFolder(jobId)}/input/${context.attempt}`;
  const source = await settleSource(context);
  const isSame = options.format === 'same';
  const rows = await openCatalogue(source, {
    ...readingOf(context),
    map: options.map,
    recall: (columns) => findRememberedMap(services.database.db, columns),
    ...(options.remember === true && {
      remember: (columns) => rememberMap(services.database.db, columns, options.map, `job ${jobId}`),
    }),
    ...(isSame && { onLayout: (layout) => requireWritable(layout, nameOf(source)) }),
  });
  const changes = await openChanges(context);
  const shardRows: number[] = [];
  const faults: string[] = [];
  let products = 0;
  let refused = 0;
  for await (const group of inGroups(keepWanted(rows, changes, options.preview), options.shardRows)) {
    signal.throwIfAborted();
    const good = group.filter((row) => 'product' in row).length;
    noteFaults(group, faults);
    await services.artifacts.put(`${inputFolder}/${shardName(shardRows.length)}`, renderLines(group));
    shardRows.push(good);
    products += good;
    refused += group.length - good;
    context.progress({ done: products + refused });
  }
  if (products === 0 && changes.unchanged === 0) {
    throw new AppError(
      'bad-data',
      refused === 0
        ? 'the catalogue holds no rows'
        : `all ${refused} rows of the catalogue were refused. ${faults.join('; ')}`,
      { details: { refused } },
    );
  }
  if (shardRows.length === 0) {
    await services.artifacts.put(`${inputFolder}/${shardName(0)}`, '');
    shardRows.push(0);
  }
  await changes.store();
  log.info(
    { shards: shardRows.length, products, refused, unchanged: changes.unchanged },
    'the catalogue is split',
  );
  return { inputFolder, shardRows, rows: products, refused: 0, policyKey: await keepPolicy(context) };
};

/** What is written back is read twice: an address is asked once. */
async function settleSource(context: JobContext): Promise<CatalogueSource> {
  const { job, services } = context;
  if (job.options.format !== 'same' || job.source.kind === 'artifact') return job.source;
  const key = `${jobWorkFolder(job.id)}/catalogue`;
  const stored = await storeCatalogue(job.source, key, readingOf(context));
  await services.artifacts.put(`${key}.json`, JSON.stringify(stored));
  return stored;
}

function readingOf({ services, signal }: JobContext) {
  const { timeoutMs, maxBytes } = services.config.data.source;
  const limits = { timeoutMs, maxBytes, destinations: services.config.outbound };
  return { store: services.artifacts, limits, signal };
}

function nameOf(source: CatalogueSource): string {
  return source.kind === 'artifact' ? source.name : source.url;
}

async function* keepWanted(
  rows: AsyncIterable<CatalogueRow>,
  changes: Changes,
  preview: number | undefined,
): AsyncGenerator<CatalogueRow> {
  let products = 0;
  for await (const row of rows) {
    if (!('product' in row)) yield row;
    else if (changes.isNew(row)) {
      yield row;
      products += 1;
      if (products === preview) return;
    }
  }
}

interface Changes {
  /** Rows that the last job of the catalogue had as they are. */
  unchanged: number;
  isNew(row: Extract<CatalogueRow, { product: unknown }>): boolean;
  /** Keeps what was seen for the next job of the catalogue. */
  store(): Promise<void>;
}

const PRINT_CHARS = 16;
const PRINTS = 'products';

/** Products are told apart by all that copy is written from, not by their place. */
async function openChanges({ job, services, log }: JobContext): Promise<Changes> {
  const { catalogue, onlyChanged = false, preview } = job.options;
  if (catalogue === undefined) return { unchanged: 0, isNew: () => true, store: () => Promise.resolve() };
  const seen: string[] = [];
  const earlier = onlyChanged ? await findEarlier(services, catalogue) : undefined;
  if (onlyChanged)
    log.info({ earlier: earlier?.jobId ?? null }, 'rows that the last job of the catalogue had are left out');
  const changes: Changes = {
    unchanged: 0,
    isNew: ({ product }) => {
      const { id, title, category, description, ...told } = product;
      // What only some records have comes last, so that the prints of the others stay what they were.
      const parts = [id, title, category, description, ...(Object.keys(told).length > 0 ? [told] : [])];
      const print = sha256Hex(JSON.stringify(parts)).slice(0, PRINT_CHARS);
      seen.push(print);
      if (earlier?.prints.has(print) !== true) return true;
      changes.unchanged += 1;
      return false;
    },
    store: async () => {
      // A preview has not seen the catalogue.
      if (preview === undefined)
        await services.artifacts.put(`${jobFolder(job.id)}/${PRINTS}`, seen.join('\n'));
    },
  };
  return changes;
}

async function findEarlier(
  { database, artifacts }: JobContext['services'],
  catalogue: string,
): Promise<{ jobId: string; prints: ReadonlySet<string> } | undefined> {
  const { rows } = await database.pool.query<{ id: string }>(
    `SELECT id FROM prediction_jobs
     WHERE status = 'succeeded' AND options ->> 'catalogue' = $1 AND options -> 'preview' IS NULL
     ORDER BY number DESC LIMIT 1`,
    [catalogue],
  );
  const [last] = rows;
  if (last === undefined) return undefined;
  const text = await artifacts.readText(`${jobFolder(last.id)}/${PRINTS}`);
  return { jobId: last.id, prints: new Set(text.split('\n')) };
}

function noteFaults(rows: readonly CatalogueRow[], faults: string[]): void {
  for (const row of rows) {
    if (faults.length >= SHOWN_FAULTS) return;
    if ('fault' in row)
      faults.push(
        `line ${row.line}: ${row.fault.field} ${JSON.stringify(row.fault.value)} ${row.fault.reason}`,
      );
  }
}
