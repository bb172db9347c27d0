/**
 * The creatives of a group of products: each is written by itself, all that needs a score is scored in one
 * call.
 */
import { setImmediate } from 'node:timers/promises';
import { classifierText } from '../../core/classifier-text.ts';
import { AppError } from '../../core/errors.ts';
import { renderBrandRef, type Copy, type Copywriter, type Draft } from '../../copy/index.ts';
import type { Fault, Product, TableRow } from '../../data/index.ts';
import type { JobContext } from '../loop/context.ts';

/** Scores texts in their order. */
export type ScoreBatch = (texts: readonly string[], signal: AbortSignal) => Promise<number[]>;

export type CreativeResult = { line: number; creative: TableRow } | { line: number; fault: Fault };

interface Predicting {
  score: ScoreBatch;
  copywriter: Copywriter;
  job: JobContext['job'];
  signal: AbortSignal;
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
  { score, copywriter, job, signal }: Predicting,
): Promise<CreativeResult[]> {
  const written = await proposeAll(products, ({ title, description, brand }) =>
    copywriter.propose({ ...job.options, title, description, recordBrand: brand, signal }),
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
    return { line, creative: toRow(each.product, copywriter.choose(each.draft, own), confidence, job) };
  });
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
  };
}
