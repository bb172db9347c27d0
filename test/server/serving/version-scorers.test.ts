import { describe, expect, it } from 'vitest';
import { planBatches } from '../../../src/server/serving/index.ts';

const limits = { maxLength: 128, maxBatchTokens: 64 };
const texts = Array.from({ length: 40 }, (_, i) => 'word '.repeat(1 + ((i * 7) % 50)));

describe('batches of texts that nobody waits for', () => {
  it('hold every text once', () => {
    const all = planBatches(texts, limits).flat();
    expect(all.toSorted((a, b) => a - b)).toEqual(texts.map((_, index) => index));
  });

  it('keep to the token budget, padding included', () => {
    for (const batch of planBatches(texts, limits)) {
      const longest = Math.max(...batch.map((index) => 2 + (texts[index] ?? '').split(' ').length - 1));
      expect(batch.length === 1 || batch.length * longest <= limits.maxBatchTokens).toBe(true);
    }
  });

  it('give a text longer than the budget a batch of its own', () => {
    expect(planBatches(['word '.repeat(200), 'word'], limits)).toEqual([[1], [0]]);
  });

  it('are the same for the same texts', () => {
    expect(planBatches([...texts], limits)).toEqual(planBatches(texts, limits));
  });
});
