/**
 * Serving for long, outside the tests: npm run bench:soak -- [--only swaps|overload] [--swaps 100]
 * [--overload-minutes 10]
 *
 *   swaps     the champion changes under 64 connections, between two models that agree on no text: no failed
 *             request, every score is that of the version that the answer names, memory flat
 *   overload  requests at twice the measured capacity: every answer is 200 or 429, the p99 of the 200s is
 *             bounded by the queue's limit, memory is flat, and a lone request is answered within a second of
 *             its end
 *
 * Flat: the median of the last third of the readings is at most 5 % over that of the middle third. The first
 * third is left out, for it holds what grows once. Ends with exit code 1 when something is missed. Needs the
 * reviews and products of bench/README.md.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chooseThreadCounts } from '../src/serving/index.ts';
import { readOptions } from './read-options.ts';
import { trainBenchModel } from './serve/model.ts';
import { openOurServer } from './serve/processes.ts';
import { soakOverload } from './serve/soak-overload.ts';
import { soakSwaps } from './serve/soak-swaps.ts';
import { readProducts } from './serve/texts.ts';

const values = readOptions(import.meta.url, {
  only: { type: 'string' },
  swaps: { type: 'string', default: '100' },
  'overload-minutes': { type: 'string', default: '10' },
});

/** Some hundred requests: what waits at the limit is worked off in about two seconds. */
const MAX_QUEUE_TOKENS = 32_768;

const products = await readProducts();
const modelDirectory = await trainBenchModel();
const otherModels = [await trainBenchModel('opposite')];
const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-soak-'));
await chmod(folder, 0o755);
const misses: string[] = [];
try {
  // A server of its own for each, so that neither soak hides in the memory of the other.
  for (const soak of ['swaps', 'overload'] as const) {
    if (values.only !== undefined && values.only !== soak) continue;
    const server = await openOurServer({
      modelDirectory,
      otherModels,
      precision: 'int8',
      varDir: path.join(folder, soak),
      ...chooseThreadCounts({ threads: 0, threadsPerSession: 0 }),
      maxQueueTokens: MAX_QUEUE_TOKENS,
    });
    try {
      if (soak === 'swaps') misses.push(...(await soakSwaps(server, products, Number(values.swaps))));
      else {
        misses.push(
          ...(await soakOverload(server, products, {
            minutes: Number(values['overload-minutes']),
            maxQueueTokens: MAX_QUEUE_TOKENS,
          })),
        );
      }
    } finally {
      await server.close();
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
for (const miss of misses) console.log(`MISSED ${miss}`);
process.exitCode = misses.length === 0 ? 0 : 1;
