/**
 * How fast records come in: npm run bench:import -- [--rows 1000000] [--duckdb]
 *
 * A CSV and a Parquet file of synthetic records are read as a run reads them (recognised, mapped, freed of
 * markup, numbers and times by their column, written as JSON lines with a hash), beside csv-parse alone,
 * which only makes cells, in turns. Prints rows a second of processor time, so that what else the machine
 * does counts little, their ratio, and the peak of the resident memory in the first tenth of the rows beside
 * that in the last. With `--duckdb` DuckDB's reader stands beside them, on one thread: the package is fetched
 * into `var/bench-modules`, and is no dependency. Exit code 1 where the CSV is read at less than half the
 * rows a second of csv-parse, or memory grows.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import { loadConfig } from '../src/core/config/index.ts';
import { AppError } from '../src/core/errors.ts';
import { packageRoot } from '../src/core/paths.ts';
import {
  generateRecords,
  ingestRecords,
  renderTable,
  type TableColumn,
  type TableRow,
} from '../src/data/index.ts';
import { createFolderStore } from '../src/tracking/artifacts/folder-store.ts';
import { readOptions } from './read-options.ts';

const values = readOptions(import.meta.url, {
  rows: { type: 'string', default: '1000000' },
  turns: { type: 'string', default: '3' },
  duckdb: { type: 'boolean', default: false },
});
const rows = Number(values.rows);
const turns = Number(values.turns);
const SHARE = 0.5;
const GROWTH = 1.3;
const MIB = 2 ** 20;
const COLUMNS: TableColumn[] = [
  { name: 'id', kind: 'text' },
  { name: 'title', kind: 'text' },
  { name: 'description', kind: 'text' },
  { name: 'category', kind: 'text' },
  { name: 'price', kind: 'number' },
  { name: 'rating', kind: 'number' },
  { name: 'timestamp', kind: 'text' },
];

function* makeRows(): Generator<TableRow> {
  let count = 0;
  for (const record of generateRecords({ count: rows, seed: 1 })) {
    const { id, title, description, category, price, rating, timestamp } = record;
    yield { id: `${id}-${(count += 1)}`, title, description, category, price, rating, timestamp };
  }
}

async function writeFiles(folder: string): Promise<{ csv: string; parquet: string }> {
  const csv = path.join(folder, 'records.csv');
  const file = await open(csv, 'w');
  await file.writeFile(stringify([COLUMNS.map(({ name }) => name)]));
  let group: unknown[][] = [];
  for (const row of makeRows()) {
    group.push(COLUMNS.map(({ name }) => row[name]));
    if (group.length === 1000) await file.writeFile(stringify(group.splice(0)));
  }
  await file.writeFile(stringify(group.splice(0)));
  await file.close();
  group = [];
  const parquet = path.join(folder, 'records.parquet');
  const out = await open(parquet, 'w');
  for await (const chunk of renderTable('parquet', COLUMNS, toAsync(makeRows()))) await out.writeFile(chunk);
  await out.close();
  return { csv, parquet };
}

async function* toAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

/** Counts processor seconds of this process, all threads. */
function startTimer(): () => number {
  const startedAt = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(startedAt);
    return (user + system) / 1e6;
  };
}

/** @returns rows a second */
async function parseAlone(file: string): Promise<number> {
  const seconds = startTimer();
  let count = 0;
  for await (const _ of createReadStream(file, { highWaterMark: 1 << 18 }).pipe(parse({ bom: true })))
    count += 1;
  return (count - 1) / seconds();
}

async function importFile(file: string, folder: string): Promise<{ pace: number; growth: number }> {
  const { data } = loadConfig({ env: {} }).config;
  const peaks = { first: 0, last: 0 };
  const seconds = startTimer();
  const result = await ingestRecords(
    { ...data, source: { ...data.source, kind: 'file', path: file } },
    {
      store: createFolderStore(folder),
      keyPrefix: `raw/${path.basename(file)}`,
      onProgress: ({ accepted }) => {
        const mib = process.memoryUsage.rss() / MIB;
        // The first rows grow the heap to its working size.
        if (accepted > rows * 0.1 && accepted <= rows * 0.2) peaks.first = Math.max(peaks.first, mib);
        if (accepted > rows * 0.9) peaks.last = Math.max(peaks.last, mib);
      },
    },
  );
  if (result.accepted !== rows) throw new Error(`${result.accepted} of ${rows} rows came in`);
  const pace = rows / seconds();
  console.info(
    `  ${path.basename(file)}: ${Math.round(pace)} rows/s, ${Math.round(peaks.first)} MiB at a tenth, ${Math.round(peaks.last)} MiB at the end`,
  );
  return { pace, growth: peaks.last / peaks.first };
}

interface Duckdb {
  DuckDBInstance: {
    create(
      path: string,
      options: Record<string, string>,
    ): Promise<{ connect(): Promise<{ runAndReadAll(sql: string): Promise<{ getRows(): unknown[][] }> }> }>;
  };
}

/** Every cell of every row is read, as a sum of their lengths needs it. */
async function readByDuckdb(files: { csv: string; parquet: string }): Promise<void> {
  const folder = path.join(packageRoot, 'var', 'bench-modules');
  await mkdir(folder, { recursive: true });
  const fetched = spawnSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--no-save', '--prefix', folder, '@duckdb/node-api@latest'],
    { encoding: 'utf8' },
  );
  if (fetched.status !== 0) throw new AppError('unavailable', `DuckDB cannot be fetched: ${fetched.stderr}`);
  const { DuckDBInstance } = createRequire(path.join(folder, 'package.json'))('@duckdb/node-api') as Duckdb;
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  const cells = COLUMNS.map(({ name }) => `sum(length(${name}::varchar))`).join(', ');
  for (const source of [
    `read_csv('${files.csv}', header = true, all_varchar = true)`,
    `read_parquet('${files.parquet}')`,
  ]) {
    const seconds = startTimer();
    const [[count] = []] = (
      await connection.runAndReadAll(`SELECT count(*), ${cells} FROM ${source}`)
    ).getRows();
    console.info(
      `  DuckDB ${source.slice(0, source.indexOf('('))}: ${Math.round(Number(count) / seconds())} rows/s`,
    );
  }
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-bench-import-'));
try {
  const files = await writeFiles(folder);
  const { csv, parquet } = files;
  const alone: number[] = [];
  const ours: number[] = [];
  let grown = false;
  for (let turn = 0; turn < turns; turn += 1) {
    alone.push(await parseAlone(csv));
    const { pace, growth } = await importFile(csv, path.join(folder, 'store'));
    ours.push(pace);
    grown ||= growth > GROWTH;
  }
  if (values.duckdb) await readByDuckdb(files);
  grown = (await importFile(parquet, path.join(folder, 'store'))).growth > GROWTH || grown;
  const share = median(ours) / median(alone);
  console.info(
    `csv-parse alone ${Math.round(median(alone))} rows/s, import ${Math.round(median(ours))} rows/s: ${share.toFixed(2)} of it (limit ${SHARE})`,
  );
  process.exitCode = share < SHARE || grown ? 1 : 0;
} finally {
  await rm(folder, { recursive: true, force: true });
}
