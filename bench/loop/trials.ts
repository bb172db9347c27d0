/** One round of feedback, as somebody who tries copyloop gives it: how far does one training get? */
import { createRandom } from '../../src/core/random.ts';
import { computePropensities, draw, priorOf, UNTRIED } from '../../src/learning/index.ts';
import { learn, type Champion, type Rule, type Told } from './learner.ts';
import { FIELDS, type Field, type Shop } from './shop.ts';
import { gauss, placeOfLargest, wayOf } from './stream.ts';
import { rateOf, type Taste } from './tastes.ts';

export interface Trial {
  name: string;
  products: number;
  /** Of each text that was answered; null: a person accepts or rejects it. */
  impressions: number | null;
  fields: readonly Field[];
  /** The way that is promised, on average over the tastes. */
  promised: number;
}

/** Those with more products than the shop has are left out (`--shop 2000`). */
export const TRIALS: readonly Trial[] = [
  { name: '300 products, 200 impressions', products: 300, impressions: 200, fields: FIELDS, promised: 0.5 },
  {
    name: '700 products, 2,000 impressions',
    products: 700,
    impressions: 2000,
    fields: FIELDS,
    promised: 0.85,
  },
  {
    name: '2,000 products, 2,000 impressions',
    products: 2000,
    impressions: 2000,
    fields: FIELDS,
    promised: 0.85,
  },
  { name: '150 verdicts on ad copy', products: 150, impressions: null, fields: ['ad_copy'], promised: 0.65 },
];

const POPULARITY = 0.3;
const FLOOR = 0.01;

/** @param policy of the answers that people saw: the first champion's best, or explored */
export async function runTrial(
  { products, impressions, fields }: Trial,
  {
    shop,
    taste,
    rule,
    policy,
    seed,
    first,
  }: {
    shop: Shop;
    taste: Taste;
    rule: Rule;
    policy: 'best' | 'explore';
    seed: number;
    first: Champion;
  },
): Promise<number> {
  const random = createRandom(seed);
  const usual = new Map(fields.map((field) => [field, usualTaste(shop, taste, field)]));
  const told = random
    .shuffle([...shop.products])
    .slice(0, products)
    .flatMap((product) => {
      const popularity = Math.exp(POPULARITY * gauss(random));
      return fields.map((field): Told => {
        const texts = product.texts[field];
        const scores = texts.map(({ row }) => first(row));
        const arms = scores.map((score) => ({ clicks: 0, impressions: 0, prior: priorOf(score, UNTRIED) }));
        const place =
          policy === 'best' ? placeOfLargest(scores) : draw(computePropensities(arms, FLOOR), random);
        const text = texts[place] ?? texts[0];
        if (text === undefined) throw new Error(`${product.title} has no text of ${field}`);
        if (impressions === null)
          return {
            text,
            verdict: taste(text) > (usual.get(field) ?? 0) ? 'accepted' : 'rejected',
            rate: rateOf(taste, text),
          };
        const rate = Math.min(0.9, rateOf(taste, text) * popularity);
        let clicks = 0;
        for (let i = 0; i < impressions; i += 1) if (random.chance(rate)) clicks += 1;
        return { text, clicks, impressions, rate: rateOf(taste, text) };
      });
    });
  return wayOf(shop.holdout, taste, await learn(shop, told, rule), fields);
}

/** Who judges a text knows what such texts are like. */
function usualTaste(shop: Shop, taste: Taste, field: Field): number {
  const all = shop.products.flatMap(({ texts }) => texts[field].map(taste));
  return all.reduce((sum, liked) => sum + liked, 0) / all.length;
}
