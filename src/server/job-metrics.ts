/** Prediction jobs as metrics, read from PostgreSQL when asked: whichever server is asked, and whoever works, it is the same truth. */
import { sql } from 'kysely';
import { Gauge, type Registry } from 'prom-client';
import { RUN_STATUSES, type Db } from '../db/index.ts';

export function addJobMetrics(registry: Registry, database: () => Db): void {
  const registers = [registry];
  const jobs = new Gauge({
    name: 'copyloop_jobs',
    help: 'Prediction jobs that are kept, by status',
    labelNames: ['status'],
    registers,
    async collect() {
      const counted = await database()
        .selectFrom('prediction_jobs')
        .select(['status', (eb) => eb.fn.countAll<number>().as('jobs')])
        .groupBy('status')
        .execute();
      for (const status of RUN_STATUSES)
        jobs.set({ status }, counted.find((row) => row.status === status)?.jobs ?? 0);
    },
  });
  const rows = new Gauge({
    name: 'copyloop_job_rows',
    help: 'Rows of the active prediction jobs',
    labelNames: ['state'],
    registers,
    async collect() {
      const { rows: counted } = await sql<{ total: number; done: number; refused: number }>`
        SELECT coalesce(sum(step.rows), 0)::bigint AS total, coalesce(sum(step.rows_done), 0)::bigint AS done,
               coalesce(sum(step.refused), 0)::bigint AS refused
        FROM prediction_jobs AS job
        JOIN prediction_job_steps AS step ON step.job_id = job.id AND step.stage = 'predict-shard'
        WHERE job.status = 'active'`.execute(database());
      const { total = 0, done = 0, refused = 0 } = counted[0] ?? {};
      rows.set({ state: 'done' }, done);
      rows.set({ state: 'left' }, Math.max(0, total - done));
      rows.set({ state: 'refused' }, refused);
    },
  });
}
