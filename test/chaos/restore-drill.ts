/**
 * Restore drill: backups of a loaded installation at random moments, each restored elsewhere and held against
 * what callers were told. `npm run build`, then `npm run drill:restore -- --rounds 20`.
 *
 * A round fails when more than a second of answered predictions is missing, a run or a model version is, a
 * receipt does not resolve, the champion does not serve, or its weights cannot be rebuilt to the bit.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sleep } from '../../src/core/clock.ts';
import { drawCandidates, writeSettings } from './installation.ts';
import { runCommand, startCommand, type Running } from './processes.ts';

const MAX_LOST_MS = 1000;
const LOADERS = 4;
const RUNS_END_MS = 300_000;
const product = { title: 'Lamp', description: 'a lovely lamp' };

interface Answered {
  id: string;
  atMs: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    'no-rebuild': { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const work = await mkdtemp(path.join(tmpdir(), 'copyloop-drill-'));
// As root, PostgreSQL runs as a user of its own and has to get in.
await chmod(work, 0o755);
const env = { COPYLOOP_CONFIG: await writeSettings(work, { varDir: path.join(work, 'unused'), port: 0 }) };
let failures = 0;
let live: Running | undefined;
try {
  const source = path.join(work, 'source');
  live = await startCommand(['start', '--var', source, '--port', '0'], env);
  const answered: Answered[] = [];
  const loading = new AbortController();
  const load = Promise.all(Array.from({ length: LOADERS }, () => sendPredictions(live?.url ?? '', answered)));
  for (let round = 1; round <= rounds; round += 1) {
    const startedMs = Date.now();
    await ask(live.url, '/runs', { candidates: drawCandidates(['a', 'b']) });
    await sleep(Math.random() * 3000);
    const faults = await drill(live.url, source, path.join(work, `round-${round}`), answered);
    failures += faults.length === 0 ? 0 : 1;
    console.log(
      `round ${round}: ${faults.length === 0 ? 'whole' : faults.join('; ')} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`,
    );
  }
  loading.abort();
  await load;

  async function sendPredictions(url: string, list: Answered[]): Promise<void> {
    while (!loading.signal.aborted) {
      const { status, body } = await ask(url, '/predict', product);
      const { prediction_id: id } = body as { prediction_id?: string };
      if (status === 200 && id !== undefined) list.push({ id, atMs: Date.now() });
      await sleep(20);
    }
  }
} finally {
  await live?.stop();
  await rm(work, { recursive: true, force: true });
}
console.log(`${rounds} rounds, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;

async function drill(
  url: string,
  source: string,
  folder: string,
  answered: readonly Answered[],
): Promise<string[]> {
  const faults: string[] = [];
  const place = path.join(work, 'backups');
  const known = { runs: await readRuns(url), versions: await readVersions(url) };
  const beforeMs = Date.now();
  const answeredBefore = answered.filter(({ atMs }) => atMs < beforeMs);
  const backup = await runCommand(['backup', '--out', place, '--var', source, '--json'], env);
  if (backup.code !== 0) return [`backup ended with ${backup.code}: ${backup.said}`];
  const restore = await runCommand(['restore', '--from', place, '--var', folder], env);
  if (restore.code !== 0) return [`restore ended with ${restore.code}: ${restore.said}`];
  const again = await startCommand(['start', '--var', folder, '--port', '0'], env);
  try {
    const found = { runs: await readRuns(again.url), versions: await readVersions(again.url) };
    for (const run of known.runs) if (!found.runs.includes(run)) faults.push(`run ${run} is missing`);
    for (const version of known.versions)
      if (!found.versions.includes(version)) faults.push(`version ${version} is missing`);
    const missing = await findMissing(again.url, answeredBefore);
    const lostMs = missing === undefined ? 0 : beforeMs - missing.atMs;
    if (lostMs > MAX_LOST_MS) faults.push(`predictions of ${lostMs} ms before the backup are missing`);
    for (const { id } of answeredBefore.slice(0, 3)) {
      const { status } = await ask(again.url, `/predictions/${id}/receipt`);
      if (status !== 200) faults.push(`the receipt of ${id} answers ${status}`);
    }
    const { status } = await ask(again.url, '/predict', product);
    if (status !== 200) faults.push(`the champion answers ${status}`);
    await untilRunsEnd(again.url);
    if (!values['no-rebuild']) {
      const version = found.versions.at(-1) ?? '1';
      const verified = await runCommand(['verify', version, '--var', folder], env);
      if (verified.code !== 0 || !verified.said.includes('equal to the last bit'))
        faults.push(`verify ${version} ended with ${verified.code}: ${verified.said.slice(-300)}`);
    }
  } finally {
    await again.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return faults;
}

/** The oldest that is missing, looked for from the newest back until a hundred in a row are there. */
async function findMissing(url: string, answered: readonly Answered[]): Promise<Answered | undefined> {
  let oldest: Answered | undefined;
  let inRow = 0;
  for (const one of answered.toReversed()) {
    if ((await ask(url, `/predictions/${one.id}`)).status === 200) inRow += 1;
    else [oldest, inRow] = [one, 0];
    if (inRow >= 100) break;
  }
  return oldest;
}

async function untilRunsEnd(url: string): Promise<void> {
  const deadline = Date.now() + RUNS_END_MS;
  while (Date.now() < deadline) {
    const { body } = await ask(url, '/runs?status=active');
    if ((body as { runs: unknown[] }).runs.length === 0) return;
    await sleep(200);
  }
  throw new Error(`a run that was restored has not ended in ${RUNS_END_MS / 1000} s`);
}

async function readRuns(url: string): Promise<string[]> {
  const { body } = await ask(url, '/runs?limit=500');
  return (body as { runs: { id: string }[] }).runs.map(({ id }) => id);
}

async function readVersions(url: string): Promise<string[]> {
  const { body } = await ask(url, '/models/copy-quality/versions');
  const { versions } = body as { versions: { version: number }[] };
  return versions.map(({ version }) => String(version)).toSorted((a, b) => Number(a) - Number(b));
}

async function ask(url: string, where: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}${where}`, {
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  return { status: response.status, body: await response.json() };
}
