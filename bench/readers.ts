/**
 * Tables of synthetic records for the benches of reading and writing, and the readers that stand beside ours:
 * csv-parse alone, which only makes cells, and DuckDB. All are measured in rows a second of processor time.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import { AppError } from '../src/core/errors.ts';
import { packageRoot } from '../src/core/paths.ts';
import { generateRecords, renderTable, type TableColumn, type TableRow } from '../src/data/index.ts';
import { startTimer } from './figures.ts';

export type WrittenFormat = 'csv' | 'parquet';

const COLUMNS: TableColumn[] = [
  { name: 'id', kind: 'text' },
  { name: 'title', kind: 'text' },
  { name: 'description', kind: 'text' },
  { name: 'category', kind: 'text' },
  { name: 'price', kind: 'number' },
  { name: 'rating', kind: 'number' },
  { name: 'timestamp', kind: 'text' },
];

function* makeRows(rows: number): Generator<TableRow> {
  let count = 0;
  for (const record of generateRecords({ count: rows, seed: 1 })) {
    const { id, title, description, category, price, rating, timestamp } = record;
    yield { id: `${id}-${(count += 1)}`, title, description, category, price, rating, timestamp };
  }
}

/** @returns the file */
export async function writeRecords(folder: string, format: WrittenFormat, rows: number): Promise<string> {
  const file = path.join(folder, `records.${format}`);
  const out = await open(file, 'w');
  if (format === 'csv') {
    await out.writeFile(stringify([COLUMNS.map(({ name }) => name)]));
    let group: unknown[][] = [];
    for (const row of makeRows(rows)) {
      group.push(COLUMNS.map(({ name }) => row[name]));
      if (group.length === 1000) await out.writeFile(stringify(group.splice(0)));
    }
    await out.writeFile(stringify(group.splice(0)));
  } else
    for await (const chunk of renderTable('parquet', COLUMNS, Readable.from(makeRows(rows))))
      await out.writeFile(chunk);
  await out.close();
  return file;
}

/** @returns rows a second */
export async function parseAlone(file: string): Promise<number> {
  const seconds = startTimer();
  let count = 0;
  for await (const _ of createReadStream(file, { highWaterMark: 1 << 18 }).pipe(parse({ bom: true })))
    count += 1;
  return (count - 1) / seconds();
}

interface Duckdb {
  DuckDBInstance: {
    create(
      path: string,
      options: Record<string, string>,
    ): Promise<{ connect(): Promise<{ runAndReadAll(sql: string): Promise<{ getRows(): unknown[][] }> }> }>;
  };
}

/**
 * Every cell of every row is read, as a sum of their lengths needs it, on one thread. The package is fetched
 * into `var/bench-modules`, and is no dependency.
 */
export async function readByDuckdb(files: readonly string[]): Promise<void> {
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
  for (const file of files) {
    const source = file.endsWith('.csv')
      ? `read_csv('${file}', header = true, all_varchar = true)`
      : `read_parquet('${file}')`;
    const seconds = startTimer();
    const [[count] = []] = (
      await connection.runAndReadAll(`SELECT count(*), ${cells} FROM ${source}`)
    ).getRows();
    console.info(
      `  DuckDB ${source.slice(0, source.indexOf('('))}: ${Math.round(Number(count) / seconds())} rows/s`,
    );
  }
}
