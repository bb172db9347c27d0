/**
 * How time grows with the size of what is read: for texts from outside it may at most double and a bit where
 * the size doubles.
 */
const ROUNDS = 5;
/**
 * Shorter times say nothing of growth; whoever is quadratic takes seconds at the sizes that these tests use.
 */
const FLOOR_MS = 5;

/**
 * Time of `run(2 * size)` over that of `run(size)`, each the quickest of some rounds. What `run` throws is
 * what it answers.
 */
export async function measureGrowth(run: (size: number) => unknown, size: number): Promise<number> {
  const once = await quickest(run, size);
  const twice = await quickest(run, 2 * size);
  return Math.max(twice, FLOOR_MS) / Math.max(once, FLOOR_MS);
}

async function quickest(run: (size: number) => unknown, size: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedMs = performance.now();
    try {
      await run(size);
    } catch {
      // Refusing is an answer too.
    }
    best = Math.min(best, performance.now() - startedMs);
  }
  return best;
}
