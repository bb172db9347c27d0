/** Twice as many requests as the server can answer, for long. */
import { runLoad, type RunningServer } from './processes.ts';
import type { Product } from './texts.ts';
import { checkMemory, readMemory, readMetric } from './watch.ts';

const CALM_CONNECTIONS = 64;
const CALM_MS = 10_000;
/** Enough that what waits at the queue's limit leaves most of them free to be refused. */
const CONNECTIONS = 1024;
const SLICES = 18;
const RECOVERY_MS = 1000;

/** @returns what was missed, in words */
export async function soakOverload(
  { url }: RunningServer,
  products: readonly Product[],
  { minutes, maxQueueTokens }: { minutes: number; maxQueueTokens: number },
): Promise<string[]> {
  const target = `${url}/predict`;
  const bodies = products.map((product) => JSON.stringify({ ...product, count: 1 }));
  const calm = await runLoad({
    url: target,
    connections: CALM_CONNECTIONS,
    warmUpMs: 2000,
    durationMs: CALM_MS,
    bodies,
  });
  const capacity = calm.answers / (calm.elapsedMs / 1000);
  const tokensPerText =
    (await readMetric(url, 'copyloop_batch_tokens_sum')) /
    (await readMetric(url, 'copyloop_batch_texts_sum'));
  // What waits at the limit, worked off at the rate of these very seconds (a shared machine is not always as
  // fast), and as much again.
  const boundMs = (perSecond: number): number => (2 * 1000 * maxQueueTokens) / tokensPerText / perSecond;

  const misses: string[] = [];
  const memory: number[] = [];
  let answers = 0;
  let refused = 0;
  let slowestP99 = 0;
  for (let slice = 0; slice < SLICES; slice += 1) {
    const result = await runLoad({
      url: target,
      connections: CONNECTIONS,
      warmUpMs: 0,
      durationMs: (minutes * 60_000) / SLICES,
      bodies,
      requestsPerSecond: 2 * capacity,
    });
    answers += result.answers;
    refused += result.failures['429'] ?? 0;
    for (const [status, count] of Object.entries(result.failures))
      if (status !== '429') misses.push(`overload: ${count} requests ended with ${status}`);
    const sorted = result.latenciesMs.toSorted((a, b) => a - b);
    const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
    slowestP99 = Math.max(slowestP99, p99);
    const limitMs = boundMs(result.answers / (result.elapsedMs / 1000));
    if (p99 > limitMs) misses.push(`overload: p99 ${p99.toFixed(0)} ms over ${limitMs.toFixed(0)} ms`);
    memory.push(await readMemory(url));
    console.log(
      `overload  ${slice + 1} of ${SLICES}: ${answers} answered, ${refused} refused, p99 ${p99.toFixed(0)} ms (bound ${limitMs.toFixed(0)}), ${((memory.at(-1) ?? 0) / 2 ** 20).toFixed(0)} MiB`,
    );
  }
  const startedMs = performance.now();
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: bodies[0] ?? '',
  });
  const recoveryMs = performance.now() - startedMs;
  console.log(
    `overload  ${answers} answered, ${refused} refused with 429, at twice ${capacity.toFixed(0)}/s; slowest p99 ${slowestP99.toFixed(0)} ms; first request after it ${recoveryMs.toFixed(0)} ms`,
  );
  if (refused === 0) misses.push('overload: nothing was refused, so it was no overload');
  if (!response.ok || recoveryMs > RECOVERY_MS)
    misses.push(`overload: ${response.status} after ${recoveryMs.toFixed(0)} ms`);
  return [...misses, ...checkMemory('overload', memory)];
}
