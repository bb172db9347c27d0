import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { fitRatePrior, fitScorePrior, learnFromCounts, priorOf, UNTRIED } from '../../src/learning/index.ts';

/** A binomial draw, for counts that a rate would give. */
function drawCounts(
  rate: number,
  impressions: number,
  seed: number,
): { clicks: number; impressions: number } {
  const random = createRandom(seed);
  let clicks = 0;
  for (let i = 0; i < impressions; i += 1) clicks += random.chance(rate) ? 1 : 0;
  return { clicks, impressions };
}

describe('the prior of a field', () => {
  it('is strong where the texts earn alike and weak where they differ', () => {
    const alike = Array.from({ length: 60 }, (_, i) => drawCounts(0.1, 500, i));
    const unlike = Array.from({ length: 60 }, (_, i) => drawCounts(i % 2 === 0 ? 0.02 : 0.18, 500, i));
    expect(fitRatePrior(alike).mean).toBeCloseTo(0.1, 1);
    expect(fitRatePrior(alike).strength).toBeGreaterThan(10 * fitRatePrior(unlike).strength);
  });

  it('is defined for no text, one text, and texts that were never or always clicked', () => {
    for (const texts of [
      [],
      [{ clicks: 3, impressions: 10 }],
      [
        { clicks: 0, impressions: 1e6 },
        { clicks: 0, impressions: 5 },
      ],
      [
        { clicks: 1e6, impressions: 1e6 },
        { clicks: 5, impressions: 5 },
      ],
      [{ clicks: 0, impressions: 0 }],
      // As counts were stored before they were checked.
      [{ clicks: 9, impressions: 5 }],
    ]) {
      const prior = fitRatePrior(texts);
      expect(prior.mean).toBeGreaterThan(0);
      expect(prior.mean).toBeLessThan(1);
      expect(Number.isFinite(prior.strength)).toBe(true);
    }
  });
});

describe('what counts teach', () => {
  const prior = { mean: 0.05, strength: 200 };

  it('is more certain the more was counted, and nothing where nothing was', () => {
    const few = learnFromCounts({ clicks: 3, impressions: 30 }, prior);
    const many = learnFromCounts({ clicks: 300, impressions: 3000 }, prior);
    expect(few.target).toBeGreaterThan(0.5);
    expect(many.target).toBeGreaterThan(few.target);
    expect(many.share).toBeGreaterThan(few.share);
    expect(learnFromCounts({ clicks: 0, impressions: 0 }, prior).share).toBe(0);
    expect(learnFromCounts({ clicks: 900, impressions: 5 }, prior)).toEqual(
      learnFromCounts({ clicks: 5, impressions: 5 }, prior),
    );
  });

  it('is the probability that scipy gives', () => {
    // 1 - scipy.stats.beta.cdf(0.05, 10 + 4, 190 + 36)
    const { target } = learnFromCounts({ clicks: 4, impressions: 40 }, prior);
    expect(Math.abs(target - 0.6896930689289553)).toBeLessThan(1e-8);
  });
});

describe('the prior of a score', () => {
  it('follows what became of past scores', () => {
    const texts = Array.from({ length: 300 }, (_, i) => {
      const score = 0.05 + (0.9 * i) / 300;
      return { score, ...drawCounts(0.02 + 0.1 * score, 400, i) };
    });
    const prior = fitScorePrior(texts);
    expect(priorOf(0.9, prior).mean).toBeCloseTo(0.11, 1);
    expect(priorOf(0.9, prior).mean).toBeGreaterThan(priorOf(0.1, prior).mean + 0.04);
    expect(prior.strength).toBeGreaterThan(50);
  });

  it('keeps the order of scores where a handful of texts speaks against it', () => {
    const prior = fitScorePrior([
      { score: 0.9, clicks: 0, impressions: 500 },
      { score: 0.2, clicks: 60, impressions: 500 },
      { score: 0.5, clicks: 20, impressions: 500 },
    ]);
    expect(priorOf(0.9, prior).mean).toBeGreaterThan(priorOf(0.2, prior).mean);
  });

  it('trusts a score less where outcomes do not follow it', () => {
    const texts = Array.from({ length: 200 }, (_, i) => ({
      score: 0.05 + (0.9 * i) / 200,
      ...drawCounts(i % 2 === 0 ? 0.02 : 0.3, 300, i),
    }));
    expect(fitScorePrior(texts).strength).toBeLessThan(20);
  });

  it('leans on scores but little before anything was counted, and is finite where all rewards are 0 or 1', () => {
    const untried = fitScorePrior([]);
    expect(untried).toEqual(UNTRIED);
    // A score of 0.9 over one of 0.1: better, not nine times as good.
    const [good, bad] = [priorOf(0.9, untried).mean, priorOf(0.1, untried).mean];
    expect([good > bad, good < 2 * bad]).toEqual([true, true]);
    for (const clicks of [0, 50]) {
      const prior = fitScorePrior(
        Array.from({ length: 40 }, () => ({ score: 0.5, clicks, impressions: 50 })),
      );
      const { mean, strength } = priorOf(0.5, prior);
      expect([mean > 0, mean < 1, Number.isFinite(strength)]).toEqual([true, true, true]);
    }
  });
});
