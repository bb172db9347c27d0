import { describe, expect, it } from 'vitest';
import { judgeResult } from '../../src/data/index.ts';

const nothing = { rating: null, clicks: null, impressions: null };
/** As if the field's texts had earned 5 % in 200 impressions each. */
const usual = { mean: 0.05, strength: 200 };

describe('judgeResult', () => {
  it.each([
    ['is good without results: people accepted it', nothing, usual, 1],
    ['is bad below the rating threshold', { ...nothing, rating: 3 }, usual, 0],
    ['is good from the rating threshold on', { ...nothing, rating: 3.5 }, usual, 1],
    ['believes a rating before clicks', { rating: 5, clicks: 0, impressions: 10_000 }, usual, 1],
    [
      'is bad when clicks are surely rarer than usual',
      { ...nothing, clicks: 10, impressions: 1000 },
      usual,
      0,
    ],
    [
      'is good when clicks are surely more than usual',
      { ...nothing, clicks: 90, impressions: 1000 },
      usual,
      1,
    ],
    ['is good when too few saw it to tell', { ...nothing, clicks: 0, impressions: 20 }, usual, 1],
    ['is good when nothing tells what is usual', { ...nothing, clicks: 0, impressions: 1000 }, undefined, 1],
    ['is good when nobody saw it', { ...nothing, clicks: 0, impressions: 0 }, usual, 1],
  ] as const)('%s', (_, result, rate, label) => {
    expect(judgeResult(result, 3.5, rate).label).toBe(label);
  });

  it('is as open as the clicks leave it: a text that earns what is usual is good or bad with equal right', () => {
    const { target } = judgeResult({ ...nothing, clicks: 5000, impressions: 100_000 }, 3.5, usual);
    expect(target).toBeCloseTo(0.5, 1);
  });

  it('turns from what people accepted to what was counted as impressions grow', () => {
    const targets = [0, 50, 500, 5000].map(
      (impressions) => judgeResult({ ...nothing, clicks: 0, impressions }, 3.5, usual).target ?? 1,
    );
    expect(targets).toEqual(targets.toSorted((a, b) => b - a));
    expect(targets.at(-1)).toBeLessThan(0.05);
  });
});
