/**
 * Prediction jobs as metrics, read from PostgreSQL when asked: whichever server is asked, and whoever works,
 * it is the same truth. While it cannot be asked they have no value, and the page has all others, above all
 * those that tell of it.
 */
import { sql } from 'kysely';
import { Gauge, type Registry } from 'prom-client';
import { toError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { RUN_STATUSES, type Db } from '../db/index.ts';

export function addJobMetrics(registry: Registry, database: () => Db, log: Logger): void {
  const registers = [registry];
  const readOrLeaveOut = async (gauge: Gauge, read: (db: Db) => Promise<void>): Promise<void> => {
    try {
      await read(database());
    } catch (thrown) {
      gauge.reset();
      log.debug(
        { err: toError(thrown) },
        'PostgreSQL did not answer: the metrics page is without prediction jobs',
      );
    }
  };
  const jobs: Gauge = new Gauge({
    name: 'copyloop_jobs',
    help: 'Prediction jobs that are kept, by status',
    labelNames: ['status'],
    registers,
    collect: () =>
      readOrLeaveOut(jobs, async (db) => {
        const counted = await db
          .selectFrom('prediction_jobs')
          .select(['status', (eb) => eb.fn.countAll<number>().as('jobs')])
          .groupBy('status')
          .execute();
        for (const status of RUN_STATUSES)
          jobs.set({ status }, counted.find((row) => row.status === status)?.jobs ?? 0);
      }),
  });
  const rows: Gauge = new Gauge({
    name: 'copyloop_job_rows',
    help: 'Rows of the active prediction jobs',
    labelNames: ['state'],
    registers,
    collect: () =>
      readOrLeaveOut(rows, async (db) => {
        const { rows: counted } = await sql<{ total: number; done: number; refused: number }>`
          SELECT coalesce(sum(step.rows), 0)::bigint AS total, coalesce(sum(step.rows_done), 0)::bigint AS done,
                 coalesce(sum(step.refused), 0)::bigint AS refused
          FROM prediction_jobs AS job
          JOIN prediction_job_steps AS step ON step.job_id = job.id AND step.stage = 'predict-shard'
          WHERE job.status = 'active'`.execute(db);
        const { total = 0, done = 0, refused = 0 } = counted[0] ?? {};
        rows.set({ state: 'done' }, done);
        rows.set({ state: 'left' }, Math.max(0, total - done));
        rows.set({ state: 'refused' }, refused);
      }),
  });
}
