import { describe, expect, it } from 'vitest';
import { labelByResult } from '../../src/data/index.ts';

const nothing = { rating: null, clicks: null, impressions: null };

describe('labelByResult', () => {
  it.each([
    ['is good without results: people accepted it', nothing, 0.05, 1],
    ['is bad below the rating threshold', { ...nothing, rating: 3 }, 0.05, 0],
    ['is good from the rating threshold on', { ...nothing, rating: 3.5 }, 0.05, 1],
    ['believes a rating before clicks', { rating: 5, clicks: 0, impressions: 10_000 }, 0.05, 1],
    [
      'is bad when clicks are surely rarer than usual',
      { ...nothing, clicks: 10, impressions: 1000 },
      0.05,
      0,
    ],
    ['is good when clicks are as usual', { ...nothing, clicks: 48, impressions: 1000 }, 0.05, 1],
    ['is good when too few saw it to tell', { ...nothing, clicks: 0, impressions: 20 }, 0.05, 1],
    ['is good when nothing tells what is usual', { ...nothing, clicks: 0, impressions: 1000 }, null, 1],
    ['is good when nobody saw it', { ...nothing, clicks: 0, impressions: 0 }, 0.05, 1],
  ] as const)('%s', (_, result, clickRate, label) => {
    expect(labelByResult(result, 3.5, clickRate)).toBe(label);
  });
});
