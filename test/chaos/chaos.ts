/**
 * Chaos: runs and predictions while processes are killed, stopped for longer than a lock lasts, and find
 * their disk full. After each round every run has ended and what must hold does (invariants.ts).
 *
 *     npm run build && npm run chaos -- --backend redis --rounds 50 [--faults 3] [--seconds 600]
 *
 * Ends with 1 when something was broken, and says what, with the seed of the round.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sleep } from '../../src/core/clock.ts';
import { isConnectionLost } from '../../src/db/index.ts';
import { openInstallation, VICTIM_KINDS, type Backend, type Installation } from './installation.ts';
import { findBroken } from './invariants.ts';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'postgres' },
    rounds: { type: 'string', default: '5' },
    faults: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '100000' },
  },
});
const backend: Backend = values.backend === 'redis' ? 'redis' : 'postgres';
const rounds = Number(values.rounds);
const faultsOfRound = Number(values.faults);
const endsMs = Date.now() + Number(values.seconds) * 1000;
/** Longer than the lock of a job, so that somebody else takes it over. */
const STOPPED_MS = 2500;
const DISK_FULL_MS = 2000;
const RUN_ENDS_MS = 120_000;

const counts = new Map<string, number>();
const recoveriesMs: number[] = [];
const answered = new Map<string, number>();
let doubled = 0;
let broken: string[] = [];
let done = 0;

const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-chaos-'));
// As root, PostgreSQL runs as a user of its own and has to get in.
await chmod(folder, 0o755);
const installation = await openInstallation(folder, backend);
const stopping = new AbortController();
try {
  await untilRunEnds(await startRun(installation));
  await untilAnswered(installation);
  const load = sendPredictions(installation);
  for (; done < rounds && (done === 0 || Date.now() < endsMs) && broken.length === 0; done += 1) {
    const runId = await startRun(installation);
    const applied: string[] = [];
    for (let fault = 0; fault < faultsOfRound; fault += 1) {
      await sleep(Math.random() * 2500);
      applied.push(await applyFault(installation));
    }
    const status = await untilRunEnds(runId);
    broken = [
      ...(status === undefined ? [`run ${runId} has not ended in ${RUN_ENDS_MS / 1000} s`] : []),
      ...(await retried(() => findBroken(installation.database.db))),
      ...(doubled > 0 ? [`${doubled} predictions were answered under an id that was given before`] : []),
    ];
    console.log(
      `round ${done + 1}: ${applied.join(', ')}: run ${status ?? 'active'}${broken.map((one) => `\n  ${one}`).join('')}`,
    );
  }
  stopping.abort();
  await load;
  console.log(await summarise(installation));
  if (broken.length > 0) console.log(installation.lastWords());
} finally {
  stopping.abort();
  await installation.close();
  await rm(folder, { recursive: true, force: true });
}
process.exit(broken.length === 0 ? 0 : 1);

async function applyFault(target: Installation): Promise<string> {
  const kinds = VICTIM_KINDS.filter((kind) => kind !== 'redis' || backend === 'redis');
  const choices = [
    ...kinds.map((kind) => `kill ${kind}` as const),
    ...(['server', 'worker', 'redis'] as const)
      .filter((kind) => kinds.includes(kind))
      .map((kind) => `stop ${kind}` as const),
    ...(target.fillDisk === undefined ? [] : (['fill disk'] as const)),
  ];
  const fault = choices[Math.floor(Math.random() * choices.length)] ?? 'kill worker';
  const note = (name: string): string => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return name;
  };
  if (fault === 'fill disk') {
    const makeRoom = await target.fillDisk?.();
    await sleep(DISK_FULL_MS);
    await makeRoom?.();
    return note(fault);
  }
  const [how, kind] = fault.split(' ') as ['kill' | 'stop', (typeof VICTIM_KINDS)[number]];
  const pid = target.findVictim(kind);
  if (pid === undefined) return `${fault} (nobody there)`;
  const startedMs = performance.now();
  if (!signal(pid, how === 'kill' ? 'SIGKILL' : 'SIGSTOP')) return `${fault} (was gone)`;
  if (how === 'stop') {
    await sleep(STOPPED_MS);
    signal(pid, 'SIGCONT');
  } else if (kind === 'server') {
    await untilAnswered(target);
    recoveriesMs.push(performance.now() - startedMs);
  }
  return note(fault);
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** A run of its own, or the one that is active: a start whose answer was lost has started one. */
async function startRun(target: Installation): Promise<string> {
  for (;;) {
    const { status, body } = await ask(target, '/runs', { candidates: drawCandidates() });
    const { run_id: runId, error } = body as { run_id?: string; error?: { activeRunId?: string } };
    if (status === 202 && runId !== undefined) return runId;
    if (error?.activeRunId !== undefined) return error.activeRunId;
    await sleep(100);
  }
}

/** Other seeds each time, so that now and then one wins and is promoted. */
function drawCandidates(): object[] {
  const settings = { maxLength: 32, batchSize: 16, learningRate: 0.01 };
  return ['a', 'b'].map((name) => ({
    name,
    recipe: 'head',
    seed: Math.floor(Math.random() * 1e6),
    settings,
  }));
}

async function untilRunEnds(runId: string): Promise<string | undefined> {
  const deadline = Date.now() + RUN_ENDS_MS;
  while (Date.now() < deadline) {
    const row = await retried(() =>
      installation.database.db
        .selectFrom('pipeline_runs')
        .select('status')
        .where('id', '=', runId)
        .executeTakeFirstOrThrow(),
    );
    if (row.status !== 'active') return row.status;
    await sleep(50);
  }
  return undefined;
}

async function untilAnswered(target: Installation): Promise<void> {
  const deadline = Date.now() + RUN_ENDS_MS;
  while ((await predict(target)) === undefined) {
    if (Date.now() > deadline) throw new Error(`no prediction is answered: ${target.lastWords()}`);
    await sleep(20);
  }
}

async function sendPredictions(target: Installation): Promise<void> {
  while (!stopping.signal.aborted) {
    const id = await predict(target);
    if (id !== undefined) {
      if (answered.has(id)) doubled += 1;
      answered.set(id, Date.now());
    }
    await sleep(50);
  }
}

async function predict(target: Installation): Promise<string | undefined> {
  const { status, body } = await ask(target, '/predict', { title: 'Lamp', description: 'a lovely lamp' });
  return status === 200 ? (body as { prediction_id?: string }).prediction_id : undefined;
}

async function ask(
  target: Installation,
  where: string,
  body: unknown,
): Promise<{ status: number; body: unknown }> {
  try {
    const response = await fetch(`${target.url}${where}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    return { status: response.status, body: await response.json() };
  } catch {
    return { status: 0, body: {} };
  }
}

/** While PostgreSQL starts again nothing can be said. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (thrown) {
      if (tries > 300 || !(isConnectionLost(thrown) || /starting up|recovery/.test(String(thrown))))
        throw thrown;
      await sleep(100);
    }
  }
}

async function summarise(target: Installation): Promise<string> {
  const { db } = target.database;
  const runs = await db
    .selectFrom('pipeline_runs')
    .select(['status', (e) => e.fn.countAll<number>().as('count')])
    .groupBy('status')
    .execute();
  const stored = new Set((await db.selectFrom('predictions').select('id').execute()).map(({ id }) => id));
  const faults = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const total = faults.reduce((sum, [, count]) => sum + count, 0);
  const mean = recoveriesMs.reduce((sum, ms) => sum + ms, 0) / Math.max(1, recoveriesMs.length);
  return [
    `${backend}: ${done} rounds, ${total} faults (${faults.map(([name, count]) => `${name} ${count}`).join(', ')}), ${broken.length} broken`,
    `runs: ${runs.map(({ status, count }) => `${count} ${status}`).join(', ')}`,
    `predictions: ${answered.size} answered, ${[...answered.keys()].filter((id) => !stored.has(id)).length} of them not stored`,
    `from the kill of a server to the next answer: ${Math.round(mean)} ms on average over ${recoveriesMs.length}`,
  ].join('\n');
}
