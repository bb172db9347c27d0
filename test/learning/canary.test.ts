import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import {
  earnedOf,
  judgeCanary,
  type CanaryVerdict,
  type Earned,
  type ProductSums,
} from '../../src/learning/index.ts';

const ALPHA = 0.05;

interface Trial {
  verdict: CanaryVerdict;
  events: number;
}

/** One canary, half of the traffic each, looked at after every event. */
function runTrial(champion: number, challenger: number, budget: number, seed: number): Trial {
  const random = createRandom(seed);
  const sides: [Earned, Earned] = [emptySide(), emptySide()];
  for (let events = 1; ; events += 1) {
    const isChallenger = random.chance(0.5);
    const side = sides[isChallenger ? 1 : 0];
    const reward = random.chance(isChallenger ? challenger : champion) ? 1 : 0;
    side.shown += 1;
    side.rewards += reward;
    side.squares += reward;
    const { verdict } = judgeCanary(sides[0], sides[1], { alpha: ALPHA, budget });
    if (verdict !== 'undecided') return { verdict, events };
  }
}

const emptySide = (): Earned => ({ shown: 0, rewards: 0, squares: 0 });

const countVerdicts = (trials: readonly Trial[], verdict: CanaryVerdict): number =>
  trials.filter((trial) => trial.verdict === verdict).length;

const runTrials = (champion: number, challenger: number, budget: number, count: number): Trial[] =>
  Array.from({ length: count }, (_, seed) => runTrial(champion, challenger, budget, seed));

describe('a canary', () => {
  it('promotes at most one in twenty challengers that are no better, though it looks after every event', () => {
    const trials = runTrials(0.2, 0.2, 12_000, 400);
    expect(countVerdicts(trials, 'promote') / trials.length).toBeLessThanOrEqual(0.05);
  });

  it('finds at least four of five challengers that are a tenth better within twice a fixed test of that power', () => {
    const [champion, challenger] = [0.2, 0.22];
    // A one-sided fixed test at 5 % with a power of 80 %, both sides together.
    const variance = champion * (1 - champion) + challenger * (1 - challenger);
    const fixed = (2 * ((1.6449 + 0.8416) ** 2 * variance)) / (challenger - champion) ** 2;
    const trials = runTrials(champion, challenger, Math.ceil(2 * fixed), 200);
    expect(countVerdicts(trials, 'promote') / trials.length).toBeGreaterThanOrEqual(0.8);
  });

  it('rolls back a challenger that is clearly worse', () => {
    const trials = runTrials(0.2, 0.1, 12_000, 50);
    expect(countVerdicts(trials, 'roll-back')).toBe(50);
  });

  it('says why it is undecided where nothing was earned, everything was, or one side was never shown', () => {
    const rules = { alpha: ALPHA, budget: 1e6 };
    const never = { shown: 5000, rewards: 0, squares: 0 };
    const always = { shown: 5000, rewards: 5000, squares: 5000 };
    const judged = [
      judgeCanary(never, never, rules),
      judgeCanary(always, always, rules),
      judgeCanary({ shown: 5000, rewards: 500, squares: 500 }, emptySide(), rules),
    ];
    for (const evidence of judged) {
      expect(evidence.verdict).toBe('undecided');
      expect(evidence.because).toMatch(/^not enough evidence: /);
      expect([evidence.low, evidence.high].some(Number.isNaN)).toBe(false);
    }
  });

  it('ends at its budget without a decision, also where it never saw a reward', () => {
    const never = { shown: 500, rewards: 0, squares: 0 };
    const same = { shown: 500, rewards: 100, squares: 100 };
    expect(judgeCanary(never, never, { alpha: ALPHA, budget: 1000 }).verdict).toBe('out-of-budget');
    expect(judgeCanary(same, same, { alpha: ALPHA, budget: 1000 }).verdict).toBe('out-of-budget');
  });
});

describe('a canary over products that differ', () => {
  const SHOWS = 100;
  const none = (): ProductSums => ({
    products: 0,
    earned: 0,
    shown: 0,
    earnedSquares: 0,
    shownSquares: 0,
    earnedByShown: 0,
  });
  /** Most products earn next to nothing, one in five earns much: so it is on both sides. */
  const addProduct = (sums: ProductSums, random: ReturnType<typeof createRandom>): void => {
    const rate = random.chance(0.2) ? 0.3 : 0.02;
    let earned = 0;
    for (let show = 0; show < SHOWS; show += 1) earned += random.chance(rate) ? 1 : 0;
    sums.products += 1;
    sums.earned += earned;
    sums.shown += SHOWS;
    sums.earnedSquares += earned ** 2;
    sums.shownSquares += SHOWS ** 2;
    sums.earnedByShown += earned * SHOWS;
  };
  const independent = ({ shown, earned }: ProductSums): Earned => ({
    shown,
    rewards: earned,
    squares: earned,
  });
  const countWrong = (read: (sums: ProductSums) => Earned, trials: number): number => {
    let wrong = 0;
    for (let seed = 0; seed < trials; seed += 1) {
      const random = createRandom(seed);
      const [champion, challenger] = [none(), none()];
      for (let product = 1; product <= 250; product += 1) {
        addProduct(champion, random);
        addProduct(challenger, random);
        if (product < 20) continue;
        const { verdict } = judgeCanary(read(champion), read(challenger), { alpha: ALPHA, budget: 50_001 });
        if (verdict === 'promote') wrong += 1;
        if (verdict !== 'undecided') break;
      }
    }
    return wrong / trials;
  };

  it('promotes at most one in twenty that is no better, where shows taken for independent would do it far oftener', () => {
    expect(countWrong(earnedOf, 200)).toBeLessThanOrEqual(0.05);
    expect(countWrong(independent, 50)).toBeGreaterThan(0.2);
  });

  it('is no surer than of independent shows where products do not differ', () => {
    const alike = {
      products: 10,
      shown: 1000,
      earned: 100,
      earnedSquares: 1000,
      shownSquares: 1e5,
      earnedByShown: 1e4,
    };
    expect(earnedOf(alike)).toEqual({ shown: 1000, rewards: 100, squares: 100 });
    expect(earnedOf(none())).toEqual(emptySide());
  });
});
