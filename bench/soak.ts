/**
 * Serving for long, outside the tests: npx tsx bench/soak.ts [--swaps 100] [--overload-minutes 10]
 *
 *   swaps     the champion changes under 64 connections: no failed request, memory flat
 *   overload  requests at twice the measured capacity: every answer is 200 or 429, the p99 of the 200s is bounded by the queue's limit,
 *             memory is flat, and a lone request is quick again within a second
 *
 * Ends with exit code 1 when something is missed.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chooseThreadCounts } from '../src/server/inference/index.ts';
import { trainBenchModel } from './serve/model.ts';
import { openOurServer, runLoad, type RunningServer } from './serve/processes.ts';
import { readProducts } from './serve/texts.ts';

const { values } = parseArgs({
  options: {
    swaps: { type: 'string', default: '100' },
    'overload-minutes': { type: 'string', default: '10' },
  },
});
const swaps = Number(values.swaps);
const overloadMs = Number(values['overload-minutes']) * 60_000;

/** Some hundred requests: what waits at the limit is worked off in about two seconds. */
const MAX_QUEUE_TOKENS = 32_768;
const CONNECTIONS = 64;
const MEMORY_GROWTH = 1.15;
const MIB = 2 ** 20;
/** A text of the reviews has about this many tokens: for the bound on waiting only. */
const TOKENS_PER_TEXT = 75;

const products = await readProducts();
const bodies = (products ?? [{ title: 'Lamp', description: 'a lovely bright lamp' }]).map((product) =>
  JSON.stringify({ ...product, count: 1 }),
);
const modelDirectory = await trainBenchModel();
const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-soak-'));
await chmod(folder, 0o755);
const misses: string[] = [];
try {
  const server = await openOurServer({
    modelDirectory,
    precision: 'int8',
    varDir: path.join(folder, 'var'),
    ...chooseThreadCounts({ threads: 0, threadsPerSession: 0 }),
    maxQueueTokens: MAX_QUEUE_TOKENS,
    versions: 2,
  });
  try {
    if (swaps > 0) await soakSwaps(server);
    if (overloadMs > 0) await soakOverload(server);
  } finally {
    await server.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
for (const miss of misses) console.log(`MISSED ${miss}`);
process.exitCode = misses.length === 0 ? 0 : 1;

async function soakSwaps({ url }: RunningServer): Promise<void> {
  let done = 0;
  let answers = 0;
  const memory: number[] = [];
  const swapAll = async (): Promise<void> => {
    for (; done < swaps; done += 1) {
      const version = 2 - (done % 2);
      await setChampion(url, version);
      await until(
        async () => (await readMetric(url, 'copyloop_served_model_version{alias="champion"}')) === version,
      );
      await until(
        async () => (await readMetric(url, 'copyloop_model_loads_total{result="unloaded"}')) > done,
      );
      memory.push(await readMetric(url, 'copyloop_process_resident_memory_bytes'));
    }
  };
  const load = async (): Promise<void> => {
    while (done < swaps) {
      const result = await runLoad({
        url: `${url}/predict`,
        connections: CONNECTIONS,
        warmUpMs: 0,
        durationMs: 10_000,
        bodies,
      });
      answers += result.answers;
      const failed = Object.entries(result.failures);
      if (failed.length > 0)
        misses.push(`swaps: ${failed.map(([status, n]) => `${n} x ${status}`).join(', ')}`);
    }
  };
  await Promise.all([swapAll(), load()]);
  checkMemory('swaps', memory);
  console.log(`swaps     ${done} under ${CONNECTIONS} connections, ${answers} answers`);
}

async function soakOverload({ url }: RunningServer): Promise<void> {
  const target = `${url}/predict`;
  const calm = await runLoad({
    url: target,
    connections: CONNECTIONS,
    warmUpMs: 2000,
    durationMs: 10_000,
    bodies,
  });
  const capacity = calm.answers / (calm.elapsedMs / 1000);
  const memory: number[] = [];
  const slices = Math.max(1, Math.round(overloadMs / 30_000));
  let answers = 0;
  let refused = 0;
  let slowestP99 = 0;
  for (let slice = 0; slice < slices; slice += 1) {
    const result = await runLoad({
      url: target,
      connections: 1024,
      warmUpMs: 0,
      durationMs: Math.min(30_000, overloadMs),
      bodies,
      requestsPerSecond: 2 * capacity,
    });
    answers += result.answers;
    refused += result.failures['429'] ?? 0;
    const others = Object.entries(result.failures).filter(([status]) => status !== '429');
    if (others.length > 0)
      misses.push(`overload: ${others.map(([status, n]) => `${n} x ${status}`).join(', ')}`);
    const sorted = result.latenciesMs.toSorted((a, b) => a - b);
    slowestP99 = Math.max(slowestP99, sorted[Math.floor(sorted.length * 0.99)] ?? 0);
    memory.push(await readMetric(url, 'copyloop_process_resident_memory_bytes'));
  }
  const startedMs = performance.now();
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: bodies[0] ?? '',
  });
  const recoveryMs = performance.now() - startedMs;
  // What waits at the limit, worked off at the capacity just measured, and as much again for the noise of a shared machine.
  const boundMs = 2 * ((1000 * MAX_QUEUE_TOKENS) / TOKENS_PER_TEXT / capacity);
  console.log(
    `overload  ${answers} answered, ${refused} refused with 429, at twice ${capacity.toFixed(0)}/s; p99 ${slowestP99.toFixed(0)} ms (bound ${boundMs.toFixed(0)} ms); first request after it ${recoveryMs.toFixed(0)} ms`,
  );
  if (refused === 0) misses.push('overload: nothing was refused, so it was no overload');
  if (slowestP99 > boundMs)
    misses.push(`overload: p99 ${slowestP99.toFixed(0)} ms over ${boundMs.toFixed(0)} ms`);
  if (!response.ok || recoveryMs > 1000)
    misses.push(`overload: ${response.status} after ${recoveryMs.toFixed(0)} ms`);
  checkMemory('overload', memory);
}

/** The last quarter of the readings beside the second: the first holds what grows once. */
function checkMemory(name: string, readings: readonly number[]): void {
  const quarter = Math.floor(readings.length / 4);
  if (quarter === 0) return;
  const mean = (part: readonly number[]): number => part.reduce((sum, value) => sum + value, 0) / part.length;
  const early = mean(readings.slice(quarter, 2 * quarter));
  const late = mean(readings.slice(-quarter));
  console.log(
    `${name.padEnd(9)} memory ${(early / MIB).toFixed(0)} MiB early, ${(late / MIB).toFixed(0)} MiB late`,
  );
  if (late > early * MEMORY_GROWTH)
    misses.push(`${name}: memory grew from ${(early / MIB).toFixed(0)} to ${(late / MIB).toFixed(0)} MiB`);
}

async function setChampion(url: string, version: number): Promise<void> {
  const response = await fetch(`${url}/api/2.0/mlflow/registered-models/alias`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'copy-quality', alias: 'champion', version: String(version) }),
  });
  if (!response.ok) throw new Error(`the alias could not be moved: ${await response.text()}`);
}

async function readMetric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.split(' ')[1] ?? 0);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + 120_000;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error('the server did not follow within two minutes');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
