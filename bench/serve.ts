/**
 * Serving beside the reference (gunicorn with two workers, PyTorch) and beside the raw sessions, on the same
 * cores, texts and model:
 * npm run bench:serve
 *
 *   The reference, our server in int8 and fp32 (count 1, cache off) and the raw sessions all stand open, and
 *   each round measures them one after the other in slices of seconds. Ratios are taken within a round and
 *   their median counts: whatever else the machine does for longer than a round strikes both sides of a
 *   ratio.
 *
 *   The texts are in a drawn order, the same in every run, and each subject goes on where its last slice
 *   ended. In the order of the files the first hundreds are longer than the rest (86 tokens on average
 *   against 75 over all): a slice that began there gave a slow server longer texts than a fast one, and both
 *   longer ones than the raw sessions, which walk over all of them.
 *
 * Options: --quick (short rounds, to try the bench), --threads (sessions x threads and batch sizes of the raw
 * sessions only), --no-reference, --traces (what OpenTelemetry costs: servers with and without it in turns).
 * Limits: int8 answers 3 times and fp32 1.7 times as many requests a second as gunicorn with PyTorch, for
 * less would not be worth leaving Python; and HTTP, queue and writing keep 85 % of what the bare sessions
 * score. Exit code 1 when one is missed. Needs the reviews and products of bench/README.md and, without
 * --no-reference, python3 with venv.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { createRandom } from '../src/core/random.ts';
import { classifierText } from '../src/core/classifier-text.ts';
import { chooseThreadCounts } from '../src/serving/index.ts';
import { readOptions } from './read-options.ts';
import { openOurServer, openReferenceServer, runLoad, type RunningServer } from './serve/processes.ts';
import { trainBenchModel } from './serve/model.ts';
import { openRawSessions, type RawSessions } from './serve/raw-sessions.ts';
import { readProducts } from './serve/texts.ts';
import { compareTraces } from './serve/traces.ts';

const LIMITS = { int8Ratio: 3, fp32Ratio: 1.7, httpToRaw: 0.85 };
const RAW_BATCHES = [1, 2, 4, 8, 16];
/** Raw batches tried in each round: around the best on the machines we know. */
const ROUND_BATCHES = [2, 4, 8];

const options = readOptions(import.meta.url, {
  quick: { type: 'boolean', default: false },
  threads: { type: 'boolean', default: false },
  'no-reference': { type: 'boolean', default: false },
  traces: { type: 'boolean', default: false },
});
const { quick } = options;
const withReference = !options['no-reference'];
const ROUNDS = quick ? 3 : 9;
const WARM_UP_MS = 400;
/**
 * Load before the first round: until V8 has compiled what serves, some 2,000 requests, an answer costs up to
 * 0.6 ms more.
 */
const SERVER_WARM_UP_MS = 15_000;
const DURATION_MS = quick ? 1000 : 2000;
/** Rounds in which 1 and 16 connections and the default request are measured as well. */
const WHOLE_ROUNDS = quick ? 1 : 3;

type Precision = 'int8' | 'fp32';
type Subject = Precision | 'reference';

/** Texts per second by batch size. */
type RawRates = Map<number, number>;

interface Measured {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  failures: number;
}

const ORDER_SEED = 1;
const products = createRandom(ORDER_SEED).shuffle(await readProducts());
if (options.threads) {
  await compareThreads(await trainBenchModel(), products.map(classifierText));
} else if (options.traces) {
  await compareTraces(await trainBenchModel(), products, { rounds: ROUNDS, durationMs: DURATION_MS });
} else {
  process.exitCode = await compare(products, await trainBenchModel());
}

async function compare(
  list: readonly { title: string; description: string }[],
  modelDirectory: string,
): Promise<number> {
  const { sessions, threadsPerSession } = chooseThreadCounts({ threads: 0, threadsPerSession: 0 });
  console.log(
    `${list.length} distinct texts; ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}); ours: ${sessions} sessions of ${threadsPerSession} thread(s)`,
  );
  const bodies = list.map((product) => JSON.stringify({ ...product, count: 1 }));
  const defaults = list.map((product) => JSON.stringify(product));
  const texts = list.map(classifierText);
  const measured = new Map<string, Measured[]>();
  const sentTo = new Map<string, number>();
  const raw = new Map<Precision, RawRates[]>();
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-bench-serve-'));
  await chmod(folder, 0o755);

  const measure = async (name: string, url: string, connections: number, sent: string[]): Promise<void> => {
    const result = await runLoad({
      url: `${url}/predict`,
      connections,
      warmUpMs: WARM_UP_MS,
      durationMs: DURATION_MS,
      bodies: sent,
      first: sentTo.get(name) ?? 0,
    });
    sentTo.set(name, (sentTo.get(name) ?? 0) + result.sent);
    const sorted = result.latenciesMs.toSorted((a, b) => a - b);
    const failures = Object.values(result.failures).reduce((sum, count) => sum + count, 0);
    measured.set(`${name} ${connections}`, [
      ...(measured.get(`${name} ${connections}`) ?? []),
      {
        perSecond: result.answers / (result.elapsedMs / 1000),
        p50Ms: quantile(sorted, 0.5),
        p99Ms: quantile(sorted, 0.99),
        failures,
      },
    ]);
  };
  const opened: { close(): Promise<void> }[] = [];
  const keep = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const resource = await opening;
    opened.push(resource);
    return resource;
  };
  try {
    const servers = new Map<Subject, RunningServer>();
    const rawSessions = new Map<Precision, RawSessions>();
    if (withReference) servers.set('reference', await keep(openReferenceServer(modelDirectory)));
    for (const precision of ['int8', 'fp32'] as const) {
      const layout = { modelDirectory, precision, sessions, threadsPerSession };
      servers.set(precision, await keep(openOurServer({ ...layout, varDir: path.join(folder, precision) })));
      rawSessions.set(precision, await keep(openRawSessions({ ...layout, texts })));
    }
    for (const [, server] of servers)
      await runLoad({
        url: `${server.url}/predict`,
        connections: 64,
        warmUpMs: 0,
        durationMs: SERVER_WARM_UP_MS,
        bodies,
      });
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [subject, server] of servers) {
        await measure(subject, server.url, 64, bodies);
        const sessionsOfSubject = subject === 'reference' ? undefined : rawSessions.get(subject);
        if (sessionsOfSubject !== undefined && subject !== 'reference')
          raw.set(subject, [...(raw.get(subject) ?? []), await measureRaw(sessionsOfSubject)]);
      }
      if (round >= WHOLE_ROUNDS) continue;
      for (const [subject, server] of servers)
        for (const connections of [1, 16]) await measure(subject, server.url, connections, bodies);
      const int8 = servers.get('int8');
      if (int8 !== undefined) await measure('default request', int8.url, 16, defaults);
    }
  } finally {
    for (const resource of opened.toReversed()) await resource.close();
    await rm(folder, { recursive: true, force: true });
  }
  return report(measured, raw);
}

async function measureRaw(sessions: RawSessions): Promise<RawRates> {
  const rates: RawRates = new Map();
  for (const batch of ROUND_BATCHES) {
    await sessions.measure(batch, WARM_UP_MS / 4);
    rates.set(batch, await sessions.measure(batch, DURATION_MS / 2));
  }
  return rates;
}

/**
 * Rates by round of the batch size with the best median: the best of every round would be the best of its
 * noise.
 */
function bestOf(rounds: readonly RawRates[]): number[] {
  const bySize = ROUND_BATCHES.map((batch) => rounds.map((rates) => rates.get(batch) ?? Number.NaN));
  return bySize.toSorted((a, b) => medianOf(b) - medianOf(a))[0] ?? [];
}

function medianOf(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function report(measured: ReadonlyMap<string, Measured[]>, raw: ReadonlyMap<Precision, RawRates[]>): number {
  const median = (name: string, field: keyof Measured): number =>
    medianOf((measured.get(name) ?? []).map((entry) => entry[field]));
  console.log('\n                          answers/s     p50 ms     p99 ms   failures');
  for (const name of measured.keys()) {
    const space = name.lastIndexOf(' ');
    const subject = name.slice(0, space);
    const connections = name.slice(space + 1);
    console.log(
      `${subject.padEnd(16)}${connections.padStart(3)} conn.${median(name, 'perSecond').toFixed(1).padStart(10)}${median(name, 'p50Ms').toFixed(1).padStart(11)}${median(name, 'p99Ms').toFixed(1).padStart(11)}${String(median(name, 'failures')).padStart(11)}`,
    );
  }
  const rawMedian = (precision: Precision): number => medianOf(bestOf(raw.get(precision) ?? []));
  for (const precision of ['int8', 'fp32'] as const)
    console.log(`raw sessions ${precision}     ${rawMedian(precision).toFixed(1).padStart(16)} texts/s`);

  const at64 = (subject: Subject): number[] =>
    (measured.get(`${subject} 64`) ?? []).map((entry) => entry.perSecond);
  /** Median over the rounds of the ratio within each. */
  const ratio = (above: readonly number[], below: readonly number[]): number =>
    medianOf(above.map((value, round) => value / (below[round] ?? Number.NaN)));
  const checks: [string, number, number][] = [
    ...(withReference
      ? ([
          ['int8 over reference, 64 connections', ratio(at64('int8'), at64('reference')), LIMITS.int8Ratio],
          ['fp32 over reference, 64 connections', ratio(at64('fp32'), at64('reference')), LIMITS.fp32Ratio],
          [
            "reference's p99 over int8's, 1 connection",
            median('reference 1', 'p99Ms') / median('int8 1', 'p99Ms'),
            1,
          ],
        ] satisfies [string, number, number][])
      : []),
    [
      'int8 over HTTP over raw sessions',
      ratio(at64('int8'), bestOf(raw.get('int8') ?? [])),
      LIMITS.httpToRaw,
    ],
    [
      'fp32 over HTTP over raw sessions',
      ratio(at64('fp32'), bestOf(raw.get('fp32') ?? [])),
      LIMITS.httpToRaw,
    ],
  ];
  console.log('');
  let missed = 0;
  for (const [name, value, limit] of checks) {
    const holds = value >= limit;
    if (!holds) missed += 1;
    console.log(`${holds ? 'ok    ' : 'MISSED'} ${name.padEnd(44)} ${value.toFixed(2)}  (at least ${limit})`);
  }
  const failures = [...measured.values()].flat().reduce((sum, entry) => sum + entry.failures, 0);
  if (failures > 0) console.log(`MISSED ${failures} requests were not answered with 200`);
  return missed + failures === 0 ? 0 : 1;
}

/** Sessions x threads by batch size, for `serving.threads` and `serving.threadsPerSession`. */
async function compareThreads(modelDirectory: string, texts: string[]): Promise<void> {
  const cores = availableParallelism();
  const layouts = [
    [cores, 1],
    [1, cores],
    [cores, cores],
  ] as const;
  for (const precision of ['int8', 'fp32'] as const) {
    for (const [sessions, threadsPerSession] of layouts) {
      await using(
        openRawSessions({ modelDirectory, precision, sessions, threadsPerSession, texts }),
        async (raw) => {
          const rates: string[] = [];
          for (const batch of RAW_BATCHES) {
            await raw.measure(batch, WARM_UP_MS / 3);
            rates.push(`${batch}: ${(await raw.measure(batch, DURATION_MS)).toFixed(0)}`);
          }
          console.log(
            `${precision} ${sessions} sessions x ${threadsPerSession} threads, texts/s by batch   ${rates.join('   ')}`,
          );
        },
      );
    }
  }
}

async function using<T extends { close(): Promise<void> }, R>(
  opening: Promise<T>,
  body: (resource: T) => Promise<R>,
): Promise<R> {
  const resource = await opening;
  try {
    return await body(resource);
  } finally {
    await resource.close();
  }
}

function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
