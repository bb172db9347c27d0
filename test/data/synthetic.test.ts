import { describe, expect, it } from 'vitest';
import {
  computeBayesLimit,
  drawRecords,
  generateRecords,
  parseRecord,
  positivePosterior,
  QUALITY_MODEL,
  type QualityModel,
} from '../../src/data/index.ts';
import { listRatings, ratingTable } from '../../src/data/synthetic/quality-model.ts';
import { syntheticWording } from '../../src/data/synthetic/wording.ts';

const THRESHOLDS = [2.5, 3, 3.5, 4, 4.5];
const draws = [...drawRecords({ count: 20_000, seed: 7 })];

describe('synthetic records', () => {
  it('are the same under the same seed and others under another', () => {
    const [a, b, c] = [5, 5, 6].map((seed) => JSON.stringify([...generateRecords({ count: 50, seed })]));
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });

  it('are a prefix of a longer draw, so that a count only says where to stop', () => {
    const long = [...generateRecords({ count: 30, seed: 1 })];
    expect([...generateRecords({ count: 10, seed: 1 })]).toEqual(long.slice(0, 10));
  });

  it('pass the check for records from outside, within the promised ranges', () => {
    for (const { record } of draws.slice(0, 2000)) {
      expect(parseRecord({ ...record })).toEqual({ record });
      expect(record.price).toBeGreaterThanOrEqual(10);
      expect(record.price).toBeLessThanOrEqual(500);
      expect(listRatings(QUALITY_MODEL)).toContain(record.rating);
    }
    expect(new Set(draws.map(({ record }) => record.id)).size).toBe(draws.length);
  });

  it('cover 8 categories, 12 adjectives and at least 20 products', () => {
    const names = ['Beauty', 'Books', 'Electronics', 'Fashion', 'Health', 'Home', 'Sports', 'Toys'];
    expect([...new Set(draws.map(({ record }) => record.category))].toSorted()).toEqual(names);
    const { categories, titleAdjectives } = syntheticWording();
    expect(new Set(titleAdjectives).size).toBe(12);
    expect(new Set(categories.flatMap((category) => category.products)).size).toBeGreaterThanOrEqual(20);
  });

  it('hold at least 10,000 distinct descriptions in 20,000', () => {
    expect(new Set(draws.map(({ record }) => record.description)).size).toBeGreaterThan(10_000);
  });

  it('let no single word decide the label', () => {
    const seen = new Map<string, { rows: number; positives: number }>();
    for (const { record } of draws) {
      for (const word of new Set(`${record.title} ${record.description}`.toLowerCase().match(/[a-z-]+/g))) {
        const counts = seen.get(word) ?? { rows: 0, positives: 0 };
        counts.rows += 1;
        if (record.rating >= 3.5) counts.positives += 1;
        seen.set(word, counts);
      }
    }
    const frequent = [...seen.values()].filter((counts) => counts.rows >= 60);
    expect(frequent.length).toBeGreaterThan(300);
    for (const { rows, positives } of frequent) {
      expect(positives).toBeGreaterThan(0);
      expect(positives).toBeLessThan(rows);
    }
  });

  it('say in one way only what a cue tells: no phrase both praises and criticises', () => {
    const { praising, criticising } = syntheticWording();
    const phrases = [praising, criticising].flatMap((cues) => Object.values(cues).flat());
    expect(new Set(phrases).size).toBe(phrases.length);
  });
});

describe('the Bayes limit', () => {
  it('is what the classifier that knows the law reaches on draws, for every threshold', () => {
    for (const threshold of THRESHOLDS) {
      const limit = computeBayesLimit(QUALITY_MODEL, threshold);
      let right = 0;
      let positives = 0;
      for (const { record, truth } of draws) {
        const label = record.rating >= threshold;
        const praising = truth.cues.filter(Boolean).length;
        const answer = positivePosterior(QUALITY_MODEL, threshold, truth.cues.length, praising) > 0.5;
        if (answer === label) right += 1;
        if (label) positives += 1;
      }
      // Four standard deviations of 20,000 draws.
      const tolerance = 4 * Math.sqrt((limit.accuracy * (1 - limit.accuracy)) / draws.length);
      expect(Math.abs(right / draws.length - limit.accuracy)).toBeLessThan(tolerance);
      expect(Math.abs(positives / draws.length - limit.positiveShare)).toBeLessThan(0.015);
    }
  });

  it('is the sum over every text and rating of a small law, written out independently', () => {
    const small: QualityModel = {
      qualities: [
        { name: 'bad', share: 0.4, praise: 0.3, rating: 2 },
        { name: 'good', share: 0.6, praise: 0.8, rating: 4 },
      ],
      cueCounts: [
        { count: 1, share: 0.25 },
        { count: 2, share: 0.75 },
      ],
      rating: { min: 2, max: 4, step: 1, deviation: 0.7, arbitrary: 0.3 },
    };
    // Two words praise and three criticise, each as likely as the others of its kind: 5 texts of one cue, 25
    // of two.
    const words = ['fine', 'nice', 'poor', 'bad', 'grim'];
    const texts = [...words.map((word) => [word]), ...words.flatMap((a) => words.map((b) => [a, b]))];
    for (const threshold of [2, 3, 4]) {
      let accuracy = 0;
      let total = 0;
      for (const text of texts) {
        const joint = [0, 0];
        for (const quality of small.qualities) {
          const given = text.reduce(
            (p, word) => p * wordGiven(word, quality.praise),
            text.length === 1 ? 0.25 : 0.75,
          );
          [2, 3, 4].forEach((rating, i) => {
            const label = rating >= threshold ? 1 : 0;
            joint[label] =
              (joint[label] ?? 0) + quality.share * given * (ratingTable(small, quality)[i] ?? 0);
          });
        }
        accuracy += Math.max(...joint);
        total += (joint[0] ?? 0) + (joint[1] ?? 0);
      }
      expect(total).toBeCloseTo(1, 12);
      expect(computeBayesLimit(small, threshold).accuracy).toBeCloseTo(accuracy, 12);
    }
  });

  it('leaves room above the majority and below certainty at 3.5', () => {
    const limit = computeBayesLimit(QUALITY_MODEL, 3.5);
    expect(limit.accuracy).toBeGreaterThan(0.85);
    expect(limit.accuracy).toBeLessThan(0.93);
    expect(limit.positiveShare).toBeGreaterThan(0.55);
    expect(limit.positiveShare).toBeLessThan(0.65);
  });
});

function wordGiven(word: string, praise: number): number {
  return ['fine', 'nice'].includes(word) ? praise / 2 : (1 - praise) / 3;
}
