/**
 * How long pages wait for their data: what each asks for when it is opened is asked for again and again,
 * while products are predicted without a pause. What a page waits for is the longest of its requests, which
 * the browser makes at once.
 */
import type { Installation } from './installation.ts';

const LIMIT_MS = 200;

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
  serving: [
    'info',
    'metrics?names=copyloop_queue_texts,copyloop_score_cache_total,copyloop_shadow_score_difference,copyloop_phase_seconds',
  ],
  schedule: ['schedule'],
  admin: ['keys', 'admin/config', 'admin/storage', 'audit?limit=50'],
  receipt: [`predictions/${'1'.padStart(32, '0')}/receipt`],
};

/** @returns whether every page keeps the limit */
export async function measurePages({ url }: Installation, turns: number): Promise<boolean> {
  const load = startLoad(url);
  let isOver = false;
  for (const [page, requests] of Object.entries(PAGES)) {
    const times: number[] = [];
    for (let turn = 0; turn < turns; turn += 1) times.push(await open(url, requests));
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
