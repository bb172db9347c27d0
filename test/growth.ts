/**
 * How time grows with the size of what is read: for texts from outside it may at most double and a bit where
 * the size doubles.
 */
/**
 * By the clock on the wall, or of the processor: that of this process alone, whatever else the machine does.
 */
type Time = 'wall' | 'processor';

const ROUNDS = 5;
/**
 * Shorter times say nothing of growth; whoever is quadratic takes seconds at the sizes that these tests use.
 */
const FLOOR_MS = 5;

/**
 * Time of `run(2 * size)` over that of `run(size)`, each the quickest of some rounds. What `run` throws is
 * what it answers.
 */
async function measureGrowth(
  run: (size: number) => unknown,
  size: number,
  time: Time = 'wall',
  rounds = ROUNDS,
): Promise<number> {
  const once = await quickest(run, size, time, rounds);
  const twice = await quickest(run, 2 * size, time, rounds);
  return Math.max(twice, FLOOR_MS) / Math.max(once, FLOOR_MS);
}

/**
 * Whether time grows faster than size, here and where the size is doubled, each time that it is measured: the
 * collector, or code that is compiled meanwhile, may make it look so.
 *
 * @param multiples of the size to measure at: 1 alone where texts of four times the size would be refused
 */
export async function isSteep(
  run: (size: number) => unknown,
  size: number,
  time?: Time,
  rounds?: number,
  multiples = [1, 2, 1, 2],
): Promise<boolean> {
  for (const by of multiples) if ((await measureGrowth(run, by * size, time, rounds)) < 3) return false;
  return true;
}

async function quickest(
  run: (size: number) => unknown,
  size: number,
  time: Time,
  rounds: number,
): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = nowMs(time);
    try {
      await run(size);
    } catch {
      // Refusing is an answer too.
    }
    best = Math.min(best, nowMs(time) - startedMs);
  }
  return best;
}

function nowMs(time: Time): number {
  if (time === 'wall') return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
