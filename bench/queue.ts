/**
 * What the queue runtime costs, on both backends: npm run bench:queue
 *
 *   hand-over   from one stage's end to the next stage's start, over runs of five stages that do no work
 *   throughput  jobs per second through our loop, beside bare BullMQ that writes the same state, in the same
 *               process and database
 *   start       from `npm start` to /health, and what an idle installation holds in memory
 *
 * Limits: a hand-over of 20 ms, of which nobody in a run of minutes takes notice, and nine tenths of what
 * bare BullMQ gets through: fencing, attempts and results may cost a tenth. Exit code 1 when one is missed.
 * `--quick` measures less, to try the bench itself; `--no-start` leaves the last out.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Job } from 'bullmq';
import { sleep, systemClock } from '../src/core/clock.ts';
import { loadConfig, type Config } from '../src/core/config/index.ts';
import { createSilentLogger } from '../src/core/log.ts';
import { withResources, type Resources } from '../src/core/resources.ts';
import { openDatabase, type Database } from '../src/db/index.ts';
import {
  beginAttempt,
  commitResult,
  createRunStarter,
  openQueueBackend,
  openStageQueues,
  queueJobId,
  RUN,
  type WorkKey,
  type StageQueues,
} from '../src/queues/index.ts';
import { createArtifactStore } from '../src/tracking/index.ts';
import { openWorkers, type RunHandlers, type StageServices, type Workers } from '../src/workers/index.ts';
import { readOptions } from './read-options.ts';
import { idleHandlers } from '../fixtures/idle-handlers.ts';
import { measureStart } from './start.ts';

const HAND_OVER_LIMIT_MS = 20;
const THROUGHPUT_LIMIT = 0.9;

const { quick, 'no-start': withoutStart } = readOptions(import.meta.url, {
  quick: { type: 'boolean', default: false },
  'no-start': { type: 'boolean', default: false },
});
const RUNS = quick ? 5 : 50;
const JOBS = quick ? 300 : 1000;
const ROUNDS = quick ? 2 : 7;
const CONCURRENCY = 8;

const log = createSilentLogger();
const misses: string[] = [];

await withResources(log, async (resources) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-bench-'));
  await chmod(folder, 0o755);
  resources.defer('folder', () => rm(folder, { recursive: true, force: true }));
  const redisUrl = await startRedis(folder, resources);
  const database = resources.add(
    'database',
    await openDatabase({ databaseUrl: null, varDir: folder, poolSize: 10, log }),
  );
  await measureBackend('PostgreSQL', { database, folder, redisUrl: null });
  if (redisUrl === null)
    misses.push(
      'Redis was not measured: there is no redis-server on the PATH (Debian: apt-get install redis-server)',
    );
  else await measureBackend('Redis', { database, folder, redisUrl });
});
if (!withoutStart) await measureStart();

for (const miss of misses) console.log(`MISSED  ${miss}`);
process.exitCode = misses.length === 0 ? 0 : 1;

interface Bench {
  services: StageServices;
  queues: StageQueues;
  config: Config;
  open(handlers: RunHandlers, concurrency?: number): Promise<Workers>;
  startRun(): Promise<string>;
}

async function measureBackend(
  name: string,
  where: { database: Database; folder: string; redisUrl: string | null },
): Promise<void> {
  await withResources(log, async (resources) => {
    const bench = await openBench(where, resources);
    const hops = await measureHandOver(bench);
    console.log(
      `${name.padEnd(11)} hand-over  median ${ms(quantile(hops.handOvers, 0.5))}  p95 ${ms(quantile(hops.handOvers, 0.95))}  ` +
        `whole run of five stages ${ms(quantile(hops.runs, 0.5))}  (${RUNS} runs; Airflow 3.3 on the same cores: 940 ms a hop, 6600 ms a run)`,
    );
    for (const [hop, times] of hops.byHop)
      console.log(`${''.padEnd(11)}   ${hop.padEnd(32)} ${ms(quantile(times, 0.5))}`);
    const median = quantile(hops.handOvers, 0.5);
    if (median >= HAND_OVER_LIMIT_MS)
      misses.push(`${name}: hand-over ${ms(median)}, limit ${HAND_OVER_LIMIT_MS} ms`);

    const rates = await measureThroughput(bench);
    const ratio = quantile(rates.ratios, 0.5);
    console.log(
      `${name.padEnd(11)} throughput loop ${rates.loop.toFixed(0)} jobs/s  bare BullMQ with the same writes ${rates.bare.toFixed(0)} jobs/s  ` +
        `ratio ${ratio.toFixed(2)}  (${ROUNDS} rounds of ${JOBS} jobs, ${CONCURRENCY} at a time; ratios ${rates.ratios.map((r) => r.toFixed(2)).join(' ')})`,
    );
    if (ratio < THROUGHPUT_LIMIT)
      misses.push(`${name}: throughput ratio ${ratio.toFixed(2)}, limit ${THROUGHPUT_LIMIT}`);
  });
}

async function openBench(
  where: { database: Database; folder: string; redisUrl: string | null },
  resources: Resources,
): Promise<Bench> {
  const { database, folder, redisUrl } = where;
  const { config: defaults } = loadConfig({ env: {} });
  const config: Config = { ...defaults, storage: { ...defaults.storage, varDir: folder } };
  const backend = resources.add(
    'backend',
    await openQueueBackend({ databaseUrl: database.url, redisUrl, prefix: config.queues.prefix, log }),
  );
  const queues = resources.add('queues', openStageQueues({ backend, config: config.queues, log }));
  const runs = createRunStarter({ database, queues, config, clock: systemClock });
  const services: StageServices = { database, artifacts: createArtifactStore(config.storage), config };
  return {
    services,
    queues,
    config,
    open: async (handlers, concurrency) =>
      await openWorkers({ queues, runs, services, handlers, log, clock: systemClock, concurrency }),
    startRun: async () => (await runs.startRun({ trigger: 'manual', request: { recipes: ['head'] } })).runId,
  };
}

/** Clocks inside the handlers: the end is when a handler returns, the start when the next one is called. */
async function measureHandOver(
  bench: Bench,
): Promise<{ handOvers: number[]; runs: number[]; byHop: Map<string, number[]> }> {
  let last: { stage: string; endedMs: number } | undefined;
  const byHop = new Map<string, number[]>();
  const note = (stage: string): void => {
    const now = performance.now();
    if (last !== undefined) {
      const hop = `${last.stage} -> ${stage}`;
      byHop.set(hop, [...(byHop.get(hop) ?? []), now - last.endedMs]);
    }
    last = { stage, endedMs: performance.now() };
  };
  const workers = await bench.open(noting(note));
  const runs: number[] = [];
  try {
    for (let i = 0; i < RUNS; i += 1) {
      last = undefined;
      const startedMs = performance.now();
      const runId = await bench.startRun();
      await untilEnded(bench, runId);
      runs.push(performance.now() - startedMs);
    }
  } finally {
    await workers.close();
  }
  return { handOvers: [...byHop.values()].flat(), runs, byHop };
}

/**
 * The two take turns, so that neither has the machine's better moments to itself; a round's ratio compares
 * neighbours.
 */
async function measureThroughput(bench: Bench): Promise<{ loop: number; bare: number; ratios: number[] }> {
  const runId = await bench.startRun();
  const loop: number[] = [];
  const bare: number[] = [];
  try {
    // Round -1 warms up both and is not counted.
    for (let round = -1; round < ROUNDS; round += 1) {
      const order = round % 2 === 0 ? [measureLoop, measureBare] : [measureBare, measureLoop];
      for (const measure of order) {
        const rate = await measure(bench, runId, round);
        if (round >= 0) (measure === measureLoop ? loop : bare).push(rate);
      }
    }
  } finally {
    await bench.services.database.db
      .updateTable('pipeline_runs')
      .set({ status: 'cancelled', finished_at: new Date() })
      .where('id', '=', runId)
      .execute();
  }
  return {
    loop: quantile(loop, 0.5),
    bare: quantile(bare, 0.5),
    ratios: loop.map((rate, i) => rate / (bare[i] ?? rate)),
  };
}

async function measureLoop(bench: Bench, runId: string, round: number): Promise<number> {
  const counter = createCounter();
  await addJobs(bench, 'train-model', runId, `loop${round + 1}`);
  const workers = await openWorkers({
    queues: {
      ...bench.queues,
      backend: {
        ...bench.queues.backend,
        openWorker: (name, processor, settings) => {
          const worker = bench.queues.backend.openWorker(name, processor, settings);
          if (name === 'train-model') worker.on('completed', counter.count);
          return worker;
        },
      },
    },
    runs: createRunStarter({
      database: bench.services.database,
      queues: bench.queues,
      config: bench.config,
      clock: systemClock,
    }),
    services: bench.services,
    handlers: idleHandlers,
    log,
    clock: systemClock,
    stages: ['train-model'],
    concurrency: CONCURRENCY,
  });
  const rate = await counter.rate;
  await workers.close();
  return rate;
}

async function measureBare(bench: Bench, runId: string, round: number): Promise<number> {
  const { pool } = bench.services.database;
  const counter = createCounter();
  await addJobs(bench, 'train-model', runId, `bare${round + 1}`);
  const { queues } = bench.config;
  const worker = bench.queues.backend.openWorker(
    'train-model',
    async (job: Job<{ runId: string; candidate: string }>) => {
      const key: WorkKey = { ownerId: job.data.runId, stage: 'train-model', part: job.data.candidate };
      const begun = await beginAttempt(pool, RUN, key, 'bare');
      const result = { trackingRunId: 'r', modelUri: 'm', validation: { accuracy: 0.5 } };
      await commitResult(pool, RUN, { ...key, attempt: begun?.attempt ?? 1 }, result);
      return result;
    },
    {
      concurrency: CONCURRENCY,
      lockDuration: queues.lockDurationMs,
      stalledInterval: queues.stalledIntervalMs,
      maxStalledCount: queues.maxStalledCount,
    },
  );
  worker.on('error', (error) => console.error(error));
  worker.on('completed', counter.count);
  const rate = await counter.rate;
  await worker.close();
  return rate;
}

async function addJobs(bench: Bench, stage: 'train-model', runId: string, label: string): Promise<void> {
  await bench.queues.queues.get(stage)?.addBulk(
    Array.from({ length: JOBS }, (_, i) => {
      const candidate = `${label}-${i}`;
      return {
        name: stage,
        data: { runId, candidate },
        opts: {
          jobId: queueJobId({ ownerId: runId, stage, part: candidate }),
          attempts: 3,
          removeOnComplete: { count: 1000 },
        },
      };
    }),
  );
}

/**
 * Counts completed jobs; `rate` are those per second after the first tenth, when workers and connections are
 * warm.
 */
function createCounter(): { count: () => void; rate: Promise<number> } {
  const warm = Math.floor(JOBS / 10);
  let seen = 0;
  let warmAtMs = 0;
  let finish: (rate: number) => void;
  const rate = new Promise<number>((resolve) => (finish = resolve));
  return {
    count: () => {
      seen += 1;
      if (seen === warm) warmAtMs = performance.now();
      if (seen === JOBS) finish((JOBS - warm) / ((performance.now() - warmAtMs) / 1000));
    },
    rate,
  };
}

/** The idle handlers, each noted when it is called: what it answers is there at once. */
function noting(note: (stage: string) => void): RunHandlers {
  const noted = Object.entries(idleHandlers).map(([stage, handle]) => [
    stage,
    (...call: Parameters<typeof handle>) => {
      note(stage);
      return (handle as (...same: typeof call) => unknown)(...call);
    },
  ]);
  return Object.fromEntries(noted) as RunHandlers;
}

async function untilEnded(bench: Bench, runId: string): Promise<void> {
  for (;;) {
    const run = await bench.services.database.db
      .selectFrom('pipeline_runs')
      .select('status')
      .where('id', '=', runId)
      .executeTakeFirst();
    if (run?.status !== 'active') return;
    await sleep(10);
  }
}

async function startRedis(folder: string, resources: Resources): Promise<string | null> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return null;
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
  // As docker-compose.yml runs it: appended to a file, flushed every second, nothing evicted.
  const server: ChildProcess = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', ''],
    { stdio: 'ignore' },
  );
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  resources.defer('redis', async () => {
    server.kill('SIGTERM');
    await exited;
  });
  return `redis://127.0.0.1:${port}`;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
