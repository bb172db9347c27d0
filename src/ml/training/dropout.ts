/**
 * Dropout masks, filled in place. An element depends on the seed, the step, the mask's number and its own place
 * and on nothing else: there is no state to save, and a resumed training draws what an undisturbed one would have.
 */
import { createRandom } from '../../core/random.ts';
import type { TrainingMemory } from './memory.ts';

/** Fills one mask of `length` floats that starts at `offset` (in floats, a multiple of 4) of the scratch room. */
export function fillMask(
  { kernels, scratch }: TrainingMemory,
  place: { offset: number; length: number },
  probability: number,
  draw: { seed: number; step: number; mask: number },
): void {
  const random = createRandom([draw.seed, draw.step, draw.mask, 0x9e3779b9]);
  // The first outputs of a generator seeded with small numbers are still alike; these are not.
  for (let i = 0; i < 16; i += 1) random.next();
  const key = (): number => random.below(2 ** 32);
  const start = scratch.start + place.offset * 4;
  kernels.dropoutMask(
    start,
    start + place.length * 4,
    key(),
    key(),
    probability * 2 ** 32,
    1 / (1 - probability),
  );
}
