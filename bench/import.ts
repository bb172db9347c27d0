/**
 * How fast records come in: npm run bench:import -- [--rows 1000000] [--duckdb]
 *
 * A CSV and a Parquet file of synthetic records are read as a run reads them (recognised, mapped, freed of
 * markup, numbers and times by their column, written as JSON lines with a hash), beside csv-parse alone,
 * which only makes cells, in turns. Prints rows a second of processor time, so that what else the machine
 * does counts little, their ratio, and the peak of the resident memory in the first tenth of the rows beside
 * that in the last. With `--duckdb` DuckDB's reader stands beside them, on one thread. Exit code 1 where the
 * CSV is read at less than half the rows a second of csv-parse, or memory grows.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadConfig } from '../src/core/config/index.ts';
import { ingestRecords } from '../src/data/index.ts';
import { createFolderStore } from '../src/tracking/artifacts/folder-store.ts';
import { readOptions } from './read-options.ts';
import { medianOf, startTimer } from './figures.ts';
import { parseAlone, readByDuckdb, writeRecords } from './readers.ts';

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

const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-bench-import-'));
try {
  const csv = await writeRecords(folder, 'csv', rows);
  const parquet = await writeRecords(folder, 'parquet', rows);
  const alone: number[] = [];
  const ours: number[] = [];
  let grown = false;
  for (let turn = 0; turn < turns; turn += 1) {
    alone.push(await parseAlone(csv));
    const { pace, growth } = await importFile(csv, path.join(folder, 'store'));
    ours.push(pace);
    grown ||= growth > GROWTH;
  }
  if (values.duckdb) await readByDuckdb([csv, parquet]);
  grown = (await importFile(parquet, path.join(folder, 'store'))).growth > GROWTH || grown;
  const share = medianOf(ours) / medianOf(alone);
  console.info(
    `csv-parse alone ${Math.round(medianOf(alone))} rows/s, import ${Math.round(medianOf(ours))} rows/s: ${share.toFixed(2)} of it (limit ${SHARE})`,
  );
  process.exitCode = share < SHARE || grown ? 1 : 0;
} finally {
  await rm(folder, { recursive: true, force: true });
}
