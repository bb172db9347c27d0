/**
 * Gives back what ended prediction jobs hold: the work of those that have succeeded or were cancelled at
 * once, everything after their retention.
 */
import { sql } from 'kysely';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { DAY_MS } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import type { Database } from '../../db/index.ts';
import { jobFolder, jobWorkFolder } from '../../queues/index.ts';

interface FreeingDeps {
  database: Database;
  artifacts: ArtifactStore;
  retentionDays: number;
  log: Logger;
}

/** Two processes at once do no harm: every bit of it may be done twice. */
export async function freeJobs(deps: FreeingDeps): Promise<void> {
  await freeEndedJobs(deps);
  await deleteOldJobs(deps);
}

/**
 * A failed job keeps its shards: it can be resumed. One that refused rows keeps its catalogue until its
 * retention: its rows are shown from it, to be mended.
 */
async function freeEndedJobs({ database, artifacts }: FreeingDeps): Promise<void> {
  const ended = await database.db
    .selectFrom('prediction_jobs')
    .select(['id', 'status'])
    .select(sql<boolean>`(output ->> 'refusedTotal')::bigint > 0`.as('hasRefused'))
    .where('status', 'in', ['succeeded', 'cancelled'])
    .where('freed_at', 'is', null)
    .execute();
  for (const { id, status, hasRefused } of ended) {
    const work = jobWorkFolder(id);
    const parts = ['input', 'policy', 'shards'].map((part) => `${work}/${part}`);
    const freed = status === 'cancelled' ? [jobFolder(id)] : hasRefused ? parts : [work];
    for (const folder of freed) await artifacts.deletePrefix(folder);
    await database.db
      .updateTable('prediction_jobs')
      .set({ freed_at: new Date() })
      .where('id', '=', id)
      .execute();
  }
}

async function deleteOldJobs({ database, artifacts, retentionDays, log }: FreeingDeps): Promise<void> {
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
