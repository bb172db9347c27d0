/**
 * The console's pages on a large installation, beside a serving load. PostgreSQL is filled with 10,000 runs,
 * 1,000 metric keys, predictions, feedback on a tenth of them and 10,000 texts in review; then what each page
 * asks for when it is opened is asked for again and again, while products are predicted without a pause. What
 * a page waits for is the longest of its requests, which the browser makes at once.
 */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { createSilentLogger } from '../../src/core/log.ts';
import { withResources } from '../../src/core/resources.ts';
import { openDatabase, type Db } from '../../src/db/index.ts';
import { openServingHarness } from '../../test/integration/server-harness.ts';

const LIMIT_MS = 200;
const RUNS = 10_000;
const METRIC_KEYS = 1000;

const log = createSilentLogger();

const JSON_POST = { method: 'POST', headers: { 'content-type': 'application/json' } } as const;

/** What each page asks for when it is opened, with what is posted behind it; of ids, some that are there. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  home: [
    'info',
    'models',
    'texts?state=in_review&limit=1',
    'loop',
    'schedule',
    'datasets?limit=1',
    'runs?limit=20',
    'models/copy-quality/versions',
    'models/copy-quality/aliases/champion/history',
  ],
  runs: ['runs?limit=50'],
  'runs, filtered': ['runs?limit=50&status=failed', 'runs?limit=50&recipe=full', 'runs?limit=50&dataset=77'],
  'runs, older': ['runs?limit=50&before=2000'],
  run: ['runs/run-9999'],
  review: ['texts?state=in_review&limit=100', 'reviewers'],
  'review, filtered': ['texts?state=in_review&limit=500&min_score=0.8&field=ad_copy'],
  datasets: ['datasets?limit=50'],
  trainings: [
    'api/2.0/mlflow/experiments/search?max_results=1000',
    'api/2.0/mlflow/runs/search {"experiment_ids":["0"],"order_by":["attributes.start_time DESC"],"max_results":50}',
  ],
  registry: ['models', 'models/copy-quality/versions', 'models/copy-quality/aliases/champion/history'],
  catalogues: ['jobs?limit=50'],
  learning: ['learning/summary', 'learning/canary'],
  serving: ['info', 'metrics'],
  schedule: ['schedule'],
  admin: ['keys', 'admin/config', 'admin/storage', 'audit?limit=50'],
  receipt: [`predictions/${'1'.padStart(32, '0')}/receipt`],
};

/** @returns whether every page keeps the limit */
export async function measurePages(predictions: number, turns: number): Promise<boolean> {
  return await withResources(log, async (resources) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-bench-console-'));
    // PostgreSQL runs as its own user when we are root.
    await chmod(folder, 0o755);
    resources.defer('folder', () => rm(folder, { recursive: true, force: true }));
    const models = path.join(folder, 'models');
    await mkdir(models);
    const { harness, server } = await openServingHarness(models, {
      openDatabase: () => openDatabase({ databaseUrl: null, varDir: folder, poolSize: 10, log }),
    });
    resources.add('harness', harness);
    // One as it is really stored, after which the others are made.
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    await harness.runs.cancelRun(runId);
    await fill(harness.database.db, predictions);
    const load = startLoad(server.url);
    let isOver = false;
    for (const [page, requests] of Object.entries(PAGES)) {
      const times: number[] = [];
      for (let turn = 0; turn < turns; turn += 1) times.push(await open(server.url, requests));
      times.sort((a, b) => a - b);
      const p95 = times[Math.ceil(times.length * 0.95) - 1] ?? 0;
      const median = times[Math.floor(times.length / 2)] ?? 0;
      isOver ||= p95 > LIMIT_MS;
      console.log(
        `${p95 > LIMIT_MS ? 'MISSED ' : '       '}${page.padEnd(18)} median ${median.toFixed(0).padStart(5)} ms, p95 ${p95.toFixed(0).padStart(5)} ms`,
      );
    }
    console.log(`        beside ${(await load()).toFixed(0)} predictions a second`);
    return !isOver;
  });
}

/** @returns ms until the last of the requests was answered in full */
async function open(url: string, requests: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  await Promise.all(
    requests.map(async (request) => {
      const [address = '', body] = request.split(/ (?=\{)/);
      const answer = await fetch(`${url}/${address}`, body === undefined ? {} : { ...JSON_POST, body });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`/${request}: ${answer.status} ${text.slice(0, 300)}`);
    }),
  );
  return performance.now() - startedMs;
}

/**
 * Products one after the other, each another. @returns what ends it and tells how many a second there were
 */
function startLoad(url: string): () => Promise<number> {
  const startedMs = performance.now();
  let [count, isEnded] = [0, false];
  const loop = (async () => {
    for (; !isEnded; count += 1) {
      const body = JSON.stringify({ title: `Desk Lamp ${count}`, description: 'A warm light.', count: 4 });
      // A server that is gone ends it: why it went is told elsewhere.
      const answer = await fetch(`${url}/predict`, { ...JSON_POST, body }).catch(() => undefined);
      if (answer === undefined) return;
      await answer.text();
    }
  })();
  return async () => {
    isEnded = true;
    await loop;
    return count / ((performance.now() - startedMs) / 1000);
  };
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
