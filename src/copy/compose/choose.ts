/** From checked texts and their scores to the copy that is returned. */
import type { WriterName } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import type { Random } from '../../core/random.ts';
import { draw } from '../../learning/index.ts';
import type { Brand } from '../brand/index.ts';
import type { Refusal, WriterNote } from './collect-texts.ts';
import type { AcceptedText } from './field-texts.ts';
import type { FieldPlan } from './plan-fields.ts';

export interface ScoredText {
  text: string;
  /** The score of this very text; null when nothing was scored (`count: 1`). */
  score: number | null;
  /** Probability with which the policy chose this text; absent where the best was taken. */
  propensity?: number;
  /** Whose model wrote it; absent for texts of templates. */
  writer?: WriterName;
}

/**
 * How the text of a field is chosen by chance.
 * @returns the probability of each text, in their order
 */
export type TextPolicy = (field: string, texts: readonly { text: string; score: number }[]) => Float64Array;

/** A channel's fields by name: one text, or the list of texts of a list field (Google's headlines). */
export type ChannelCopy = Record<string, string | string[]>;

export interface Copy {
  /** Fits the tightest post field of all channels (X), also with the first two hashtags after it. */
  social_media_caption: string;
  hashtags: string[];
  /** Fits the tightest ad field of all channels. */
  ad_copy: string;
  channels: Record<string, ChannelCopy>;
  /**
   * Every text that passed the checks, best first, but the returned one before all others; channel fields as
   * `x.text`.
   */
  alternatives: Record<string, ScoredText[]>;
  /** Who wrote the caption. */
  writer: WriterName;
  /** Why another than the first writer wrote some of the texts, or null. */
  fallback: string | null;
  /** Whose rules the texts keep, in which version; absent where no brand was named. */
  brand?: { name: string; version: number };
  /** What language models did for it; absent where none was asked. */
  authors?: WriterNote[];
  /** What else the reader should know of the copy; absent where there is nothing. */
  notes?: string[];
}

/** What was written for one request: checked, not yet chosen from. */
export interface Draft {
  /**
   * What `choose` needs scores of: the fields' texts as a classifier reads them; empty with `count: 1`, where
   * there is nothing to choose from.
   */
  readonly texts: readonly string[];
  readonly fields: readonly DraftField[];
  readonly hashtags: readonly string[];
  readonly fallback: string | null;
  readonly notes: readonly string[];
  readonly brand: Brand | undefined;
  /** What language models did for it, one entry for each request that one took. */
  readonly authors: readonly WriterNote[];
  /** What was proposed and may not leave. */
  readonly refusals: readonly Refusal[];
}

/** The texts of one field, as they would be returned. */
export interface DraftField {
  plan: FieldPlan;
  texts: readonly AcceptedText[];
}

export interface Chance {
  policy: TextPolicy;
  random: Random;
}

type RankedText = ScoredText & { writer: WriterName };

/** @throws AppError `internal` unless there is one finite score for each of `draft.texts`. */
export function chooseCopy(
  { texts, fields, hashtags, fallback, notes, brand, authors }: Draft,
  scores: readonly number[],
  chance?: Chance,
): Copy {
  if (scores.length !== texts.length || !scores.every(Number.isFinite)) {
    throw new AppError(
      'internal',
      `a draft of ${texts.length} texts was given ${scores.length} scores, or one that is not a number`,
    );
  }
  const best = rank(fields, texts.length === 0 ? undefined : scores);
  const ranked =
    chance === undefined || texts.length === 0
      ? best
      : best.map((list, index) => drawFirst(list, fields[index]?.plan, chance));
  const [caption, ad] = ranked;
  const copy: Copy = {
    social_media_caption: caption?.[0]?.text ?? '',
    hashtags: [...hashtags],
    ad_copy: ad?.[0]?.text ?? '',
    channels: {},
    alternatives: {},
    writer: caption?.[0]?.writer ?? 'templates',
    fallback,
    ...(brand !== undefined && { brand: { name: brand.name, version: brand.version } }),
    ...(authors.length > 0 && { authors: [...authors] }),
    ...(notes.length > 0 && { notes: [...notes] }),
  };
  for (const [index, { plan }] of fields.entries()) {
    const list = ranked[index] ?? [];
    copy.alternatives[plan.request.name] = list.map(({ text, score, propensity, writer }) => ({
      text,
      score,
      ...(writer !== 'templates' && { writer }),
      ...(propensity !== undefined && { propensity }),
    }));
    if (plan.place === undefined) continue;
    const { channel, field } = plan.place;
    const values = (copy.channels[channel] ??= {});
    values[field] = plan.isList ? list.slice(0, plan.keep).map(({ text }) => text) : (list[0]?.text ?? '');
  }
  return copy;
}

/** Every field's texts, best first; equal scores keep the order of writing. */
function rank(fields: readonly DraftField[], scores: readonly number[] | undefined): RankedText[][] {
  if (scores === undefined) return fields.map(({ texts }) => texts.map((text) => ({ ...text, score: null })));
  let at = 0;
  return fields.map(({ texts }) => {
    const scored = texts.map((text) => ({ ...text, score: scores[at++] ?? 0 }));
    return scored.toSorted((a, b) => b.score - a.score);
  });
}

/** With the drawn text before the others, which stay in their order. */
function drawFirst(
  list: readonly RankedText[],
  plan: FieldPlan | undefined,
  { policy, random }: Chance,
): RankedText[] {
  if (plan === undefined || plan.isList) return [...list];
  const propensities = policy(
    plan.request.name,
    list.map(({ text, score }) => ({ text, score: score ?? 0 })),
  );
  const drawn = draw(propensities, random);
  const all = list.map((text, index) => ({ ...text, propensity: propensities[index] ?? 0 }));
  return [...all.slice(drawn, drawn + 1), ...all.slice(0, drawn), ...all.slice(drawn + 1)];
}
