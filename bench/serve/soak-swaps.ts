/** The champion changes again and again while requests come in. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad, type RunningServer } from './processes.ts';
import type { Product } from './texts.ts';
import { checkMemory, readMemory, readMetric } from './watch.ts';

const CONNECTIONS = 64;
const SLICE_MS = 10_000;
/** Texts on which the two models differ by less say little about which of them answered. */
const LEAST_DIFFERENCE = 0.15;
/** With fewer the soak shows nothing. */
const LEAST_TEXTS = 50;
const FOLLOW_WITHIN_MS = 120_000;

/** @returns what was missed, in words */
export async function soakSwaps(
  { url }: RunningServer,
  products: readonly Product[],
  swaps: number,
): Promise<string[]> {
  const scores = new Map<number, number[]>();
  for (const version of [2, 1]) {
    await setChampion(url, version);
    await until(() => serves(url, version));
    scores.set(version, await scoreAll(url, products));
  }
  const told = products.flatMap((product, at) => {
    const [first = 0, second = 0] = [scores.get(1)?.[at], scores.get(2)?.[at]];
    return Math.abs(first - second) < LEAST_DIFFERENCE ? [] : [{ product, scores: [first, second] as const }];
  });
  const expected = {
    1: told.map((one) => one.scores[0]),
    2: told.map((one) => one.scores[1]),
  };
  if (told.length < LEAST_TEXTS)
    throw new Error(`the two models differ on ${told.length} texts only, fewer than ${LEAST_TEXTS}`);
  const bodies = told.map(({ product }) => JSON.stringify({ ...product, count: 1 }));
  const unloadedBefore = await readMetric(url, 'copyloop_model_loads_total{result="unloaded"}');

  const misses: string[] = [];
  const memory: number[] = [];
  let done = 0;
  let isOver = false;
  let answers = 0;
  let wrong = 0;
  const swapAll = async (): Promise<void> => {
    for (; done < swaps; done += 1) {
      const version = 2 - (done % 2);
      await setChampion(url, version);
      await until(() => serves(url, version));
      await until(
        async () =>
          (await readMetric(url, 'copyloop_model_loads_total{result="unloaded"}')) > unloadedBefore + done,
      );
      memory.push(await readMemory(url));
      if ((done + 1) % 10 === 0)
        console.log(
          `swaps     ${done + 1} of ${swaps}: ${answers} answers, ${((memory.at(-1) ?? 0) / 2 ** 20).toFixed(0)} MiB, of it heap ${((await readMetric(url, 'copyloop_nodejs_heap_size_total_bytes')) / 2 ** 20).toFixed(0)}, external ${((await readMetric(url, 'copyloop_nodejs_external_memory_bytes')) / 2 ** 20).toFixed(0)}`,
        );
    }
    isOver = true;
  };
  const load = async (): Promise<void> => {
    while (!isOver) {
      const result = await runLoad({
        url: `${url}/predict`,
        connections: CONNECTIONS,
        warmUpMs: 0,
        durationMs: SLICE_MS,
        bodies,
        expected,
      });
      answers += result.answers;
      wrong += result.wrong;
      for (const [status, count] of Object.entries(result.failures))
        misses.push(`swaps: ${count} requests ended with ${status}`);
    }
  };
  await Promise.all([swapAll(), load()]);
  console.log(
    `swaps     ${done} under ${CONNECTIONS} connections, ${answers} answers on ${bodies.length} texts, ${wrong} with another version's score`,
  );
  if (wrong > 0) misses.push(`swaps: ${wrong} answers do not have the score of the version that they name`);
  return [...misses, ...checkMemory('swaps', memory)];
}

async function serves(url: string, version: number): Promise<boolean> {
  return (await readMetric(url, 'copyloop_served_model_version{alias="champion"}')) === version;
}

async function scoreAll(url: string, products: readonly Product[]): Promise<number[]> {
  const response = await fetch(`${url}/batch_predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ items: products, count: 1 }),
  });
  if (!response.ok) throw new Error(`the texts could not be scored: ${await response.text()}`);
  const { data } = (await response.json()) as { data: { confidence_score: number }[] };
  return data.map((creative) => creative.confidence_score);
}

async function setChampion(url: string, version: number): Promise<void> {
  const response = await fetch(`${url}/api/2.0/mlflow/registered-models/alias`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'copy-quality', alias: 'champion', version: String(version) }),
  });
  if (!response.ok) throw new Error(`the alias could not be moved: ${await response.text()}`);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + FOLLOW_WITHIN_MS;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error('the server did not follow within two minutes');
    await sleep(50);
  }
}
