/**
 * The state of the whole installation as metrics, read from PostgreSQL and the queues when asked: whichever
 * server is asked, and whoever works, it is the same truth. While they cannot be asked these have no value,
 * and the page has all others, above all those that tell of it.
 */
import { statfs } from 'node:fs/promises';
import { sql } from 'kysely';
import { Gauge, type Registry } from 'prom-client';
import { DAY_MS, SECOND_MS, type Clock } from '../core/clock.ts';
import type { Config } from '../core/config/index.ts';
import { toError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { JOB_STATUSES, RUN_STATUSES, type Db } from '../db/index.ts';
import { nextTick, nextTicks, readSchedule, type StageQueues } from '../queues/index.ts';
import { ACCURACY_TAG, CHAMPION } from '../tracking/index.ts';
import { LEARNING_METRICS } from './learning-metrics.ts';

export interface StateSource {
  db: Db;
  queues: StageQueues['queues'];
  config: Pick<Config, 'storage' | 'pipeline' | 'serving' | 'jobs' | 'audit' | 'model' | 'learning'>;
  clock: Clock;
  /** When the process began to know of the schedule. */
  startedAt: Date;
}

interface Sample {
  labels: Record<string, string>;
  value: number;
}

interface StateMetric {
  name: string;
  help: string;
  labels?: readonly string[];
  read(source: StateSource): Promise<Sample[]>;
}

const QUEUE_STATES = ['waiting', 'active', 'delayed', 'failed'] as const;
const ENDED_STATUSES = RUN_STATUSES.filter((status) => status !== 'active');
const TRAINING_STAGE = 'train-model';

const one = (value: number | null | undefined): Sample[] =>
  value === null || value === undefined || Number.isNaN(value) ? [] : [{ labels: {}, value }];

const STATE_METRICS: readonly StateMetric[] = [
  {
    name: 'copyloop_stage_queue_jobs',
    help: 'Queue jobs of a stage, by state',
    labels: ['queue', 'state'],
    read: async ({ queues }) => {
      const counted = [...queues].map(async ([queue, handle]) => {
        const counts = await handle.getJobCounts(...QUEUE_STATES);
        return QUEUE_STATES.map((state) => ({ labels: { queue, state }, value: counts[state] ?? 0 }));
      });
      return (await Promise.all(counted)).flat();
    },
  },
  {
    name: 'copyloop_stage_queue_oldest_seconds',
    help: 'Age of the queue job that has waited longest; 0 where none waits',
    labels: ['queue'],
    read: async ({ queues, clock }) =>
      await Promise.all(
        [...queues].map(async ([queue, handle]) => {
          const [oldest] = await handle.getJobs(['waiting'], 0, 0, true);
          const value = oldest === undefined ? 0 : secondsBetween(oldest.timestamp, clock.nowMs());
          return { labels: { queue }, value };
        }),
      ),
  },
  {
    name: 'copyloop_runs',
    help: 'Runs, by status',
    labels: ['status'],
    read: async ({ db }) => await countByStatus(db, 'pipeline_runs', RUN_STATUSES),
  },
  {
    name: 'copyloop_run_finished_timestamp_seconds',
    help: 'When the last run with this status ended; 0: none has',
    labels: ['status'],
    read: async ({ db }) => {
      const last = await db
        .selectFrom('pipeline_runs')
        .select(['status', (e) => e.fn.max('finished_at').as('at')])
        .groupBy('status')
        .execute();
      return ENDED_STATUSES.map((status) => {
        const at = last.find((row) => row.status === status)?.at;
        return { labels: { status }, value: at === null || at === undefined ? 0 : at.getTime() / SECOND_MS };
      });
    },
  },
  {
    name: 'copyloop_run_active_seconds',
    help: 'For how long the active run has been active; 0: none is',
    read: async ({ db, clock }) => {
      const active = await db
        .selectFrom('pipeline_runs')
        .select('created_at')
        .where('status', '=', 'active')
        .executeTakeFirst();
      return one(active === undefined ? 0 : secondsBetween(active.created_at.getTime(), clock.nowMs()));
    },
  },
  {
    name: 'copyloop_schedule_overdue_seconds',
    help: 'Since when the schedule should have ticked and has not; 0: it is off, paused or on time',
    read: async ({ db, queues, config, clock, startedAt }) => {
      const { cron, timeZone, enabled, paused, last, changedAt } = await readSchedule(
        db,
        config.pipeline.schedule,
        clock.now(),
      );
      const [slot] = last;
      if (!enabled || paused) return one(0);
      // A schedule that was paused owes no tick from before it went on.
      const since = Math.max((slot?.slot ?? startedAt).getTime(), changedAt?.getTime() ?? 0);
      const [due] = nextTicks(cron, timeZone, new Date(since), 1);
      // One that never ticked may wait for longer than this process has run.
      const first = slot === undefined ? await nextTick({ queues }) : undefined;
      const firstMs = Math.max(first?.getTime() ?? Infinity, changedAt?.getTime() ?? 0);
      const dueMs = Math.min(due?.getTime() ?? Infinity, firstMs);
      return one(secondsBetween(dueMs, clock.nowMs()));
    },
  },
  {
    name: 'copyloop_trainings',
    help: 'Attempts at a training, by outcome',
    labels: ['outcome'],
    read: async ({ db }) => {
      const counted = await db
        .selectFrom('stage_attempts')
        .select(['outcome', (e) => e.fn.countAll<number>().as('attempts')])
        .where('stage', '=', TRAINING_STAGE)
        .groupBy('outcome')
        .execute();
      return counted.map(({ outcome, attempts }) => ({ labels: { outcome }, value: attempts }));
    },
  },
  {
    name: 'copyloop_training_seconds',
    help: 'How long the last training of each candidate took that succeeded',
    labels: ['candidate'],
    read: async ({ db }) => {
      const { rows } = await sql<{ candidate: string; seconds: number }>`
        SELECT DISTINCT ON (candidate) candidate, extract(epoch FROM finished_at - started_at)::float8 AS seconds
        FROM stage_attempts WHERE stage = ${TRAINING_STAGE} AND outcome = 'succeeded'
        ORDER BY candidate, finished_at DESC`.execute(db);
      return rows.map(({ candidate, seconds }) => ({ labels: { candidate }, value: seconds }));
    },
  },
  {
    name: 'copyloop_dataset_version',
    help: 'Number of the newest dataset version; 0: there is none',
    read: async ({ db }) => one((await newestDataset(db))?.version ?? 0),
  },
  {
    name: 'copyloop_dataset_rows',
    help: 'Rows of the newest dataset version',
    read: async ({ db }) => one((await newestDataset(db))?.row_count ?? 0),
  },
  {
    name: 'copyloop_champion_accuracy',
    help: "The champion's accuracy on held-out rows, as the gate measured it",
    read: async ({ db, config }) => {
      const row = await db
        .selectFrom('model_aliases as alias')
        .innerJoin('model_version_tags as tag', (join) =>
          join.onRef('tag.name', '=', 'alias.name').onRef('tag.version', '=', 'alias.version'),
        )
        .select('tag.value')
        .where('alias.name', '=', config.model.name)
        .where('alias.alias', '=', CHAMPION)
        .where('tag.key', '=', ACCURACY_TAG)
        .executeTakeFirst();
      return one(row === undefined ? undefined : Number(row.value));
    },
  },
  {
    name: 'copyloop_feedback_waiting',
    help: 'Feedback that no dataset version has taken in yet',
    read: async ({ db }) => {
      const row = await db
        .selectFrom('feedback')
        .select((e) => e.fn.countAll<number>().as('rows'))
        .where('dataset_version', 'is', null)
        .executeTakeFirst();
      return one(row?.rows ?? 0);
    },
  },
  {
    name: 'copyloop_feedback_timestamp_seconds',
    help: 'When the last feedback came in; 0: none has',
    read: async ({ db }) => {
      // By the primary key: the newest row is the last of it.
      const row = await db
        .selectFrom('feedback')
        .select('created_at')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return one(row === undefined ? 0 : row.created_at.getTime() / SECOND_MS);
    },
  },
  {
    name: 'copyloop_retention_overdue_seconds',
    help: 'For how long the oldest row should have been deleted; 0: retention keeps up',
    labels: ['what'],
    read: async ({ db, config, clock }) => {
      const { rows } = await sql<{ what: string; at: Date | null }>`
        SELECT 'predictions' AS what, min(created_at) AS at FROM predictions
        UNION ALL SELECT 'jobs', min(finished_at) FROM prediction_jobs
        UNION ALL SELECT 'audit', min(at) FROM audit_log`.execute(db);
      const keepDays: Readonly<Record<string, number>> = {
        predictions: config.serving.predictionRetentionDays,
        jobs: config.jobs.retentionDays,
        audit: config.audit.keepDays,
      };
      return rows.map(({ what, at }) => {
        const dueMs = at === null ? clock.nowMs() : at.getTime() + (keepDays[what] ?? 0) * DAY_MS;
        return { labels: { what }, value: secondsBetween(dueMs, clock.nowMs()) };
      });
    },
  },
  {
    name: 'copyloop_database_bytes',
    help: 'Size of the database',
    read: async ({ db }) => {
      const { rows } = await sql<{ bytes: number }>`
        SELECT pg_database_size(current_database()) AS bytes`.execute(db);
      return one(rows[0]?.bytes);
    },
  },
  {
    name: 'copyloop_disk_free_bytes',
    help: 'What is free on the disk of storage.varDir',
    read: async ({ config }) => {
      const { bavail, bsize } = await statfs(config.storage.varDir);
      return one(bavail * bsize);
    },
  },
  {
    name: 'copyloop_disk_size_bytes',
    help: 'Size of the disk of storage.varDir',
    read: async ({ config }) => {
      const { blocks, bsize } = await statfs(config.storage.varDir);
      return one(blocks * bsize);
    },
  },
  {
    name: 'copyloop_jobs',
    help: 'Prediction jobs that are kept, by status',
    labels: ['status'],
    read: async ({ db }) => await countByStatus(db, 'prediction_jobs', JOB_STATUSES),
  },
  {
    name: 'copyloop_job_rows',
    help: 'Rows of the active prediction jobs',
    labels: ['state'],
    read: async ({ db }) => {
      const { rows: counted } = await sql<{ total: number; done: number; refused: number }>`
        SELECT coalesce(sum(step.rows), 0)::bigint AS total, coalesce(sum(step.rows_done), 0)::bigint AS done,
               coalesce(sum(step.refused), 0)::bigint AS refused
        FROM prediction_jobs AS job
        JOIN prediction_job_steps AS step ON step.job_id = job.id AND step.stage = 'predict-shard'
        WHERE job.status = 'active'`.execute(db);
      const { total = 0, done = 0, refused = 0 } = counted[0] ?? {};
      return [
        { labels: { state: 'done' }, value: done },
        { labels: { state: 'left' }, value: Math.max(0, total - done) },
        { labels: { state: 'refused' }, value: refused },
      ];
    },
  },
  ...LEARNING_METRICS,
];

export function addStateMetrics(registry: Registry, source: () => StateSource, log: Logger): void {
  for (const { name, help, labels = [], read } of STATE_METRICS) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect: async () => {
        try {
          const samples = await read(source());
          empty(gauge, labels);
          for (const sample of samples) gauge.set(sample.labels, sample.value);
        } catch (thrown) {
          empty(gauge, labels);
          log.debug({ err: toError(thrown), metric: name }, 'the metrics page is without one that is read');
        }
      },
    });
  }
}

/** A gauge without labels that was only reset would show a 0 that nobody has read. */
function empty(gauge: Gauge, labels: readonly string[]): void {
  gauge.reset();
  if (labels.length === 0) gauge.remove();
}

async function countByStatus(
  db: Db,
  table: 'pipeline_runs' | 'prediction_jobs',
  statuses: readonly string[],
): Promise<Sample[]> {
  const counted = await db
    .selectFrom(table)
    .select(['status', (e) => e.fn.countAll<number>().as('rows')])
    .groupBy('status')
    .execute();
  return statuses.map((status) => ({
    labels: { status },
    value: counted.find((row) => row.status === status)?.rows ?? 0,
  }));
}

async function newestDataset(db: Db): Promise<{ version: number; row_count: number } | undefined> {
  const { rows } = await sql<{ version: number; row_count: number }>`
    SELECT version, row_count FROM dataset_versions ORDER BY version DESC LIMIT 1`.execute(db);
  return rows[0];
}

function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, (toMs - fromMs) / SECOND_MS);
}
