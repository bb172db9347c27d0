/**
 * A large installation: PostgreSQL filled with 10,000 runs, 1,000 metric keys, predictions, feedback on a
 * tenth of them and 10,000 texts in review, and a server on it.
 */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { loadConfig } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { withResources } from '../../src/core/resources.ts';
import { openDatabase, type Db } from '../../src/db/index.ts';
import { openServingHarness } from '../../test/integration/server-harness.ts';

const RUNS = 10_000;
const METRIC_KEYS = 1000;

const log = createSilentLogger();

export interface Installation {
  url: string;
  db: Db;
}

export async function withInstallation<T>(
  predictions: number,
  work: (installation: Installation) => Promise<T>,
): Promise<T> {
  return await withResources(log, async (resources) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-bench-console-'));
    // PostgreSQL runs as its own user when we are root.
    await chmod(folder, 0o755);
    resources.defer('folder', () => rm(folder, { recursive: true, force: true }));
    const models = path.join(folder, 'models');
    await mkdir(models);
    const { harness, server } = await openServingHarness(models, {
      openDatabase: () => openDatabase({ databaseUrl: null, varDir: folder, poolSize: 10, log }),
      // As it is used, where tests hurry it.
      serving: { reloadPollMs: loadConfig({ env: {} }).config.serving.reloadPollMs },
      // All that feedback would start a run.
      feedback: { retrainAfter: 0 },
    });
    resources.add('harness', harness);
    const { db } = harness.database;
    // One as it is really stored, after which the others are made.
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    await harness.runs.cancelRun(runId);
    await fill(db, predictions);
    return await work({ url: server.url, db });
  });
}

async function fill(db: Db, predictions: number): Promise<void> {
  const startedMs = performance.now();
  const texts = ['Meet the lamp.', 'A warm light for the desk.'].map((text, place) => ({
    text,
    score: 0.9 - place / 10,
  }));
  const response = JSON.stringify({
    data: { ad_copy: 'Meet the lamp.' },
    alternatives: { ad_copy: texts },
    text_ids: {},
  });
  await sql`INSERT INTO predictions (id, created_at, title, description, request, response, copy_text,
      confidence_score, model_name, model_version, writer, request_id)
    SELECT lpad(to_hex(n), 32, '0'), now() - n * interval '2 seconds', 'Lamp ' || n, 'A warm light for the desk.',
      '{}', ${response}::jsonb, 'Meet the lamp.', 0.5 + (n % 50) / 100.0, 'copy-quality', 1, 'templates', 'bench'
    FROM generate_series(1, ${predictions}) AS n`.execute(db);
  await sql`INSERT INTO feedback (prediction_id, field, place, outcome, clicks, impressions, created_at)
    SELECT lpad(to_hex(n), 32, '0'), 'ad_copy', 0, CASE WHEN n % 3 = 0 THEN 'accepted' END, n % 7, 100,
      now() - n * interval '2 seconds'
    FROM generate_series(1, ${predictions / 10}) AS n`.execute(db);
  await sql`INSERT INTO texts (prediction_id, field, place, state, score, changed_by)
    SELECT lpad(to_hex(n), 32, '0'), 'ad_copy', 1, 'in_review', (n % 100) / 100.0, 'bench'
    FROM generate_series(1, ${Math.min(10_000, predictions)}) AS n`.execute(db);
  await sql`INSERT INTO pipeline_runs (id, trigger, status, options, created_at, finished_at)
    SELECT 'run-' || n, 'manual', CASE WHEN n % 9 = 0 THEN 'failed' ELSE 'succeeded' END,
      (SELECT options FROM pipeline_runs LIMIT 1),
      now() - (${RUNS} - n) * interval '1 hour', now() - (${RUNS} - n) * interval '1 hour' + interval '3 minutes'
    FROM generate_series(1, ${RUNS}) AS n`.execute(db);
  await sql`INSERT INTO stage_states (run_id, stage, candidate, status, worker_id, result, finished_at)
    SELECT 'run-' || n, stage, CASE WHEN stage = 'train-model' THEN 'head' ELSE '' END, 'succeeded', 'w',
      CASE stage WHEN 'version-data' THEN jsonb_build_object('datasetVersion', n)
        WHEN 'register-model' THEN '{"decision": "refuse", "reasons": [], "modelVersion": null}' ELSE '{}' END, now()
    FROM generate_series(1, ${RUNS}) AS n,
      unnest(ARRAY['generate-data', 'version-data', 'train-model', 'register-model', 'summarize-run']) AS stage`.execute(
    db,
  );
  await sql`INSERT INTO tracking_runs (run_id, experiment_id, name, status, start_time, end_time, artifact_uri)
    SELECT md5(n::text), 0, 'head ' || n, 'FINISHED', n * 1000, n * 1000 + 500, 'mlflow-artifacts:/0/' || n
    FROM generate_series(1, ${RUNS}) AS n`.execute(db);
  // Each run has ten keys of all of them.
  await sql`INSERT INTO run_latest_metrics (run_id, key, step, timestamp, value)
    SELECT md5(n::text), 'metric_' || (n * 10 + k) % ${METRIC_KEYS}, 9, n, n % 97
    FROM generate_series(1, ${RUNS}) AS n, generate_series(1, 10) AS k`.execute(db);
  await sql`VACUUM ANALYZE`.execute(db);
  console.log(`        filled in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
}
