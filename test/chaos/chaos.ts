/**
 * Chaos: runs and predictions while processes are killed, stopped or cut from the network for longer than a
 * lock lasts, find their disk full or their clock put off, and Redis fails over. After each round every run
 * has ended and what must hold does (invariants.ts); of the predictions that were answered only those may be
 * missing that a killed server had not stored yet.
 *
 *     npm run build && npm run chaos -- --backend redis --rounds 50 [--faults 3] [--seconds 600] [--seed 7]
 *
 * Round n of seed s hurts what the first round of seed s + n - 1 does. Ends with 1 when something was broken,
 * and says what.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sleep } from '../../src/core/clock.ts';
import { createRandom } from '../../src/core/random.ts';
import { isConnectionLost } from '../../src/db/index.ts';
import {
  drawCandidates,
  openInstallation,
  VICTIM_KINDS,
  type Backend,
  type Installation,
  type VictimKind,
} from './installation.ts';
import { findBroken } from './invariants.ts';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'postgres' },
    rounds: { type: 'string', default: '5' },
    faults: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const backend: Backend = values.backend === 'redis' ? 'redis' : 'postgres';
const rounds = Number(values.rounds);
const faultsOfRound = Number(values.faults);
const seed = Number(values.seed);
let random = createRandom(seed);
let endsMs = Date.now() + Number(values.seconds) * 1000;
/** Longer than the lock of a job, so that somebody else takes it over. */
const STOPPED_MS = 5000;
const DISK_FULL_MS = 2000;
const CUT_MS = 6000;
const CLOCK_OFF_MS = 3000;
const MAX_CLOCK_STEP_SECONDS = 7200;
/**
 * A run that has come nowhere new for this long is stuck. That a whole run takes longer says nothing: the
 * machine may be slow. Far more than any pause of the settings, such as the lock of a queue job.
 */
const STUCK_MS = 120_000;
const ANSWERED_MS = 300_000;
/**
 * What docs/architecture.md promises of a server that is killed, where it gets a core when it asks for one.
 */
const MAX_LOST_MS = 1000;

const counts = new Map<string, number>();
const recoveriesMs: number[] = [];
/** By id. Of a busy machine, an answer may be read after the server that gave it was killed. */
const answered = new Map<string, { sentMs: number; atMs: number }>();
/** `slowness`: how many times longer work took then than on a machine with a core to spare. */
const serverKills: { atMs: number; slowness: number }[] = [];
/** While a server was stopped or PostgreSQL away, nothing could be stored. */
const pauses: { fromMs: number; toMs: number }[] = [];
let doubled = 0;
let broken: string[] = [];
let done = 0;

const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-chaos-'));
// As root, PostgreSQL runs as a user of its own and has to get in.
await chmod(folder, 0o755);
const installation = await openInstallation(folder, backend);
const stopping = new AbortController();
// After this round, with what was found.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => (endsMs = 0));
try {
  await untilRunEnds(await startRun(installation));
  await untilAnswered(installation);
  const load = sendPredictions(installation);
  for (; done < rounds && (done === 0 || Date.now() < endsMs) && broken.length === 0; done += 1) {
    random = createRandom(seed + done);
    // Now and then the same as before, so that stages with nothing to do are met too.
    if (random.chance(0.75)) await installation.renewRows(seed + done);
    const runId = await startRun(installation);
    const applied: string[] = [];
    for (let fault = 0; fault < faultsOfRound; fault += 1) {
      await sleep(random.next() * 2500);
      applied.push(await applyFault(installation));
    }
    const status = await untilRunEnds(runId);
    broken = [
      ...(status === undefined
        ? [
            `run ${runId} has come nowhere new for ${STUCK_MS / 1000} s: ${JSON.stringify(await retried(() => readStages(runId)))}`,
          ]
        : []),
      ...(await retried(() => findBroken(installation.database.db))),
      ...(await retried(describeLost)),
      ...(doubled > 0 ? [`${doubled} predictions were answered under an id that was given before`] : []),
    ];
    console.log(
      `round ${done + 1} (seed ${seed + done}): ${applied.join(', ')}: run ${status ?? 'active'}${broken.map((one) => `\n  ${one}`).join('')}`,
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

/** One drawn fault; another where there is nobody just now whom it could hurt. */
async function applyFault(target: Installation): Promise<string> {
  const kinds = VICTIM_KINDS.filter((kind) => kind !== 'redis' || backend === 'redis');
  const { fillDisk, cutNetwork, stepClock, failOverRedis } = target;
  const faults: (() => Promise<string | undefined>)[] = [
    ...kinds.map((kind) => async () => await killOne(target, kind)),
    ...kinds
      .filter((kind) => kind !== 'training' && kind !== 'postgres')
      .map((kind) => async () => await stopOne(target, kind)),
    async () => {
      const mend = cutNetwork();
      await sleep(CUT_MS);
      const how = random.chance(0.5) ? 'resume' : 'reset';
      mend(how);
      return `cut network, ${how}`;
    },
  ];
  if (fillDisk !== undefined)
    faults.push(async () => {
      const makeRoom = await fillDisk();
      await sleep(DISK_FULL_MS);
      await makeRoom();
      return 'fill disk';
    });
  if (stepClock !== undefined)
    faults.push(async () => {
      stepClock(Math.round((random.next() * 2 - 1) * MAX_CLOCK_STEP_SECONDS));
      await sleep(CLOCK_OFF_MS);
      stepClock(0);
      return 'step clock';
    });
  if (failOverRedis !== undefined)
    faults.push(async () => {
      failOverRedis();
      return 'fail over redis';
    });
  for (;;) {
    const name = await random.pick(faults)();
    if (name === undefined) continue;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return name;
  }
}

async function killOne(target: Installation, kind: VictimKind): Promise<string | undefined> {
  const pid = target.findVictim(kind, random);
  const startedMs = Date.now();
  if (pid === undefined || !signal(pid, 'SIGKILL')) return undefined;
  if (kind === 'server') {
    // Where four programs wait for each core, a second's work takes four.
    const slowness = Math.max(1, Math.max(...loadavg().slice(0, 2)) / availableParallelism());
    serverKills.push({ atMs: Date.now(), slowness });
    await untilAnswered(target);
    recoveriesMs.push(Date.now() - startedMs);
  }
  if (kind === 'postgres') {
    await retried(() => installation.database.db.selectFrom('pipeline_runs').select('id').limit(1).execute());
    pauses.push({ fromMs: startedMs, toMs: Date.now() });
  }
  return `kill ${kind}`;
}

async function stopOne(target: Installation, kind: VictimKind): Promise<string | undefined> {
  const pid = target.findVictim(kind, random);
  if (pid === undefined || !signal(pid, 'SIGSTOP')) return undefined;
  const fromMs = Date.now();
  await sleep(STOPPED_MS);
  signal(pid, 'SIGCONT');
  if (kind === 'server') pauses.push({ fromMs, toMs: Date.now() });
  return `stop ${kind}`;
}

/** How long before the kill of a server what is missing was answered; pauses do not count. */
async function findLost(): Promise<{ ms: number; slowness: number }[]> {
  const newest = serverKills.at(-1);
  if (newest === undefined) return [];
  const rows = await installation.database.db.selectFrom('predictions').select('id').execute();
  const stored = new Set(rows.map(({ id }) => id));
  const missing = [...answered].filter(([id, { sentMs }]) => sentMs <= newest.atMs && !stored.has(id));
  return missing.map(([, { sentMs, atMs: readMs }]) => {
    const { atMs: killedMs, slowness } = serverKills.find((kill) => kill.atMs >= sentMs) ?? newest;
    const atMs = Math.min(readMs, killedMs);
    const overlaps = pauses.map(({ fromMs, toMs }) => Math.min(toMs, killedMs) - Math.max(fromMs, atMs));
    return { ms: killedMs - atMs - overlaps.reduce((sum, ms) => sum + Math.max(0, ms), 0), slowness };
  });
}

async function describeLost(): Promise<string[]> {
  const late = (await findLost()).filter(({ ms, slowness }) => ms > MAX_LOST_MS * slowness);
  const [worst] = late.toSorted((a, b) => b.ms - a.ms);
  return worst === undefined
    ? []
    : [
        `${late.length} predictions are missing, one was answered ${worst.ms} ms before a kill, when work took ${worst.slowness.toFixed(1)} times as long`,
      ];
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
    const { status, body } = await ask(target, '/runs', { candidates: drawCandidates(['a', 'b']) });
    const { run_id: runId, error } = body as { run_id?: string; error?: { activeRunId?: string } };
    if (status === 202 && runId !== undefined) return runId;
    if (error?.activeRunId !== undefined) return error.activeRunId;
    await sleep(100);
  }
}

/** @returns undefined when the run is stuck, also in attempts that come no further one after the other */
async function untilRunEnds(runId: string): Promise<string | undefined> {
  const seen = new Set<string>();
  let movedMs = Date.now();
  while (Date.now() - movedMs < STUCK_MS) {
    const { status } = await retried(() =>
      installation.database.db
        .selectFrom('pipeline_runs')
        .select('status')
        .where('id', '=', runId)
        .executeTakeFirstOrThrow(),
    );
    if (status !== 'active') return status;
    const stages = await retried(() => readStages(runId));
    const now = JSON.stringify(stages, ['stage', 'candidate', 'status', 'progress', 'fraction']);
    if (!seen.has(now)) movedMs = Date.now();
    seen.add(now);
    await sleep(50);
  }
  return undefined;
}

/** Where the run is: its stages, with their attempts and how far each has come. */
async function readStages(runId: string) {
  return await installation.database.db
    .selectFrom('stage_states')
    .select(['stage', 'candidate', 'status', 'attempts', 'progress', 'worker_id'])
    .where('run_id', '=', runId)
    .orderBy('stage')
    .orderBy('candidate')
    .execute();
}

async function untilAnswered(target: Installation): Promise<void> {
  const deadline = Date.now() + ANSWERED_MS;
  while ((await predict(target)) === undefined) {
    if (Date.now() > deadline) throw new Error(`no prediction is answered: ${target.lastWords()}`);
    await sleep(20);
  }
}

async function sendPredictions(target: Installation): Promise<void> {
  while (!stopping.signal.aborted) {
    const sentMs = Date.now();
    const id = await predict(target);
    if (id !== undefined) {
      if (answered.has(id)) doubled += 1;
      answered.set(id, { sentMs, atMs: Date.now() });
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
  const lostMs = (await findLost()).map(({ ms }) => ms);
  const faults = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const total = faults.reduce((sum, [, count]) => sum + count, 0);
  const mean = recoveriesMs.reduce((sum, ms) => sum + ms, 0) / Math.max(1, recoveriesMs.length);
  return [
    `${backend}: ${done} rounds, ${total} faults (${faults.map(([name, count]) => `${name} ${count}`).join(', ')}), ${broken.length} broken`,
    `runs: ${runs.map(({ status, count }) => `${count} ${status}`).join(', ')}`,
    `predictions: ${answered.size} answered, ${lostMs.length} of them lost by kills of the server, the oldest ${Math.max(0, ...lostMs)} ms before one`,
    `from the kill of a server to the next answer: ${Math.round(mean)} ms on average over ${recoveriesMs.length}`,
  ].join('\n');
}
