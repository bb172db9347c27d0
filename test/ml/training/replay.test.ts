import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { replayRecording } from './replay.ts';

const directory = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../fixtures/tiny-training');
const TOLERANCE = 1e-5;

describe('ten steps of a tiny model, recorded from PyTorch by bench/reference/record_tiny_training.py', () => {
  it('have the same losses, gradients and weights', async () => {
    const replay = await replayRecording(directory);
    for (const difference of [replay.loss, replay.gradientNorm, replay.logits]) {
      expect(difference).toBeLessThan(TOLERANCE);
    }
    expect(replay.learningRate).toBeLessThan(1e-12);
    expect(replay.gradients.size).toBeGreaterThan(30);
    expect([...replay.gradients].filter(([, difference]) => !(difference < TOLERANCE))).toEqual([]);
    // A key's bias has no true gradient, only rounding, which AdamW divides by itself. Here they start at
    // zero, so that they are nothing but that and cannot be compared; verify-real bounds those of a model
    // whose biases start elsewhere.
    const weights = [...replay.weights].filter(([name]) => !name.endsWith('k_lin.bias'));
    expect(weights.length).toBeGreaterThan(30);
    expect(weights.filter(([, difference]) => !(difference < TOLERANCE))).toEqual([]);
  });
});
