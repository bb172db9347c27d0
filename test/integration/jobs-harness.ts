/** Prediction jobs on a database, queues, artifacts and a tiny champion of their own. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import type { Config } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { entryPoint } from '../../src/core/paths.ts';
import { createBrandBook, openCopywriter } from '../../src/copy/index.ts';
import {
  createJobStarter,
  getJob,
  JOB,
  type JobStarter,
  type JobView,
  type PredictJobRequest,
} from '../../src/queues/index.ts';
import { createBrandStore, openVersionScorers } from '../../src/serving/index.ts';
import { createPostgresTrackingStore } from '../../src/tracking/index.ts';
import { createJobHandlers, type JobHandlers } from '../../src/workers/index.ts';
import type { JobsWorkerSettings } from './jobs-worker.ts';
import { openHarness, type BackendKind, type Harness, type HarnessOverrides } from './pipeline-harness.ts';

export interface JobsHarness extends Harness {
  jobs: JobStarter;
  /** Starts a job of a CSV. */
  start(csv: string, request?: PredictJobRequest): Promise<string>;
  getJob(jobId: string): Promise<JobView>;
  untilJobEnded(jobId: string): Promise<JobView>;
  /** The output as text. */
  readOutput(job: JobView): Promise<string>;
  readRefused(job: JobView): Promise<Record<string, unknown>[]>;
  /** Works on jobs in this process. */
  openJobWorkers(change?: (handlers: JobHandlers) => JobHandlers): Promise<void>;
  /** Works on jobs in a process of its own, which is killed when the harness closes. */
  forkWorker(hangIn?: number): ChildProcess;
}

export async function openJobsHarness(
  kind: BackendKind,
  modelDirectory: string,
  jobsConfig: Partial<Config['jobs']> = {},
  overrides: HarnessOverrides = {},
): Promise<JobsHarness> {
  const harness = await openHarness(kind, {
    ...overrides,
    queues: { lockDurationMs: 2000, ...overrides.queues },
  });
  const { database, queues, services } = harness;
  const config: Config = {
    ...harness.config,
    jobs: { ...harness.config.jobs, shardRows: 10, shardsInFlight: 3, ...jobsConfig },
  };
  services.config = config;
  const { artifacts } = services;
  const log = createSilentLogger();
  const tracking = createPostgresTrackingStore(database.db);
  await registerChampion(tracking, artifacts, config.model.name, modelDirectory);
  const jobs = createJobStarter({
    database,
    queues,
    artifacts,
    registry: tracking.registry,
    config,
    clock: systemClock,
    log,
  });
  const children: ChildProcess[] = [];
  const closers: (() => Promise<void>)[] = [];
  const get = (jobId: string): Promise<JobView> => getJob(database.db, jobId);

  return {
    ...harness,
    config,
    jobs,
    start: async (csv, request = {}) => {
      const input = { kind: 'bytes', body: csv, name: 'products.csv', format: null } as const;
      return (await jobs.startJob({ input, request })).jobId;
    },
    getJob: get,
    untilJobEnded: async (jobId) => {
      await expect
        .poll(async () => (await get(jobId)).status, { timeout: 120_000, interval: 50 })
        .not.toBe('active');
      return await get(jobId);
    },
    readOutput: async (job) => await artifacts.readText(job.output?.output.key ?? ''),
    readRefused: async (job) =>
      (await artifacts.readText(job.output?.refusedRows.key ?? ''))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    openJobWorkers: async (change = (handlers) => handlers) => {
      const scores = openVersionScorers({ registry: tracking.registry, artifacts, config, log });
      closers.push(() => scores.close());
      const handlers = change(
        createJobHandlers({
          scores,
          copywriter: openCopywriter(config.copy, {
            brands: createBrandBook(createBrandStore(database.db), systemClock),
          }),
        }),
      );
      await harness.openWorkers({}, { handlers, stages: JOB.names, drainMs: 0 });
    },
    forkWorker: (hangIn) => {
      const settings: JobsWorkerSettings = {
        config,
        databaseUrl: database.url,
        redisUrl: harness.redisUrl,
        hangIn: hangIn ?? null,
      };
      const { file, execArgv } = entryPoint(import.meta.url, './jobs-worker');
      const child = fork(file, [JSON.stringify(settings)], {
        execArgv,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      children.push(child);
      return child;
    },
    close: async () => {
      for (const child of children) await kill(child);
      await harness.close();
      for (const close of closers) await close();
    },
  };
}

export async function registerChampion(
  { registry }: ReturnType<typeof createPostgresTrackingStore>,
  artifacts: Harness['services']['artifacts'],
  name: string,
  modelDirectory: string,
): Promise<void> {
  await registry.createModel({ name });
  for (const entry of await readdir(modelDirectory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    await artifacts.putFile(`mlflow/0/tiny/artifacts/model/${path.relative(modelDirectory, file)}`, file);
  }
  const { version } = await registry.createVersion({
    name,
    source: 'mlflow-artifacts:/0/tiny/artifacts/model',
  });
  await registry.setAlias(name, 'champion', version, { movedBy: 'test', reason: 'the test says so' });
}

export async function heard(child: ChildProcess, word: 'ready' | 'reached'): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message) => {
      if (message === word) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the worker process ended with ${code} before its time`)));
  });
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
