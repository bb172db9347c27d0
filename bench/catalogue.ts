/**
 * Whether memory stays flat while a catalogue of a million rows goes through, and how fast it does: npm run
 * bench:catalogue -- [--rows 1000000] [--input csv] [--format parquet] [--duckdb]
 *
 * The real path in one process: a CSV or Parquet file is uploaded, split, predicted in shards (templates
 * write, one text a field), joined and written as CSV, JSONL or Parquet, on an embedded PostgreSQL and a
 * folder of artifacts. Only the model is a tiny one: with the shipped encoder a million rows take hours, and
 * its size is the same for every row. For each stage its rows a second are printed, and the peak of this
 * process' resident memory in the first tenth of its rows beside that in the last; ends with exit code 1 when
 * the last is more than GROWTH times the first. A CSV is read by csv-parse alone as well, and with `--duckdb`
 * either by DuckDB, each in rows a second of processor time.
 */
import { createReadStream } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../src/core/clock.ts';
import { loadConfig } from '../src/core/config/index.ts';
import { createSilentLogger } from '../src/core/log.ts';
import { createResources } from '../src/core/resources.ts';
import { openCopywriter } from '../src/copy/index.ts';
import { TABLE_FORMATS } from '../src/data/index.ts';
import { openDatabase } from '../src/db/index.ts';
import {
  createJobStarter,
  createRunStarter,
  getJob,
  type JobStage,
  type Progress,
  openQueueBackend,
  openStageQueues,
} from '../src/queues/index.ts';
import { openVersionScorers } from '../src/serving/index.ts';
import { createArtifactStore, createPostgresTrackingStore } from '../src/tracking/index.ts';
import { createJobHandlers, openWorkers, type JobHandlers } from '../src/workers/index.ts';
import { readOptions } from './read-options.ts';
import { startTimer } from './figures.ts';
import { parseAlone, readByDuckdb, writeRecords } from './readers.ts';
import { registerChampion } from '../test/integration/jobs-harness.ts';
import { trainTinyModels } from '../fixtures/tiny-models.ts';

const values = readOptions(import.meta.url, {
  rows: { type: 'string', default: '1000000' },
  input: { type: 'string', default: 'csv' },
  format: { type: 'string', default: 'parquet' },
  duckdb: { type: 'boolean', default: false },
});
const rows = Number(values.rows);
const input = values.input === 'parquet' ? 'parquet' : 'csv';
const format = TABLE_FORMATS.find((known) => known === values.format) ?? 'parquet';
/** V8 sizes its heap as it goes; growth with the rows would be a multiple. */
const GROWTH = 1.3;
const SAMPLE_MS = 50;
const MIB = 2 ** 20;

interface Sample {
  /** Share of the step's rows that are done. */
  at: number;
  mib: number;
}
const samples: Record<JobStage, Sample[]> = { 'split-catalogue': [], 'predict-shard': [], 'join-shards': [] };
/** Rows of each stage so far, by shard. */
const done: Record<JobStage, Map<number, number>> = {
  'split-catalogue': new Map(),
  'predict-shard': new Map(),
  'join-shards': new Map(),
};
const STAGES = ['split-catalogue', 'predict-shard', 'join-shards'] as const satisfies JobStage[];
/** Processor seconds that this process had spent when a stage began, and now that it goes on. */
const spent: Partial<Record<JobStage, { beganAt: number; beganMs: number; at: number; ms: number }>> = {};
const processorSeconds = startTimer();
let current: JobStage = 'split-catalogue';
let isRunning = false;

const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-catalogue-'));
await chmod(folder, 0o755);
const log = createSilentLogger();
const resources = createResources(log);
resources.defer('folder', () => rm(folder, { recursive: true, force: true }));
try {
  process.exitCode = await run();
} finally {
  await resources.release();
}

async function run(): Promise<number> {
  const { config } = loadConfig({ env: {}, overrides: { 'storage.varDir': path.join(folder, 'var') } });
  const { varDir, poolSize } = config.storage;
  const [model = ''] = await trainTinyModels(folder, ['model']);
  const catalogue = await writeRecords(folder, input, rows);
  const database = resources.add(
    'database',
    await openDatabase({ databaseUrl: null, varDir, poolSize, log }),
  );
  const backend = resources.add(
    'backend',
    await openQueueBackend({ databaseUrl: database.url, redisUrl: null, prefix: 'bench', log }),
  );
  const queues = resources.add('queues', openStageQueues({ backend, config: config.queues, log }));
  const artifacts = createArtifactStore(config.storage);
  const tracking = createPostgresTrackingStore(database.db);
  const { registry } = tracking;
  await registerChampion(tracking, artifacts, config.model.name, model);
  const shared = { database, queues, config, clock: systemClock, log };
  const jobs = createJobStarter({ ...shared, artifacts, registry });
  const scores = resources.add('scores', openVersionScorers({ registry, artifacts, config, log }));
  const copywriter = resources.add('copywriter', openCopywriter(config.copy));
  const workers = await openWorkers({
    ...shared,
    runs: createRunStarter(shared),
    services: { database, artifacts, config },
    handlers: watched(createJobHandlers({ scores, copywriter })),
  });
  resources.add('workers', workers);

  const sampler = setInterval(sample, SAMPLE_MS);
  const startedMs = performance.now();
  const { jobId } = await jobs.startJob({
    input: { kind: 'bytes', body: createReadStream(catalogue), name: path.basename(catalogue), format: null },
    request: { count: 1, seed: 1, format },
  });
  let job = await getJob(database.db, jobId);
  for (; job.status === 'active'; job = await getJob(database.db, jobId))
    await new Promise((resolve) => setTimeout(resolve, 500));
  clearInterval(sampler);
  const seconds = (performance.now() - startedMs) / 1000;
  if (job.status !== 'succeeded') throw new Error(`job ${job.status}: ${job.error?.message ?? ''}`);
  console.log(
    `${job.rows.done} rows of ${input} as ${format} in ${seconds.toFixed(0)} s (${(job.rows.done / seconds).toFixed(0)} rows/s, tiny model), ${job.shards.total} shards, output ${((job.output?.output.sizeBytes ?? 0) / MIB).toFixed(0)} MiB`,
  );
  if (input === 'csv')
    console.log(`csv-parse alone ${(await parseAlone(catalogue)).toFixed(0)} rows/s of processor time`);
  if (values.duckdb) await readByDuckdb([catalogue]);
  return report();
}

function report(): number {
  let missed = 0;
  for (const stage of STAGES) {
    const peak = (from: number, to: number): number =>
      Math.max(...samples[stage].filter(({ at }) => at >= from && at <= to).map(({ mib }) => mib));
    const [first, last] = [peak(0, 0.1), peak(0.9, 1)];
    const grew = last > first * GROWTH;
    if (grew) missed += 1;
    const { beganAt, beganMs, at, ms } = spent[stage] ?? { beganAt: 0, beganMs: 0, at: 0, ms: 0 };
    console.log(
      `${stage.padEnd(16)} ${((1000 * rows) / (ms - beganMs)).toFixed(0)} rows/s, ${(rows / (at - beganAt)).toFixed(0)} of processor time, peak RSS ${first.toFixed(0)} MiB in the first tenth, ${last.toFixed(0)} MiB in the last (${(last / first).toFixed(2)}, limit ${GROWTH})${grew ? '  MISSED' : ''}`,
    );
  }
  return missed === 0 ? 0 : 1;
}

function sample(): void {
  if (!isRunning) return;
  const at = [...done[current].values()].reduce((sum, count) => sum + count, 0) / rows;
  samples[current].push({ at, mib: process.memoryUsage.rss() / MIB });
}

/** The real handlers, with an eye on how far they are. */
function watched(handlers: JobHandlers): JobHandlers {
  const watch = <S extends JobStage>(stage: S): JobHandlers[S] => {
    const handler = handlers[stage];
    return (async (payload: Parameters<typeof handler>[0], context: Parameters<typeof handler>[1]) => {
      current = stage;
      isRunning = true;
      const now = () => ({ at: processorSeconds(), ms: performance.now() });
      const began = now();
      const stageSpent = (spent[stage] ??= { beganAt: began.at, beganMs: began.ms, ...began });
      const shard = 'shard' in payload ? payload.shard : -1;
      const progress = (report: Progress): void => {
        done[stage].set(shard, report.done);
        context.progress(report);
      };
      const result = await (handler as (p: unknown, c: typeof context) => Promise<unknown>)(payload, {
        ...context,
        progress,
      });
      Object.assign(stageSpent, now());
      return result;
    }) as JobHandlers[S];
  };
  return {
    'split-catalogue': watch('split-catalogue'),
    'predict-shard': watch('predict-shard'),
    'join-shards': watch('join-shards'),
  };
}
