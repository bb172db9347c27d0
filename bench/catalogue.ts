/**
 * Whether memory stays flat while a catalogue of a million rows goes through: npm run bench:catalogue --
 * [--rows 1000000] [--format parquet]
 *
 * The real path in one process: a CSV is uploaded, split, predicted in shards (templates write, one text a
 * field), joined and written as CSV, JSONL or Parquet, on an embedded PostgreSQL and a folder of artifacts.
 * Only the model is a tiny one: with the shipped encoder a million rows take hours, and its size is the same
 * for every row. For each step the peak of this process' resident memory in the first tenth of its rows is
 * printed beside that in the last; ends with exit code 1 when the last is more than GROWTH times the first.
 */
import { createReadStream } from 'node:fs';
import { chmod, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { systemClock } from '../src/core/clock.ts';
import { loadConfig } from '../src/core/config/index.ts';
import { createSilentLogger } from '../src/core/log.ts';
import { createResources } from '../src/core/resources.ts';
import { openCopywriter } from '../src/copy/index.ts';
import { generateRecords, TABLE_FORMATS } from '../src/data/index.ts';
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
import { registerChampion } from '../test/integration/jobs-harness.ts';
import { trainTinyModels } from '../fixtures/tiny-models.ts';

const values = readOptions(import.meta.url, {
  rows: { type: 'string', default: '1000000' },
  format: { type: 'string', default: 'parquet' },
});
const rows = Number(values.rows);
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
  const catalogue = await writeCatalogue(path.join(folder, 'products.csv'));
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
  const input = {
    kind: 'bytes',
    body: createReadStream(catalogue),
    name: 'products.csv',
    format: null,
  } as const;
  const { jobId } = await jobs.startJob({ input, request: { count: 1, seed: 1, format } });
  let job = await getJob(database.db, jobId);
  for (; job.status === 'active'; job = await getJob(database.db, jobId))
    await new Promise((resolve) => setTimeout(resolve, 500));
  clearInterval(sampler);
  const seconds = (performance.now() - startedMs) / 1000;
  if (job.status !== 'succeeded') throw new Error(`job ${job.status}: ${job.error?.message ?? ''}`);
  console.log(
    `${job.rows.done} rows as ${format} in ${seconds.toFixed(0)} s (${(job.rows.done / seconds).toFixed(0)} rows/s, tiny model), ${job.shards.total} shards, output ${((job.output?.output.sizeBytes ?? 0) / MIB).toFixed(0)} MiB`,
  );
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
    console.log(
      `${stage.padEnd(16)} peak RSS ${first.toFixed(0)} MiB in the first tenth, ${last.toFixed(0)} MiB in the last (${(last / first).toFixed(2)}, limit ${GROWTH})${grew ? '  MISSED' : ''}`,
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
      const shard = 'shard' in payload ? payload.shard : -1;
      const progress = (report: Progress): void => {
        done[stage].set(shard, report.done);
        context.progress(report);
      };
      return await (handler as (p: unknown, c: typeof context) => Promise<unknown>)(payload, {
        ...context,
        progress,
      });
    }) as JobHandlers[S];
  };
  return {
    'split-catalogue': watch('split-catalogue'),
    'predict-shard': watch('predict-shard'),
    'join-shards': watch('join-shards'),
  };
}

async function writeCatalogue(file: string): Promise<string> {
  const handle = await open(file, 'w');
  let lines: string[][] = [['id', 'title', 'description']];
  for (const record of generateRecords({ count: rows, seed: 1 })) {
    lines.push([record.id, record.title, record.description]);
    if (lines.length < 1000) continue;
    await handle.write(stringify(lines));
    lines = [];
  }
  await handle.write(stringify(lines));
  await handle.close();
  return file;
}
