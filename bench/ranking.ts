/**
 * Whether ranking helps, by judges that did not rank: npm run bench:ranking
 *
 *   ranker   a model trained on one synthetic draw; it orders the candidates as the champion does when it
 *            serves
 *   judge    a model of the same recipe trained on another draw that shares no record with the first; it
 *            scores what was returned
 *   law      the generator's own: P(good | the cues of the product's description that the text repeats),
 *            exact
 *
 * For 500 products of a third draw the returned text is compared with a random text (the mean over all of
 * them, which is what a random one is worth), paired by product, with the 95 % interval of a bootstrap over
 * products. Ends with exit code 1 when an interval touches 0. The default recipe, full, trains each model in
 * minutes and keeps it below var/bench-ranking; `-- --recipe head` takes seconds. Each figure stands beside
 * what ranking the bare texts would have returned. Real products and clothing reviews, where products.json
 * and clothing-reviews.csv are found (bench/README.md), are judged by the model alone.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { copyText } from '../src/core/classifier-text.ts';
import { AppError } from '../src/core/errors.ts';
import { createRandom } from '../src/core/random.ts';
import { createCopywriter, loadChannels } from '../src/copy/index.ts';
import { generateRecords, hashContent, positivePosterior, QUALITY_MODEL } from '../src/data/index.ts';
import { readCues } from '../fixtures/read-cues.ts';
import { openClassifier, type Classifier } from '../src/ml/index.ts';
import { findBenchData } from './data.ts';
import { readOptions } from './read-options.ts';
import { trainBenchModel, type BenchModel } from './ranking/models.ts';
import { writeCopy } from '../fixtures/write-copy.ts';

const RESAMPLES = 2000;
const PRODUCT_SEED = 303;
const FIELDS = ['social_media_caption', 'ad_copy'] as const;
const DESCRIBED = { bare: 'as bare text,    ', named: 'with its title,  ' };

interface Product {
  title: string;
  description: string;
}

/** What texts of a field of a product are worth, higher is better. */
type Judge = (product: Product, field: Field, texts: readonly string[]) => Promise<number[]>;
type Field = (typeof FIELDS)[number];

/** A field's texts with the one that would be returned, as they are ranked and as they were before. */
type Ranked = Record<Field, { texts: string[]; returned: Record<Form, string> }>;
const FORMS = ['bare', 'named'] as const;
type Form = (typeof FORMS)[number];

const values = readOptions(import.meta.url, {
  recipe: { type: 'string', default: 'full' },
  count: { type: 'string', default: '1500' },
  seeds: { type: 'string', default: '101,202' },
  products: { type: 'string', default: '500' },
  threshold: { type: 'string', default: '3.5' },
});
const threshold = Number(values.threshold);
const [rankerSeed = Number.NaN, judgeSeed = Number.NaN] = values.seeds.split(',').map(Number);
const request = { recipe: values.recipe, count: Number(values.count), threshold };
const ranker = await trainBenchModel({ ...request, seed: rankerSeed });
const judge = await trainBenchModel({ ...request, seed: judgeSeed });
requireDisjoint(ranker, judge);
for (const [name, { accuracy, dataset }] of Object.entries({ ranker, judge })) {
  console.log(
    `${name}: ${values.recipe} on ${dataset.name}, held-out accuracy ${percent(accuracy)} (Bayes on these rows ${percent(dataset.bayes?.onHoldout ?? 0)})`,
  );
}

const models = await Promise.all(
  [ranker, judge].map(({ directory }) => openClassifier(directory, { threads: 1 })),
);
const [rankerModel, judgeModel] = models;
if (rankerModel === undefined || judgeModel === undefined)
  throw new AppError('internal', 'two models are needed');
let touched = false;
try {
  const byModel: Judge = ({ title }, field, texts) =>
    scoreWith(judgeModel)(texts.map((text) => copyText({ title, field, text })));
  const byLaw: Judge = ({ description }, _, texts) =>
    Promise.resolve(
      texts.map((text) => {
        const { count, praising } = readCues(text, description);
        return positivePosterior(QUALITY_MODEL, threshold, count, praising);
      }),
    );
  const drawn = await writeAll(drawProducts(Number(values.products), [ranker, judge]));
  await report(`${drawn.length} drawn products, by the judge`, drawn, byModel, true);
  await report(`${drawn.length} drawn products, by the generator's law`, drawn, byLaw, true);
  const real = await writeAll(readRealProducts());
  if (real.length > 0) await report(`${real.length} real products, by the judge`, real, byModel, false);
  const reviews = await writeAll(readReviews(Number(values.products)));
  if (reviews.length > 0)
    await report(`${reviews.length} clothing reviews, by the judge`, reviews, byModel, false);
} finally {
  for (const model of models) await model.close();
}
if (touched) process.exitCode = 1;

/** Texts by the templates; the ranker takes the best as it does when it serves, and of the bare texts. */
async function writeAll(products: readonly Product[]): Promise<{ product: Product; ranked: Ranked }[]> {
  const copywriter = createCopywriter({ channels: loadChannels() });
  const score = scoreWith(rankerModel as Classifier);
  const written = [];
  for (const product of products) {
    const copy = await writeCopy(copywriter, product, score);
    const ranked = {} as Ranked;
    for (const field of FIELDS) {
      const texts = (copy.alternatives[field] ?? []).map(({ text }) => text);
      const bare = await score(texts);
      ranked[field] = {
        texts,
        returned: { named: copy[field], bare: texts[bare.indexOf(Math.max(...bare))] ?? '' },
      };
    }
    written.push({ product, ranked });
  }
  return written;
}

function scoreWith(model: Classifier): (texts: readonly string[]) => Promise<number[]> {
  return async (texts) => [...(await model.score(texts))];
}

async function report(
  name: string,
  written: readonly { product: Product; ranked: Ranked }[],
  judgeOf: Judge,
  isPromised: boolean,
): Promise<void> {
  console.log(`\n${name}`);
  for (const field of FIELDS) {
    const judged = [];
    for (const { product, ranked } of written) {
      const { texts, returned } = ranked[field];
      judged.push({ texts, returned, worth: await judgeOf(product, field, texts) });
    }
    for (const form of FORMS) {
      const pairs = judged.map(({ texts, returned, worth }) => ({
        returned: worth[texts.indexOf(returned[form])] ?? Number.NaN,
        random: mean(worth),
      }));
      const differences = pairs.map(({ returned, random }) => returned - random);
      const [low, high] = bootstrapInterval(differences);
      const better = differences.filter((difference) => difference > 0).length / differences.length;
      console.log(
        `  ${field.padEnd(21)} ${DESCRIBED[form]} returned ${mean(pairs.map((pair) => pair.returned)).toFixed(4)}, random ${mean(pairs.map((pair) => pair.random)).toFixed(4)}: ` +
          `difference ${mean(differences).toFixed(4)}, 95 % interval ${low.toFixed(4)} to ${high.toFixed(4)}; better for ${percent(better)} of products`,
      );
      if (isPromised && form === 'named' && !(low > 0)) {
        touched = true;
        console.error(`  ${field}: the interval touches 0`);
      }
    }
  }
}

function bootstrapInterval(differences: readonly number[]): [number, number] {
  const random = createRandom(1);
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < differences.length; i += 1) sum += differences[random.below(differences.length)] ?? 0;
    return sum / differences.length;
  }).toSorted((a, b) => a - b);
  return [means[Math.floor(0.025 * RESAMPLES)] ?? 0, means[Math.ceil(0.975 * RESAMPLES) - 1] ?? 0];
}

function drawProducts(count: number, trained: readonly BenchModel[]): Product[] {
  const seen = new Set(trained.flatMap(({ dataset }) => contentsOf(dataset)));
  return [...generateRecords({ count, seed: PRODUCT_SEED })].filter(
    ({ title, description }) => !seen.has(hashContent(title, description).toString('hex')),
  );
}

function requireDisjoint(first: BenchModel, second: BenchModel): void {
  const seen = new Set(contentsOf(first.dataset));
  const shared = contentsOf(second.dataset).filter((content) => seen.has(content)).length;
  if (shared > 0)
    throw new AppError('bad-data', `ranker and judge share ${shared} records: choose other --seeds`);
}

function contentsOf({ rows }: BenchModel['dataset']): string[] {
  return Object.values(rows)
    .flat()
    .map(({ title, description }) => hashContent(title, description).toString('hex'));
}

function readRealProducts(): Product[] {
  const file = findBenchData('products.json');
  if (file === undefined) return [];
  return z
    .array(z.object({ title: z.string(), description: z.string() }))
    .parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** The first reviews that have a title: what a record without a product's description looks like. */
function readReviews(count: number): Product[] {
  const file = findBenchData('clothing-reviews.csv');
  if (file === undefined) return [];
  const rows = parse(readFileSync(file), { columns: true, to: 2 * count });
  return z
    .array(z.object({ Title: z.string(), 'Review Text': z.string() }))
    .parse(rows)
    .map(({ Title, 'Review Text': text }) => ({ title: Title, description: text }))
    .filter(({ title, description }) => title !== '' && description !== '')
    .slice(0, count);
}

function mean(list: readonly number[]): number {
  return list.reduce((sum, value) => sum + value, 0) / list.length;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
