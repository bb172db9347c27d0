/**
 * The shop at work: products come in batches, each is seen for ten days, and a policy chooses the text of
 * every request. Clicks are told as reports tell them: the day after, three in ten are missing; the day is
 * restated two days later. A champion learns from what was told at the marks.
 */
import { createRandom, type Random } from '../../src/core/random.ts';
import {
  computePropensities,
  draw,
  fitScorePrior,
  priorOf,
  UNTRIED,
  type Counts,
  type ScorePrior,
} from '../../src/learning/index.ts';
import { learn, type Champion, type Rule, type Told } from './learner.ts';
import { FIELDS, type Field, type Shop, type ShopProduct, type ShopText } from './shop.ts';
import { rateOf, type Taste } from './tastes.ts';

/** How texts are chosen; the first three score by a champion, the others by nothing. */
export const POLICIES = ['today', 'best', 'explore', 'thompson', 'test-then-commit'] as const;
export type Policy = (typeof POLICIES)[number];

export interface StreamOptions {
  shop: Shop;
  taste: Taste;
  policy: Policy;
  seed: number;
  first: Champion;
  /** Numbers of products after which a champion is trained, in rising order; none after the last. */
  marks: readonly number[];
  /** Whether the first champion stays, whatever is told. */
  isFrozen?: boolean;
}

export interface StreamResult {
  /** After each mark: the way of the champion trained there, and all clicks until then. */
  after: { products: number; way: number; clicks: number }[];
}

const BATCH = 100;
const DAYS = 10;
const REQUESTS = 4;
const MIN_IMPRESSIONS = 50;
const MAX_IMPRESSIONS = 2000;
/** Of products beside each other, on the scale of logarithms. */
const POPULARITY = 0.3;
const TOLD_AT_FIRST = 0.7;
const RESTATED_AFTER = 3;
const FLOOR = 0.01;
const TEXTS_FITTED = 1000;
const NO_PRIOR = { mean: 0.5, strength: 2 };

interface Shown {
  text: ShopText;
  score: number;
  days: { day: number; impressions: number; clicks: number; early: number }[];
}

export async function runStream(options: StreamOptions): Promise<StreamResult> {
  const { shop, taste, policy, marks } = options;
  const random = createRandom(options.seed);
  const last = marks.at(-1) ?? 0;
  const order = Array.from({ length: Math.ceil(last / shop.products.length) }, () =>
    random.shuffle([...shop.products]),
  ).flat();
  const rule: Rule = policy === 'today' ? 'one bit' : 'fields';
  const learns = policy === 'today' || policy === 'best' || policy === 'explore';
  let champion = options.first;
  let day = 0;
  let clicks = 0;
  const shown: Shown[] = [];
  const after: StreamResult['after'] = [];
  for (let first = 0; first < last; first += BATCH) {
    const visits = order.slice(first, Math.min(first + BATCH, last)).flatMap((product) => {
      const popularity = Math.exp(POPULARITY * gauss(random));
      return FIELDS.map((field) => openVisit(product, field, popularity, champion, random));
    });
    let priors = new Map<Field, ScorePrior>();
    for (let age = 0; age < DAYS; age += 1, day += 1) {
      if (policy === 'explore' && age % (DAYS / 2) === 0) priors = fitPriors(shown, visits, day);
      for (const visit of visits) {
        const choose = createChoice(policy, visit, { day, age, prior: priors.get(visit.field), random });
        for (let request = 0; request < REQUESTS; request += 1) {
          const arm = visit.arms[choose(request)];
          if (arm === undefined) continue;
          const rate = Math.min(0.9, rateOf(taste, arm.text) * visit.popularity);
          clicks += show(arm, {
            day,
            impressions: Math.round(visit.impressions / DAYS / REQUESTS),
            rate,
            random,
          });
        }
      }
    }
    shown.push(...visits.flatMap(({ arms }) => arms.filter(({ days }) => days.length > 0)));
    const products = Math.min(first + BATCH, last);
    if (!marks.includes(products)) continue;
    if (learns && options.isFrozen !== true) champion = await learn(shop, tell(shown, day), rule);
    after.push({ products, way: learns ? wayOf(shop.holdout, taste, champion) : Number.NaN, clicks });
  }
  return { after };
}

interface Visit {
  field: Field;
  popularity: number;
  /** Of all its days. */
  impressions: number;
  arms: Shown[];
}

function openVisit(
  product: ShopProduct,
  field: Field,
  popularity: number,
  champion: Champion,
  random: Random,
): Visit {
  const spread = Math.log(MAX_IMPRESSIONS / MIN_IMPRESSIONS);
  return {
    field,
    popularity,
    impressions: MIN_IMPRESSIONS * Math.exp(spread * random.next()),
    arms: product.texts[field].map((text) => ({ text, score: champion(text.row), days: [] })),
  };
}

/** @returns the place of the text for a request of the day */
function createChoice(
  policy: Policy,
  { arms }: Visit,
  { day, age, prior, random }: { day: number; age: number; prior: ScorePrior | undefined; random: Random },
): (request: number) => number {
  const counts = arms.map((arm) => countsOf(arm, day));
  switch (policy) {
    case 'today':
    case 'best': {
      const best = placeOfLargest(arms.map(({ score }) => score));
      return () => best;
    }
    case 'explore':
    case 'thompson': {
      const propensities = computePropensities(
        counts.map((of, i) => ({
          ...of,
          prior: policy === 'thompson' ? NO_PRIOR : priorOf(arms[i]?.score ?? 0, prior ?? UNTRIED),
        })),
        policy === 'thompson' ? 0 : FLOOR,
      );
      return () => draw(propensities, random);
    }
    case 'test-then-commit': {
      // The half of the days goes to all texts in turn.
      if (age < DAYS / 2) return (request) => (age * REQUESTS + request) % arms.length;
      const best = placeOfLargest(
        counts.map(({ clicks, impressions }) => (clicks + 0.5) / (impressions + 10)),
      );
      return () => best;
    }
  }
}

function show(
  arm: Shown,
  { day, impressions, rate, random }: { day: number; impressions: number; rate: number; random: Random },
): number {
  let [clicks, early] = [0, 0];
  for (let i = 0; i < impressions; i += 1) {
    if (!random.chance(rate)) continue;
    clicks += 1;
    if (random.chance(TOLD_AT_FIRST)) early += 1;
  }
  arm.days.push({ day, impressions, clicks, early });
  return clicks;
}

/** What reports say on a day of the days before it. */
function countsOf({ days }: Shown, today: number): Counts {
  let [clicks, impressions] = [0, 0];
  for (const { day, ...told } of days) {
    if (day >= today) continue;
    impressions += told.impressions;
    clicks += today - day >= RESTATED_AFTER ? told.clicks : told.early;
  }
  return { clicks, impressions };
}

function tell(shown: readonly Shown[], day: number): Told[] {
  return shown.map((arm) => ({ text: arm.text, ...countsOf(arm, day) }));
}

/** As a server that explores does: by field, from the texts that were counted last. */
function fitPriors(shown: readonly Shown[], visits: readonly Visit[], day: number): Map<Field, ScorePrior> {
  const priors = new Map<Field, ScorePrior>();
  const now = visits.flatMap(({ arms }) => arms);
  for (const field of FIELDS) {
    const of = (list: readonly Shown[]) =>
      list.filter(({ text, days }) => text.field === field && days.length > 0);
    const counted = [...of(shown), ...of(now)].slice(-TEXTS_FITTED);
    priors.set(field, fitScorePrior(counted.map((arm) => ({ score: arm.score, ...countsOf(arm, day) }))));
  }
  return priors;
}

/** Share of the way from a random to the best text that the best-scored ones make, over all products. */
export function wayOf(
  products: readonly ShopProduct[],
  taste: Taste,
  champion: Champion,
  fields: readonly Field[] = FIELDS,
): number {
  let [made, whole] = [0, 0];
  for (const { texts } of products)
    for (const field of fields) {
      const rates = texts[field].map((text) => rateOf(taste, text));
      const random = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
      made += (rates[placeOfLargest(texts[field].map(({ row }) => champion(row)))] ?? 0) - random;
      whole += Math.max(...rates) - random;
    }
  return made / whole;
}

export function placeOfLargest(values: readonly number[]): number {
  return values.reduce((best, value, place) => (value > (values[best] ?? -Infinity) ? place : best), 0);
}

/** Box and Muller 1958. */
export function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
