/** Several writers on the same products: what each wrote, what was refused of it, and what it took. */
import { classifierText } from '../core/classifier-text.ts';
import type { Copywriter } from '../copy/index.ts';
import type { Product } from '../data/index.ts';

export interface ComparedText {
  field: string;
  text: string;
  /** The champion's; null where there is none. */
  score: number | null;
}

export interface ComparedCopy {
  /** The best text of each field, of whoever wrote it. */
  texts: ComparedText[];
  refused: { field: string; text: string; reason: string }[];
  /** Why another wrote some of them, or null. */
  fallback: string | null;
}

export interface WriterSummary {
  writer: string;
  products: number;
  /** Of all texts, those that the writer itself wrote. */
  ownShare: number;
  /** Of what it proposed, what was refused. */
  refusedShare: number;
  /** Different pairs of words among all pairs, over the captions; 0 where there are none. */
  diversity: number;
  /** Of the best texts; null without a champion. */
  meanScore: number | null;
  seconds: number;
  tokens: number;
  cost: number | null;
  currency: string | null;
}

export interface ComparedWriter {
  summary: WriterSummary;
  /** In the order of the products. */
  copies: ComparedCopy[];
}

export type ScoreTexts = (texts: readonly string[], signal: AbortSignal) => Promise<number[]>;

export async function tryWriter(
  writer: string,
  copywriter: Copywriter,
  products: readonly Product[],
  options: {
    request: Omit<Parameters<Copywriter['propose']>[0], 'title' | 'description'>;
    score: ScoreTexts | undefined;
    signal: AbortSignal;
  },
): Promise<ComparedWriter> {
  const { request, score, signal } = options;
  const copies: ComparedCopy[] = [];
  const captions: string[] = [];
  const scores: number[] = [];
  const counted = { own: 0, texts: 0, refused: 0, tokens: 0, ms: 0, cost: 0, isPriced: false };
  let currency: string | null = null;
  for (const { title, description } of products) {
    const begunMs = performance.now();
    const draft = await copywriter.propose({ ...request, title, description, signal });
    counted.ms += performance.now() - begunMs;
    const given =
      score === undefined || draft.texts.length === 0
        ? undefined
        : (await score([classifierText({ title, description }), ...draft.texts], signal)).slice(1);
    const copy = copywriter.choose(draft, given ?? draft.texts.map(() => 0));
    const own = draft.fields.flatMap(({ texts }) => texts.map((text) => text.writer === writer));
    counted.texts += own.length;
    counted.own += own.filter(Boolean).length;
    const refused = draft.refusals.filter((refusal) => refusal.writer === writer);
    counted.refused += refused.length;
    for (const author of draft.authors) {
      counted.tokens += author.promptTokens + author.completionTokens;
      if (author.cost === null) continue;
      counted.cost += author.cost;
      counted.isPriced = true;
      currency = author.currency;
    }
    const texts = Object.entries(copy.alternatives).flatMap(([field, [best]]): ComparedText[] =>
      best === undefined ? [] : [{ field, text: best.text, score: given === undefined ? null : best.score }],
    );
    captions.push(copy.social_media_caption);
    scores.push(...texts.flatMap((text) => text.score ?? []));
    copies.push({ texts, refused, fallback: copy.fallback });
  }
  return {
    summary: {
      writer,
      products: products.length,
      ownShare: shareOf(counted.own, counted.texts),
      refusedShare: shareOf(counted.refused, counted.own + counted.refused),
      diversity: measureDiversity(captions),
      meanScore: scores.length === 0 ? null : scores.reduce((sum, each) => sum + each, 0) / scores.length,
      seconds: counted.ms / 1000,
      tokens: counted.tokens,
      cost: counted.isPriced ? counted.cost : null,
      currency,
    },
    copies,
  };
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** Exported for its test. */
export function measureDiversity(texts: readonly string[]): number {
  const pairs = texts.flatMap((text) => {
    const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
    return words.slice(1).map((word, at) => `${words[at]} ${word}`);
  });
  return shareOf(new Set(pairs).size, pairs.length);
}

/** What every writer must keep to; a limit that is left out holds nothing. */
export interface ComparisonLimits {
  maxRefused?: number | undefined;
  minOwn?: number | undefined;
  minDiversity?: number | undefined;
  minScore?: number | undefined;
  maxCost?: number | undefined;
  maxSeconds?: number | undefined;
}

/** In words, for each limit that a writer does not keep. */
export function findBreaches(summaries: readonly WriterSummary[], limits: ComparisonLimits): string[] {
  return summaries.flatMap((summary) => {
    const breach = (
      what: string,
      seen: number | null,
      limit: number | undefined,
      isMost: boolean,
    ): string[] => {
      if (limit === undefined) return [];
      if (seen === null) return [`${summary.writer}: ${what} is not known; the limit is ${limit}`];
      if (isMost ? seen <= limit : seen >= limit) return [];
      return [
        `${summary.writer}: ${what} is ${Number(seen.toPrecision(4))}; ${isMost ? 'at most' : 'at least'} ${limit} is asked for`,
      ];
    };
    return [
      ...breach('the share of refused texts', summary.refusedShare, limits.maxRefused, true),
      ...breach('the share of its own texts', summary.ownShare, limits.minOwn, false),
      ...breach('the diversity', summary.diversity, limits.minDiversity, false),
      ...breach('the mean score', summary.meanScore, limits.minScore, false),
      ...breach('the cost', summary.cost, limits.maxCost, true),
      ...breach('the time in seconds', summary.seconds, limits.maxSeconds, true),
    ];
  });
}
