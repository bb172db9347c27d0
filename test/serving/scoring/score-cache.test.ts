import { expect, it } from 'vitest';
import { createScoreCache } from '../../../src/serving/scoring/score-cache.ts';

it('remembers scores by text and model version, the latest of them', () => {
  const cache = createScoreCache(2);
  cache.set('m/1', 'lamp', 0.5);
  expect(cache.get('m/1', 'lamp')).toBe(0.5);
  expect(cache.get('m/2', 'lamp')).toBeUndefined();
  cache.set('m/1', 'chair', 0.6);
  cache.set('m/1', 'shirt', 0.7);
  expect(cache.get('m/1', 'lamp')).toBeUndefined();
  expect(cache.get('m/1', 'shirt')).toBe(0.7);
});

it('remembers nothing when it is off', () => {
  const cache = createScoreCache(0);
  cache.set('m/1', 'lamp', 0.5);
  expect(cache.get('m/1', 'lamp')).toBeUndefined();
});
