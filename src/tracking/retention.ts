/**
 * Deletes runs for good, with their artifacts. Files go first: a crash in between is finished by the next
 * call.
 */
import { sql } from 'kysely';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { DAY_MS, type Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Db } from '../db/index.ts';
import { artifactKeyOf } from './artifact-uris.ts';
import { noRun } from './postgres/run-rows.ts';

const BATCH = 500;

/** @throws AppError `not-found`, and `conflict` for a run that a model version came from */
export async function deleteRunForGood(db: Db, artifacts: ArtifactStore, runId: string): Promise<void> {
  const row = await db
    .selectFrom('tracking_runs')
    .select(['run_id', 'artifact_uri'])
    .where('run_id', '=', runId)
    .executeTakeFirst();
  if (row === undefined) throw noRun(runId);
  const { rows } = await sql<{ name: string; version: number }>`
    SELECT name, version FROM model_versions
    WHERE run_id = ${runId} OR starts_with(coalesce(files_uri, source) || '/', ${`${row.artifact_uri}/`}) LIMIT 1`.execute(
    db,
  );
  const [version] = rows;
  if (version !== undefined)
    throw new AppError(
      'conflict',
      `version ${version.version} of ${version.name} came from run ${runId}, whose files it is made of: delete the version first`,
    );
  await deleteRows(db, artifacts, [row]);
}

/**
 * Deletes runs that ended (or, without an end, began) more than `days` ago. A run that a model version came
 * from stays as long as the version.
 * @returns how many went
 */
export async function deleteOldRuns(
  db: Db,
  artifacts: ArtifactStore,
  options: { days: number; clock: Clock; experimentIds?: readonly number[] },
): Promise<number> {
  const cutoff = options.clock.nowMs() - options.days * DAY_MS;
  let deleted = 0;
  for (;;) {
    const { rows } = await sql<{ run_id: string; artifact_uri: string }>`
      SELECT run_id, artifact_uri FROM tracking_runs AS r
      WHERE coalesce(end_time, start_time) < ${cutoff} AND status <> 'RUNNING'
        AND NOT EXISTS (
          SELECT 1 FROM model_versions AS v
          WHERE v.run_id = r.run_id OR starts_with(coalesce(v.files_uri, v.source) || '/', r.artifact_uri || '/')
        )
        AND ${options.experimentIds === undefined ? sql`true` : sql`experiment_id = ANY(${options.experimentIds}::bigint[])`}
      ORDER BY coalesce(end_time, start_time) LIMIT ${BATCH}`.execute(db);
    await deleteRows(db, artifacts, rows);
    deleted += rows.length;
    if (rows.length < BATCH) return deleted;
  }
}

async function deleteRows(
  db: Db,
  artifacts: ArtifactStore,
  rows: readonly { run_id: string; artifact_uri: string }[],
): Promise<void> {
  // Artifacts that a client keeps elsewhere (its own artifact_location) are its own to delete.
  const ours = rows.filter((row) => row.artifact_uri.startsWith('mlflow-artifacts:/'));
  for (const row of ours) await artifacts.deletePrefix(artifactKeyOf(row.artifact_uri));
  if (rows.length === 0) return;
  await db
    .deleteFrom('tracking_runs')
    .where(
      'run_id',
      'in',
      rows.map((row) => row.run_id),
    )
    .execute();
}
