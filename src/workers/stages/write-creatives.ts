/** The creatives of a group of products: each is written by itself, all that needs a score is scored in one call. */
import { AppError } from '../../core/errors.ts';
import type { Copy, Copywriter, CopyRequest } from '../../copy/index.ts';
import type { Fault, Product, TableRow } from '../../data/index.ts';
import { classifierText } from '../../ml/index.ts';
import type { ScoreBatch, StepContext } from '../loop/step-context.ts';

export type CreativeResult = { line: number; creative: TableRow } | { line: number; fault: Fault };

interface Order {
  score: ScoreBatch;
  copywriter: Copywriter;
  job: StepContext['job'];
  signal: AbortSignal;
}

/** Products written before the event loop may turn: whoever shares it waits no longer than for these. */
const WRITTEN_AT_ONCE = 8;

/** @throws what scoring throws, and what writing throws but for a product that no copy can be written for, which becomes a fault */
export async function writeCreatives(
  products: readonly (Product & { line: number })[],
  { score, copywriter, job, signal }: Order,
): Promise<CreativeResult[]> {
  const scoring = createJointScoring(products.length, (texts) => score(texts, signal));
  const write = async (product: Product & { line: number }, index: number): Promise<CreativeResult> => {
    const { line } = product;
    const own = classifierText(product);
    let confidence: number | undefined;
    try {
      const copy = await copywriter.write(toRequest(product, job.options, signal), async (texts) => {
        const [first, ...scores] = await scoring.add(index, [own, ...texts]);
        confidence = first;
        return scores;
      });
      // With one candidate there is nothing to rank: only the product itself is scored.
      if (confidence === undefined) [confidence] = await scoring.add(index, [own]);
      return { line, creative: toRow(product, copy, confidence ?? Number.NaN, job) };
    } catch (thrown) {
      scoring.leave(index);
      if (!(thrown instanceof AppError) || thrown.code !== 'invalid-input') throw thrown;
      return { line, fault: { field: 'product', value: product.title, reason: thrown.message } };
    }
  };
  const written: Promise<CreativeResult>[] = [];
  for (const [index, product] of products.entries()) {
    const result = write(product, index);
    result.catch(() => undefined);
    written.push(result);
    if (index % WRITTEN_AT_ONCE === WRITTEN_AT_ONCE - 1)
      await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return await Promise.all(written);
}

interface JointScoring {
  /** Scores of a member's texts, once every member has said what it needs. */
  add(member: number, texts: readonly string[]): Promise<number[]>;
  /** The member needs no scores, or no more. */
  leave(member: number): void;
}

/** Texts stand in the order of the members, whoever is ready first: what is scored together must not depend on chance. */
function createJointScoring(
  members: number,
  score: (texts: readonly string[]) => Promise<number[]>,
): JointScoring {
  const texts = Array.from({ length: members }, (): readonly string[] => []);
  const heard = new Set<number>();
  let begin: (scores: Promise<number[]>) => void = () => undefined;
  const all = new Promise<number[]>((resolve) => (begin = resolve));
  // Every member may have left, or failed for a reason of its own, before the scores fail.
  all.catch(() => undefined);
  const hear = (member: number): void => {
    if (heard.has(member)) return;
    heard.add(member);
    if (heard.size === members) begin(score(texts.flat()));
  };
  return {
    add: async (member, own) => {
      texts[member] = own;
      hear(member);
      const scores = await all;
      const start = texts.slice(0, member).reduce((sum, list) => sum + list.length, 0);
      return scores.slice(start, start + own.length);
    },
    leave: hear,
  };
}

function toRequest(
  { title, description }: Product,
  options: StepContext['job']['options'],
  signal: AbortSignal,
): CopyRequest {
  const { channels, count, tone, audience, keywords, bannedWords, seed } = options;
  return {
    title,
    description,
    channels,
    count,
    signal,
    ...(tone !== undefined && { tone }),
    ...(audience !== undefined && { audience }),
    ...(keywords !== undefined && { keywords }),
    ...(bannedWords !== undefined && { bannedWords }),
    ...(seed !== undefined && { seed }),
  };
}

function toRow(
  product: Product & { line: number },
  copy: Copy,
  confidence: number,
  { model }: StepContext['job'],
): TableRow {
  const { line, id, category, title, description } = product;
  return {
    line,
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
    ...Object.fromEntries(
      Object.entries(copy.channels).flatMap(([channel, fields]) =>
        Object.entries(fields).map(([field, value]) => [`${channel}.${field}`, value]),
      ),
    ),
  };
}
