/**
 * Dropout masks: slices of a pool of draws, one pool for each probability, each slice from a random place on.
 *
 * Drawing every mask anew costs time and memory (docs/decisions/0006-webassembly-kernels.md). Elements of one
 * mask are independent of one another, and so are those that two masks hold at the same place. A pool lasts
 * for POOL_STEPS steps. Everything follows from the seed and the step: there is no state to save, and a
 * resumed training has the masks that an undisturbed one would have had.
 */
import { createRandom, type Random, type RandomState } from '../../core/random.ts';
import { LANES, padded, type TrainingMemory } from '../wasm/index.ts';

/** Steps between two drawings of the pools. */
const POOL_STEPS = 64;
/** Floats by which a pool is longer than its longest mask, at least: a choice of 2^16 windows. */
const LEAST_CHOICE = 2 ** 18;

interface MaskDraw {
  readonly seed: number;
  readonly step: number;
  /** Which of the step's masks. */
  readonly mask: number;
}

export interface DropoutMasks {
  /**
   * `length` floats, each 0 with the given probability, else 1 / (1 - probability); valid until the next
   * step.
   */
  mask(probability: number, length: number, draw: MaskDraw): Float32Array;
}

/** In floats of the scratch room. */
interface Pool {
  readonly offset: number;
  readonly length: number;
}

/** Where each pool lies, by its probability. */
export interface PoolPlan {
  readonly pools: ReadonlyMap<number, Pool>;
  /** First float behind the pools. */
  readonly end: number;
}

/** @param start first float of the scratch room that is free, a multiple of 4 */
export function planPools(
  masks: readonly { probability: number; length: number }[],
  start: number,
): PoolPlan {
  const longest = new Map<number, number>();
  for (const { probability, length } of masks) {
    longest.set(probability, Math.max(length, longest.get(probability) ?? 0));
  }
  let end = start;
  const pools = [...longest].map(([probability, mask]) => {
    const pool = { offset: end, length: padded(mask) + Math.max(padded(mask), LEAST_CHOICE) };
    end += pool.length;
    return [probability, pool] as const;
  });
  return { pools: new Map(pools), end };
}

export function createDropoutMasks({ kernels, scratch }: TrainingMemory, plan: PoolPlan): DropoutMasks {
  let drawn = '';
  const drawPools = (seed: number, period: number): void => {
    for (const [index, [probability, { offset, length }]] of [...plan.pools].entries()) {
      const random = randomOf([seed, period, index, 0x9e3779b9]);
      const key = (): number => random.below(2 ** 32);
      const start = scratch.start + offset * Float32Array.BYTES_PER_ELEMENT;
      const end = start + length * Float32Array.BYTES_PER_ELEMENT;
      kernels.dropoutMask(start, end, key(), key(), probability * 2 ** 32, 1 / (1 - probability));
    }
  };
  return {
    mask: (probability, length, { seed, step, mask }) => {
      const period = Math.floor(step / POOL_STEPS);
      const wanted = `${seed}/${period}`;
      if (drawn !== wanted) drawPools(seed, period);
      drawn = wanted;
      const pool = plan.pools.get(probability) as Pool;
      // Windows start at vectors of the kernels.
      const places = (pool.length - padded(length)) / LANES + 1;
      const place = pool.offset + LANES * randomOf([seed, step, mask, 0x85ebca6b]).below(places);
      return scratch.floats.subarray(place, place + length);
    },
  };
}

function randomOf(seed: RandomState): Random {
  const random = createRandom(seed);
  // The first outputs of a generator seeded with small numbers are still alike; these are not.
  for (let i = 0; i < 16; i += 1) random.next();
  return random;
}
