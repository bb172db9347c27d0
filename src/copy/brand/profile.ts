/**
 * A brand profile: how a brand speaks, as data. Its voice goes to writers that can follow one; whatever can
 * be checked is checked of every writer's text (`rules.ts`).
 */
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { plainText } from '../../core/plain-text.ts';

const BRAND_NAME = /^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$/;
const brandName = z.string().regex(BRAND_NAME, 'only a-z, 0-9 and -, at most 60 characters');
/** `acme` is its newest version, `acme@3` its third. */
export const brandRefSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?(?:@[1-9]\d{0,8})?$/, 'NAME or NAME@VERSION is needed');

const MAX_ENTRIES = 200;
const phrase = plainText(200).refine((text) => /[\p{L}\p{N}]/u.test(text), 'must hold a letter or a number');
const advice = z.array(plainText(500)).max(50);
const field = z.string().min(1).max(100);
const count = z.int().min(0).max(100);

const replacement = z.strictObject({
  /** The word or phrase that the brand does not use, whatever its case. */
  avoid: phrase,
  /** What it says instead; without it a text that holds the word is refused. */
  say: phrase.optional(),
});

interface PlacedText {
  text: string;
  fields?: string[] | undefined;
}

/** What a text of some fields must hold. */
const placed = z.union([
  phrase.transform((text): PlacedText => ({ text })),
  z.strictObject({
    text: phrase,
    /** Fields (`x.text`) or channels (`x`); without them the fields that hold whole sentences. */
    fields: z.array(field).min(1).max(50).optional(),
  }),
]);

function isIn(phrase: string, text: string): boolean {
  return ` ${text.toLowerCase()} `.includes(` ${phrase.toLowerCase()} `);
}

/** The rules that a program can check, each with the value that means "anything goes". */
const rules = {
  vocabulary: z
    .array(replacement)
    .max(MAX_ENTRIES)
    .refine(
      (list) => !list.some(({ say }) => say !== undefined && list.some(({ avoid }) => isIn(avoid, say))),
      'what is said instead holds a word that is avoided',
    ),
  person: z.strictObject({
    /** How the brand speaks of itself: `we`, or by its name (neither `I` nor `we`). */
    brand: z.enum(['we', 'name', 'any']).default('any'),
    /** Whether the reader is addressed: `you`, or nobody. */
    reader: z.enum(['you', 'nobody', 'any']).default('any'),
  }),
  readingLevel: z.strictObject({
    maxSentenceWords: z.int().min(3).max(100).optional(),
    /** LIX: words a sentence plus the percentage of words over six letters; 30 is easy, 50 is demanding. */
    maxLix: z.int().min(10).max(100).optional(),
  }),
  /** Emoji in one text. */
  maxEmoji: count,
  capitals: z.strictObject({
    /** Whether words may stand in capitals that do not so in the record. */
    words: z.boolean().default(true),
    headlines: z.enum(['title', 'sentence', 'any']).default('any'),
  }),
  punctuation: z.strictObject({
    maxExclamationMarks: count.optional(),
    /** Characters that no text holds: `…`, `;`. */
    banned: z.array(z.string().min(1).max(3)).max(20).default([]),
  }),
  bannedPhrases: z.array(phrase).max(MAX_ENTRIES),
  /** Each stands in every text of its fields: where a writer left it out, at the end. */
  requiredPhrases: z.array(placed).max(10),
  /** Put after every text of its fields and counted with it. */
  disclaimers: z.array(placed).max(5),
};
const rulesSchema = z.strictObject(rules).partial();

export const brandProfileSchema = z.strictObject({
  /** The brand as people write it. */
  title: plainText(200).optional(),
  /** What the records' own field `brand` may call it, whatever its case; the title is one of them. */
  aliases: z.array(plainText(200)).max(20).default([]),
  voice: plainText(2000).default(''),
  do: advice.default([]),
  dont: advice.default([]),
  ...rulesSchema.shape,
  /** Texts as the brand would have them, by field (`x.text`) or channel. */
  examples: z
    .array(z.strictObject({ field, text: plainText(2000) }))
    .max(100)
    .default([]),
  /** Where a channel deviates: each rule that stands here takes the place of the brand's. */
  channels: z
    .record(z.string().min(1).max(60), rulesSchema.extend({ voice: plainText(2000).optional() }))
    .default({}),
});

export type BrandProfile = z.infer<typeof brandProfileSchema>;
export type BrandRuleSet = z.infer<typeof rulesSchema>;

/** One version of a brand's profile. */
export interface Brand {
  name: string;
  version: number;
  profile: BrandProfile;
}

/** @throws AppError `invalid-input` naming the key and what is allowed there */
export function parseBrandProfile(document: unknown): BrandProfile {
  const parsed = brandProfileSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new AppError(
    'invalid-input',
    `the brand profile cannot be used: ${where === '' ? '' : `${where}: `}${issue?.message ?? 'invalid'}`,
    { details: { field: where } },
  );
}

/** @throws AppError `invalid-input` */
export function parseBrandName(name: string): string {
  const parsed = brandName.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid-input', `the brand is called "${name}": ${parsed.error.issues[0]?.message}`, {
    details: { field: 'name' },
  });
}

/** Whether a record that calls its brand so means this one. */
export function isCalled({ name, profile }: Brand, called: string): boolean {
  const toKey = (text: string): string => text.normalize('NFKC').trim().toLowerCase();
  const key = toKey(called);
  return [name, ...(profile.title === undefined ? [] : [profile.title]), ...profile.aliases].some(
    (each) => toKey(each) === key,
  );
}

export function renderBrandRef({ name, version }: { name: string; version: number }): string {
  return `${name}@${version}`;
}

export function noSuchBrand(name: string, version?: number): AppError {
  return new AppError(
    'not-found',
    `there is no brand ${name}${version === undefined ? '' : ` of version ${version}`}: "copyloop brands" lists them`,
    { details: { field: 'brand' } },
  );
}
