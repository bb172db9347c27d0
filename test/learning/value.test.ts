import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/core/paths.ts';
import { createRandom } from '../../src/core/random.ts';
import { compareValues, estimateValue, type LoggedChoice } from '../../src/learning/index.ts';
import { boundMeanBelow } from '../../src/learning/value.ts';

interface Recorded {
  name: string;
  ips: number;
  snips: number;
  dr: number;
  rows: [number, number, number, number, number][];
}

/** Recorded with bench/reference/record_off_policy_values.py. */
const recorded = JSON.parse(
  readFileSync(path.join(packageRoot, 'fixtures/off-policy-values.json'), 'utf8'),
) as Recorded[];

describe('the value of another policy', () => {
  it.each(recorded)('is what Open Bandit Pipeline estimates to 1e-9: $name', ({ rows, ips, snips, dr }) => {
    const value = estimateValue(
      rows.map(([propensity, reward, probability, expectedOfChoice, expectedOfPolicy]) => ({
        propensity,
        reward,
        probability,
        expectedOfChoice,
        expectedOfPolicy,
      })),
    );
    expect(Math.abs(value.ips - ips)).toBeLessThan(1e-9);
    expect(Math.abs(value.snips - snips)).toBeLessThan(1e-9);
    expect(Math.abs(value.dr - dr)).toBeLessThan(1e-9);
  });

  it('is the mean reward, with every choice counting whole, where both policies are one', () => {
    const choices = [1, 0, 1, 1].map((reward) => logged({ propensity: 0.25, probability: 0.25, reward }));
    expect(estimateValue(choices)).toMatchObject({ ips: 0.75, snips: 0.75, effectiveSize: 4 });
  });

  it('has bounds between 0 and 1 and no NaN where nothing was earned, everything was, or the policies never agree', () => {
    for (const choices of [
      Array.from({ length: 200 }, () => logged({ reward: 0 })),
      Array.from({ length: 200 }, () => logged({ reward: 1 })),
      Array.from({ length: 200 }, () => logged({ reward: 1, probability: 0 })),
    ]) {
      const { interval, ...rest } = estimateValue(choices);
      expect(Object.values(rest).every(Number.isFinite)).toBe(true);
      expect(interval.low).toBeGreaterThanOrEqual(0);
      expect(interval.high).toBeLessThanOrEqual(1);
      expect(interval.low).toBeLessThanOrEqual(interval.high);
    }
  });

  it('holds the truth at every look in at least 95 of 100 logs', () => {
    const logs = 400;
    let held = 0;
    for (let log = 0; log < logs; log += 1) held += holdsAtEveryLook(log) ? 1 : 0;
    expect(held / logs).toBeGreaterThanOrEqual(0.95);
  });
});

describe('the gain of one policy over another', () => {
  /** Two policies that choose differently and earn the same, or not. */
  const draw = (random: ReturnType<typeof createRandom>, rates: readonly [number, number]) => {
    const text = random.chance(0.7) ? 0 : 1;
    const reward = random.chance(rates[text] ?? 0) ? 1 : 0;
    const choice = {
      propensity: text === 0 ? 0.7 : 0.3,
      reward,
      expectedOfChoice: 0.3,
      expectedOfPolicy: 0.3,
    };
    return {
      first: { ...choice, probability: text === 1 ? 1 : 0 },
      second: { ...choice, probability: text === 0 ? 1 : 0 },
    };
  };

  it('has bounds that hold 0 at every look in at least 95 of 100 logs where both earn the same', () => {
    const logs = 120;
    let held = 0;
    for (let seed = 0; seed < logs; seed += 1) {
      const random = createRandom(seed);
      const [first, second]: LoggedChoice[][] = [[], []];
      let holds = true;
      for (let choices = 1; choices <= 1000 && holds; choices += 1) {
        const drawn = draw(random, [0.3, 0.3]);
        first?.push(drawn.first);
        second?.push(drawn.second);
        if (choices % 100 !== 0) continue;
        const { low, high } = compareValues(first ?? [], second ?? []);
        holds = low <= 0 && high >= 0;
      }
      held += holds ? 1 : 0;
    }
    expect(held / logs).toBeGreaterThanOrEqual(0.95);
  });

  it('is found where one earns more', () => {
    const random = createRandom(1);
    const drawn = Array.from({ length: 2000 }, () => draw(random, [0.2, 0.4]));
    const gain = compareValues(
      drawn.map(({ first }) => first),
      drawn.map(({ second }) => second),
    );
    expect(gain.low).toBeGreaterThan(0);
    expect(gain.difference).toBeCloseTo(0.2, 1);
  });
});

const logged = (change: Partial<LoggedChoice>): LoggedChoice => ({
  propensity: 0.5,
  probability: 0.5,
  reward: 0,
  expectedOfChoice: 0.5,
  expectedOfPolicy: 0.5,
  ...change,
});

/**
 * Three texts of known rates, chosen by one policy and judged for another; bounds are looked at after each
 * choice.
 */
function holdsAtEveryLook(seed: number): boolean {
  const random = createRandom(seed);
  const rates = [0.1, 0.3, 0.6];
  const chosen = [0.6, 0.3, 0.1];
  const judged = [0.1, 0.2, 0.7];
  const truth = rates.reduce((sum, rate, i) => sum + rate * (judged[i] ?? 0), 0);
  const earned: number[] = [];
  const missed: number[] = [];
  for (let event = 0; event < 400; event += 1) {
    const u = random.next();
    const text = u < 0.6 ? 0 : u < 0.9 ? 1 : 2;
    const weight = (judged[text] ?? 0) / (chosen[text] ?? 1);
    const reward = random.chance(rates[text] ?? 0) ? 1 : 0;
    earned.push(weight * reward);
    missed.push(weight * (1 - reward));
  }
  // The bound after the last value is the largest so far, so one look at the end is a look at each length.
  return boundMeanBelow(earned, 0.025) <= truth && 1 - boundMeanBelow(missed, 0.025) >= truth;
}
