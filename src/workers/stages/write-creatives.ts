/**
 * The creatives of a group of products: each is written by itself, all that needs a score is scored in one
 * call.
 */
import { setImmediate } from 'node:timers/promises';
import { classifierText } from '../../core/classifier-text.ts';
import { AppError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/ids.ts';
import { createRandom } from '../../core/random.ts';
import { renderBrandRef, type Chance, type Copy, type Copywriter, type Draft } from '../../copy/index.ts';
import type { Fault, Product, TableRow } from '../../data/index.ts';
import { propensityColumn } from '../../queues/index.ts';
import { createTextPolicy, type PolicyKnowledge } from '../../serving/index.ts';
import type { JobContext } from '../loop/context.ts';

/** Scores texts in their order. */
export type ScoreBatch = (texts: readonly string[], signal: AbortSignal) => Promise<number[]>;

export type CreativeResult = { line: number; creative: TableRow } | { line: number; fault: Fault };

export interface Predicting {
  score: ScoreBatch;
  copywriter: Copywriter;
  job: JobContext['job'];
  signal: AbortSignal;
  /** By what texts are drawn; the best are taken without it. */
  policy?: PolicyKnowledge | undefined;
}

type NumberedProduct = Product & { line: number; nth?: number | undefined };

/** A product with what was written for it, or why nothing can be. */
type Written = { product: NumberedProduct } & ({ draft: Draft } | { fault: Fault });

/** Products written before the event loop may turn: whoever shares it waits no longer than for these. */
const WRITTEN_AT_ONCE = 8;

/**
 * @throws what scoring throws, and what writing throws but for a product that no copy can be written for,
 *   which becomes a fault
 */
export async function writeCreatives(
  products: readonly NumberedProduct[],
  { score, copywriter, job, signal, policy }: Predicting,
): Promise<CreativeResult[]> {
  const written = await proposeAll(
    products,
    ({ title, description, brand, language, price, currency, attributes }) =>
      copywriter.propose({
        ...job.options,
        title,
        description,
        price,
        currency,
        attributes,
        recordBrand: brand,
        recordLanguage: language,
        jobId: job.id,
        signal,
      }),
  );
  const texts = written.flatMap((each) =>
    'draft' in each ? [classifierText(each.product), ...each.draft.texts] : [],
  );
  const scores = await score(texts, signal);
  let at = 0;
  return written.map((each): CreativeResult => {
    const { line } = each.product;
    if ('fault' in each) return { line, fault: each.fault };
    const [confidence = Number.NaN, ...own] = scores.slice(at, (at += 1 + each.draft.texts.length));
    const chance = policy && chanceOf(each.product, policy, job);
    const copy = copywriter.choose(each.draft, own, chance);
    return { line, creative: toRow(each.product, copy, confidence, job) };
  });
}

/** A line of a catalogue is drawn alike whenever, and by whomever, it is predicted with the same seed. */
function chanceOf(product: NumberedProduct, policy: PolicyKnowledge, { options }: JobContext['job']): Chance {
  const seed = Number.parseInt(sha256Hex(`${options.seed ?? 0}.${product.line}`).slice(0, 8), 16);
  return { policy: createTextPolicy(policy, product), random: createRandom(seed) };
}

/**
 * All at the same time, since a writer may have to wait; in the order of `products` whoever is ready first,
 * for batches must not depend on it.
 */
async function proposeAll(
  products: readonly NumberedProduct[],
  propose: (product: NumberedProduct) => Promise<Draft>,
): Promise<Written[]> {
  const write = async (product: NumberedProduct): Promise<Written> => {
    try {
      return { product, draft: await propose(product) };
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'invalid-input') throw thrown;
      return { product, fault: { field: 'product', value: product.title, reason: thrown.message } };
    }
  };
  const written: Promise<Written>[] = [];
  for (const [index, product] of products.entries()) {
    const result = write(product);
    // Awaited below; a failure before that must not count as unhandled.
    result.catch(() => undefined);
    written.push(result);
    if (index % WRITTEN_AT_ONCE === WRITTEN_AT_ONCE - 1) await setImmediate();
  }
  return await Promise.all(written);
}

function toRow(
  product: NumberedProduct,
  copy: Copy,
  confidence: number,
  { model, options }: JobContext['job'],
): TableRow {
  const { line, nth, id, category, title, description } = product;
  return {
    line,
    ...(nth !== undefined && { nth }),
    id,
    category,
    title,
    description,
    confidence_score: confidence,
    social_media_caption: copy.social_media_caption,
    hashtags: copy.hashtags,
    ad_copy: copy.ad_copy,
    writer: copy.writer,
    fallback: copy.fallback,
    model_version: model.version,
    ...(options.columns.some((column) => column.name === 'brand') && {
      brand: copy.brand === undefined ? null : renderBrandRef(copy.brand),
    }),
    ...Object.fromEntries(
      Object.entries(copy.channels).flatMap(([channel, fields]) =>
        Object.entries(fields).map(([field, value]) => [`${channel}.${field}`, value]),
      ),
    ),
    ...(options.policy === 'explore' && describePropensities(copy)),
  };
}

/** Of the returned text of each field; where there was nothing to choose it was certain. */
function describePropensities({ alternatives, channels }: Copy): TableRow {
  const isList = (field: string): boolean => {
    const [channel = '', name = ''] = field.split('.');
    return Array.isArray(channels[channel]?.[name]);
  };
  return Object.fromEntries(
    Object.entries(alternatives)
      .filter(([field]) => !isList(field))
      .map(([field, texts]) => [propensityColumn(field), texts[0]?.propensity ?? 1]),
  );
}
