import { describe, expect, it } from 'vitest';
import { replayRecording } from '../ml/training/replay.ts';
import { sharedPath } from './shared.ts';

const directory = sharedPath('goldens/tiny');
const TOLERANCE = 1e-5;
/**
 * A key's bias moves all scores of a query alike, so its true gradient is zero. What either engine has there
 * is rounding (2e-11 at most in the first step), which AdamW divides by itself: these follow no reference
 * more closely.
 */
const ROUNDING_TOLERANCE = 1e-4;
const isKeyBias = (name: string): boolean => name.endsWith('k_lin.bias');

describe.skipIf(directory === null)('ten steps of a tiny model, recorded from PyTorch', () => {
  it('have the same losses, gradients and weights', async () => {
    const replay = await replayRecording(directory as string);
    console.info(
      `relative differences: loss ${replay.loss.toExponential(1)}, gradient norm ${replay.gradientNorm.toExponential(1)}, ` +
        `gradients ${worst(replay.gradients)}, weights ${worst(replay.weights)}`,
    );
    for (const difference of [replay.loss, replay.gradientNorm, replay.logits]) {
      expect(difference).toBeLessThan(TOLERANCE);
    }
    expect(replay.learningRate).toBeLessThan(1e-12);
    expect(replay.gradients.size).toBeGreaterThan(30);
    expect([...replay.gradients].filter(([, difference]) => !(difference < TOLERANCE))).toEqual([]);
    const weights = [...replay.weights].filter(([name]) => !isKeyBias(name));
    expect(weights.filter(([, difference]) => !(difference < TOLERANCE))).toEqual([]);
    const keyBiases = [...replay.weights].filter(([name]) => isKeyBias(name));
    expect(keyBiases.filter(([, difference]) => !(difference < ROUNDING_TOLERANCE))).toEqual([]);
  });
});

function worst(differences: ReadonlyMap<string, number>): string {
  const [name, value] = [...differences].toSorted((a, b) => b[1] - a[1])[0] ?? ['none', 0];
  return `${value.toExponential(1)} (${name}, of ${differences.size})`;
}
