import { expect, it } from 'vitest';
import { createRateMeter } from '../../../src/serving/scoring/rate-meter.ts';

it('says how long waiting tokens take at the measured rate', () => {
  const meter = createRateMeter();
  expect(meter.secondsFor(100_000, 2)).toBe(1);
  for (let batch = 0; batch < 20; batch += 1) meter.note(1000, 1000);
  expect(meter.secondsFor(10_000, 2)).toBe(5);
  expect(meter.secondsFor(10, 2)).toBe(1);
  expect(meter.secondsFor(10_000_000, 2)).toBe(60);
});

it('measures the new rate once the rate has changed', () => {
  const meter = createRateMeter();
  for (let batch = 0; batch < 20; batch += 1) meter.note(1000, 1000);
  for (let batch = 0; batch < 20; batch += 1) meter.note(10_000, 1000);
  const seconds = meter.secondsFor(100_000, 1);
  expect(seconds).toBeGreaterThanOrEqual(10);
  expect(seconds).toBeLessThanOrEqual(11);
});
