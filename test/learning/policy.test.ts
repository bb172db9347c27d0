import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { computePropensities, draw, type Arm } from '../../src/learning/index.ts';
import { digamma, normalCdf, trigamma } from '../../src/learning/policy.ts';

const arm = (mean: number, strength: number, clicks = 0, impressions = 0): Arm => ({
  prior: { mean, strength },
  clicks,
  impressions,
});

describe('the probability of each text to be chosen', () => {
  it('is that of being the best: as often as draws from the posteriors find it so', () => {
    const arms = [arm(0.4, 20), arm(0.5, 10), arm(0.45, 40, 12, 20), arm(0.3, 5)];
    const propensities = computePropensities(arms, 0);
    const random = createRandom(5);
    const counts = arms.map(() => 0);
    const draws = 40_000;
    for (let i = 0; i < draws; i += 1) {
      // The logit of a Beta variable taken for normal, as the computation takes it.
      const samples = arms.map(({ prior, clicks, impressions }) => {
        const a = prior.mean * prior.strength + clicks;
        const b = (1 - prior.mean) * prior.strength + impressions - clicks;
        return digamma(a) - digamma(b) + Math.sqrt(trigamma(a) + trigamma(b)) * random.normal();
      });
      const best = samples.indexOf(Math.max(...samples));
      counts[best] = (counts[best] ?? 0) + 1;
    }
    counts.forEach((count, i) => expect(Math.abs(count / draws - (propensities[i] ?? 0))).toBeLessThan(0.01));
  });

  it('is what the draws of one request show', () => {
    const propensities = computePropensities([arm(0.6, 8), arm(0.5, 8), arm(0.55, 3)], 0.02);
    const random = createRandom(9);
    const counts = [0, 0, 0];
    for (let i = 0; i < 100_000; i += 1) {
      const chosen = draw(propensities, random);
      counts[chosen] = (counts[chosen] ?? 0) + 1;
    }
    counts.forEach((count, i) =>
      expect(Math.abs(count / 100_000 - (propensities[i] ?? 0))).toBeLessThan(0.01),
    );
  });

  it('is equal for equal texts, 1 for the only one, and never below the floor', () => {
    expect([...computePropensities([arm(0.5, 4)], 0.02)]).toEqual([1]);
    for (const p of computePropensities(
      Array.from({ length: 8 }, () => arm(0.5, 4)),
      0.02,
    ))
      expect(p).toBeCloseTo(1 / 8, 6);
    const lopsided = computePropensities([arm(0.9, 1000), arm(0.1, 1000)], 0.02);
    expect(lopsided[1]).toBeCloseTo(0.02, 6);
  });

  it('sums to 1 without NaN where nothing was ever clicked, everything was, or one text had all the traffic', () => {
    for (const arms of [
      [arm(1e-4, 2, 0, 1e6), arm(1e-4, 2)],
      [arm(0.9999, 2, 1e6, 1e6), arm(0.9999, 2)],
      [arm(0.02, 50, 2e4, 1e6), ...Array.from({ length: 63 }, () => arm(0.02, 50))],
    ]) {
      const propensities = computePropensities(arms, 0.001);
      expect(propensities.every((p) => p > 0)).toBe(true);
      expect(propensities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9);
    }
  });
});

describe('digamma and trigamma', () => {
  it('have their known values', () => {
    expect(digamma(1)).toBeCloseTo(-0.577_215_664_901_5, 9);
    expect(digamma(0.5)).toBeCloseTo(-1.963_510_026_021_4, 9);
    expect(trigamma(1)).toBeCloseTo(Math.PI ** 2 / 6, 9);
    expect(trigamma(0.5)).toBeCloseTo(Math.PI ** 2 / 2, 8);
  });
});

describe('normalCdf', () => {
  it.each([
    [0, 0.5],
    [1.959963985, 0.975],
    [-3, 0.001349898],
    [8, 1],
  ])('of %f is %f within 1e-7', (z, expected) => {
    expect(Math.abs(normalCdf(z) - expected)).toBeLessThan(1e-7);
  });
});
