/** Writes the seeded experiment of seed_mlflow.py into our tables, value for value and in the same order. */
import { sql } from 'kysely';
import type { Db } from '../../src/db/index.ts';

export interface Seed {
  runs: number;
  /** Ten metrics more a run, of so many different keys in all. */
  metricKeys?: number;
}

/** @returns the experiment's id */
export async function seedCopyloop(db: Db, { runs: count, metricKeys }: Seed): Promise<string> {
  const { rows } = await sql<{ experiment_id: number }>`
    INSERT INTO experiments (name, artifact_location, creation_time, last_update_time)
    VALUES ('seeded', 'mlflow-artifacts:/seeded', 0, 0) RETURNING experiment_id`.execute(db);
  const id = rows[0]?.experiment_id ?? 0;
  const runs = sql`(SELECT i, lpad(to_hex(i), 32, '0') AS run_id FROM generate_series(0, ${count}::int - 1) AS i) AS r`;
  await sql`
    INSERT INTO tracking_runs (run_id, experiment_id, name, user_id, status, start_time, end_time, artifact_uri)
    SELECT run_id, ${id}::bigint, 'run-' || i, 'bench', 'FINISHED', 1600000000000 + i, 1600000000005 + i,
      'mlflow-artifacts:/seeded/' || run_id || '/artifacts' FROM ${runs} ORDER BY i`.execute(db);
  await sql`
    INSERT INTO run_params (run_id, key, value)
    SELECT run_id, CASE p WHEN -1 THEN 'optimizer' ELSE 'param-' || p END,
      CASE WHEN p >= 0 THEN (p::bigint * i)::text WHEN i % 2 = 0 THEN 'adamw' ELSE 'sgd' END
    FROM ${runs}, generate_series(-1, 8) AS p ORDER BY i, p`.execute(db);
  await sql`
    INSERT INTO run_tags (run_id, key, value)
    SELECT run_id, key, value FROM ${runs},
      LATERAL (VALUES ('mlflow.runName', 'run-' || i), ('mlflow.user', 'bench'), ('mlflow.source.name', 'load.py')) AS t (key, value)
    ORDER BY i`.execute(db);
  const more =
    metricKeys === undefined
      ? sql``
      : sql`UNION ALL SELECT 'metric-' || (i * 10 + m) % ${metricKeys}::int, (i % 999) / 999.0::float8 FROM generate_series(0, 9) AS m`;
  for (const table of ['run_metrics', 'run_latest_metrics'])
    await sql`
      INSERT INTO ${sql.table(table)} (run_id, key, step, timestamp, value)
      SELECT run_id, key, 0, 1600000000000 + i, value FROM ${runs},
        LATERAL (VALUES ('accuracy', (i % 5000) / 5000.0::float8), ('loss', 1 / (i + 1)::float8), ('f1', (i % 777) / 777.0::float8)
          ${more}) AS m (key, value)
      ORDER BY i`.execute(db);
  await sql`VACUUM ANALYZE`.execute(db);
  return String(id);
}
