/** What must hold whatever was killed, read from PostgreSQL. */
import { sql } from 'kysely';
import { verifyAudit } from '../../src/audit/index.ts';
import type { Db } from '../../src/db/index.ts';

const RULES: readonly { name: string; broken: (db: Db) => Promise<string[]> }[] = [
  {
    name: 'a run that ended has no stage under way',
    broken: (db) =>
      read(
        db,
        `SELECT run.id || ' ' || state.stage AS what FROM pipeline_runs AS run JOIN stage_states AS state ON state.run_id = run.id
         WHERE run.status <> 'active' AND state.status IN ('running', 'retrying')`,
      ),
  },
  {
    name: 'a run that succeeded has one dataset version, or names the earlier one that has the same rows',
    broken: (db) =>
      read(
        db,
        `SELECT run.id || ' names ' || coalesce(state.result ->> 'datasetVersion', 'none') || ' and made ' || count(own.version) AS what
         FROM pipeline_runs AS run
         LEFT JOIN stage_states AS state ON state.run_id = run.id AND state.stage = 'version-data'
         LEFT JOIN dataset_versions AS own ON own.run_id = run.id
         LEFT JOIN dataset_versions AS named ON named.version = (state.result ->> 'datasetVersion')::int
         WHERE run.status = 'succeeded' GROUP BY run.id, state.result, named.run_id
         HAVING named.run_id IS NULL OR (named.run_id = run.id) = (state.result ? 'skipped')
           OR count(own.version) <> CASE WHEN state.result ? 'skipped' THEN 0 ELSE 1 END`,
      ),
  },
  {
    name: 'a run has at most one model version',
    broken: (db) =>
      read(
        db,
        `SELECT value AS what FROM model_version_tags WHERE key = 'copyloop.run' GROUP BY value HAVING count(*) > 1`,
      ),
  },
  {
    name: 'dataset versions are numbered without gaps',
    broken: (db) =>
      read(
        db,
        `SELECT max(version) || ' of ' || count(*) AS what FROM dataset_versions HAVING coalesce(max(version), 0) <> count(*)`,
      ),
  },
  {
    name: 'model versions are numbered without gaps',
    broken: (db) =>
      read(
        db,
        `SELECT name || ' ' || max(version) || ' of ' || count(*) AS what FROM model_versions
         GROUP BY name HAVING max(version) <> count(*)`,
      ),
  },
  {
    name: 'no promotion is doubled',
    broken: (db) =>
      read(
        db,
        `SELECT what FROM (SELECT to_version || ' again as ' || alias AS what, to_version,
           lag(to_version) OVER (PARTITION BY name, alias ORDER BY history_id) AS before FROM model_alias_history) AS move
         WHERE to_version = before`,
      ),
  },
  {
    name: 'every model version of a run names files that a training left',
    broken: (db) =>
      read(
        db,
        `SELECT version.name || '/' || version.version AS what FROM model_versions AS version
         LEFT JOIN tracking_runs AS run ON run.run_id = version.run_id
         WHERE version.run_id IS NOT NULL AND (run.run_id IS NULL OR run.status <> 'FINISHED')`,
      ),
  },
  { name: 'the audit log is whole', broken: async (db) => (await verifyAudit(db)).faults },
];

export async function findBroken(db: Db): Promise<string[]> {
  const found: string[] = [];
  for (const { name, broken } of RULES)
    for (const what of await broken(db)) found.push(`not so: ${name}: ${what}`);
  return found;
}

async function read(db: Db, query: string): Promise<string[]> {
  const { rows } = await sql.raw<{ what: string }>(query).execute(db);
  return rows.map(({ what }) => what);
}
