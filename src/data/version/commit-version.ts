import { sql } from 'kysely';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { Clock } from '../../core/clock.ts';
import { LOCK_KEYS, type Db } from '../../db/index.ts';
import { markFeedbackTaken } from '../feedback.ts';
import {
  findDatasetVersionOfRun,
  findLatestDatasetVersion,
  getDatasetVersion,
  type DatasetVersion,
} from './dataset-versions.ts';
import type { DatasetManifest } from './manifest.ts';

/**
 * Numbers the version and commits it, with the feedback it took; or returns the one that another attempt of
 * its run committed.
 */
export async function commitVersion(
  draft: Omit<DatasetManifest, 'version'>,
  keyPrefix: string,
  feedbackIds: readonly number[],
  { db, store, clock }: { db: Db; store: ArtifactStore; clock: Clock },
): Promise<DatasetVersion> {
  const committed = await db.transaction().execute(async (transaction) => {
    await sql`SELECT pg_advisory_xact_lock(${LOCK_KEYS.datasetVersion})`.execute(transaction);
    const other = await findDatasetVersionOfRun(transaction, draft.runId);
    if (other !== undefined) return other;
    const version = ((await findLatestDatasetVersion(transaction))?.version ?? 0) + 1;
    const manifest: DatasetManifest = { ...draft, version };
    await store.put(`${keyPrefix}/manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
    await transaction
      .insertInto('dataset_versions')
      .values({
        version,
        run_id: draft.runId,
        parent_version: draft.parentVersion,
        digest: draft.digest,
        key_prefix: keyPrefix,
        row_count: draft.rows,
        manifest: JSON.stringify(manifest),
        created_at: clock.now(),
      })
      .execute();
    await markFeedbackTaken(transaction, feedbackIds, version);
    return await getDatasetVersion(transaction, version);
  });
  // Another attempt of this run was first, with other feedback: nothing refers to the files of this one.
  if (committed.keyPrefix !== keyPrefix) await store.deletePrefix(keyPrefix);
  return committed;
}
