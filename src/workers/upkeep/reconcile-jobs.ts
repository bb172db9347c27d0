/**
 * Compares active prediction jobs with the queues, as the reconciler does with runs, and gives back what ended jobs hold: the work of
 * those that have succeeded or were cancelled at once, everything once their retention is over.
 */
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { DAY_MS } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import type { Database } from '../../db/index.ts';
import {
  describeStep,
  ensureEnqueued,
  jobFolder,
  jobWorkFolder,
  listDueSteps,
  predictOptionsSchema,
  type DueStep,
  type StageQueues,
} from '../../queues/index.ts';

export interface JobReconcilerDeps {
  database: Database;
  queues: StageQueues;
  artifacts: ArtifactStore;
  retentionDays: number;
  log: Logger;
}

/** One pass over all jobs. Two processes at once do no harm: every step of it may be done twice. */
export async function reconcileJobs(deps: JobReconcilerDeps): Promise<void> {
  const { db } = deps.database;
  const active = await db
    .selectFrom('prediction_jobs')
    .select(['id', 'options'])
    .where('status', '=', 'active')
    .execute();
  for (const job of active) {
    const { shardsInFlight } = predictOptionsSchema.parse(job.options);
    for (const step of await listDueSteps(db, job.id, shardsInFlight)) await repairStep(deps, step);
  }
  await freeEndedJobs(deps);
  await deleteOldJobs(deps);
}

async function repairStep({ database, queues, log }: JobReconcilerDeps, step: DueStep): Promise<void> {
  const outcome = await ensureEnqueued(queues, step);
  if (outcome === 'added')
    log.warn({ job: step.jobId, stage: step.stage, shard: step.shard }, 'a lost step is enqueued again');
  if (outcome !== 'lost') return;
  const error = {
    code: 'internal',
    message: `${describeStep(step)} was lost by its workers too often: see their logs, then resume the job`,
    stage: step.stage,
  };
  // Only what still holds: a worker may have ended the step, or the job, since the queue was asked.
  await database.pool.query(
    `WITH step AS (
       UPDATE prediction_job_steps SET status = 'failed', error = $4::jsonb, finished_at = now()
       WHERE job_id = $1 AND stage = $2 AND shard = $3 AND status IN ('running', 'retrying') RETURNING 1
     )
     UPDATE prediction_jobs SET status = 'failed', error = $4::jsonb, finished_at = now()
     WHERE id = $1 AND status = 'active' AND EXISTS (SELECT FROM step)`,
    [step.jobId, step.stage, step.shard, JSON.stringify(error)],
  );
}

/** A failed job keeps its shards: it can be resumed. */
async function freeEndedJobs({ database, artifacts }: JobReconcilerDeps): Promise<void> {
  const ended = await database.db
    .selectFrom('prediction_jobs')
    .select(['id', 'status'])
    .where('status', 'in', ['succeeded', 'cancelled'])
    .where('freed_at', 'is', null)
    .execute();
  for (const { id, status } of ended) {
    await artifacts.deletePrefix(status === 'cancelled' ? jobFolder(id) : jobWorkFolder(id));
    await database.db
      .updateTable('prediction_jobs')
      .set({ freed_at: new Date() })
      .where('id', '=', id)
      .execute();
  }
}

async function deleteOldJobs({ database, artifacts, retentionDays, log }: JobReconcilerDeps): Promise<void> {
  const before = new Date(Date.now() - retentionDays * DAY_MS);
  const old = await database.db
    .selectFrom('prediction_jobs')
    .select('id')
    .where('finished_at', '<', before)
    .execute();
  for (const { id } of old) {
    await artifacts.deletePrefix(jobFolder(id));
    await database.db.deleteFrom('prediction_jobs').where('id', '=', id).execute();
    log.info({ job: id }, 'an old job is deleted');
  }
}
