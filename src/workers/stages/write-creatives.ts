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
import { renderTextId, type Fault, type Product, type TableRow } from '../../data/index.ts';
import { jobPredictionId, propensityColumn, textIdColumn, type JobCreative } from '../../queues/index.ts';
import { createTextPolicy, type PolicyKnowledge } from '../../serving/index.ts';
import type { JobContext } from '../loop/context.ts';

/** Scores texts in their order. */
export type ScoreBatch = (texts: readonly string[], signal: AbortSignal) => Promise<number[]>;

export type CreativeResult =
  | { line: number; creative: TableRow; /** Where texts have ids. */ kept?: JobCreative }
  | { line: number; fault: Fault };

export interface Predicting {
  score: ScoreBatch;
  copywriter: Copywriter;
  job: JobContext['job'];
  shard: number;
  signal: AbortSignal;
  /** By what texts are drawn; the best are taken without it. */
  policy?: PolicyKnowledge | undefined;
}

type NumberedProduct = Product & { line: number; nth?: number | undefined; /** Of its shard. */ row: number };

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
  { score, copywriter, job, shard, signal, policy }: Predicting,
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
    const creative = toRow(each.product, copy, confidence, job);
    if (!job.options.textIds) return { line, creative };
    const id = jobPredictionId(job.id, shard, each.product.row);
    return {
      line,
      creative: { ...creative, ...nameTexts(id, copy) },
      kept: toKept(each.product, { id, copy, confidence }, job),
    };
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
function describePropensities(copy: Copy): TableRow {
  const counts = countReturned(copy);
  return Object.fromEntries(
    Object.entries(copy.alternatives)
      .filter(([field]) => counts[field] === null)
      .map(([field, texts]) => [propensityColumn(field), texts[0]?.propensity ?? 1]),
  );
}

/** The returned texts are the first of a field's alternatives. */
function nameTexts(predictionId: string, copy: Copy): TableRow {
  return Object.fromEntries(
    Object.entries(countReturned(copy)).map(([field, count]) => {
      const idOf = (place: number): string => renderTextId({ predictionId, field, place });
      return [
        textIdColumn(field),
        count === null ? idOf(0) : Array.from({ length: count }, (_, i) => idOf(i)),
      ];
    }),
  );
}

/** By field; null where it is one text and no list. */
function countReturned({ alternatives, channels }: Copy): Record<string, number | null> {
  return Object.fromEntries(
    Object.keys(alternatives).map((field) => {
      const [channel = '', name = ''] = field.split('.');
      const returned = channels[channel]?.[name];
      return [field, Array.isArray(returned) ? returned.length : null];
    }),
  );
}

/** What was drawn is kept with all that might have been; of the best texts the others tell nothing. */
function toKept(
  { line, category, title, description }: NumberedProduct,
  { id, copy, confidence }: { id: string; copy: Copy; confidence: number },
  { id: job, model, options }: JobContext['job'],
): JobCreative {
  const isDrawn = options.policy === 'explore';
  const counts = countReturned(copy);
  const alternatives = Object.entries(copy.alternatives).map(([field, texts]) => [
    field,
    isDrawn ? texts : texts.slice(0, counts[field] ?? 1),
  ]);
  return {
    id,
    title,
    description,
    request: { job, line, category },
    response: {
      alternatives: Object.fromEntries(alternatives) as JobCreative['response']['alternatives'],
      ...(isDrawn && { policy: 'explore' }),
    },
    copy_text: copy.ad_copy,
    confidence_score: confidence,
    model_name: model.name,
    model_version: model.version,
    writer: copy.writer,
  };
}
