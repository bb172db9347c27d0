/** The one gate that every text passes before it may leave, whoever wrote it. */
import { foldText, withoutEmoji } from '../brief/index.ts';
import { findUnsupportedClaim, type ClaimSource } from './claims.ts';
import { createWordFinder, type WordFinder } from './word-finder.ts';

const REFUSALS = [
  'empty',
  'over-limit',
  'banned-word',
  'unsupported-claim',
  'invalid-text',
  'not-plain',
  'duplicate',
  'brand-rule',
  'stray',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** What a check holds against a text. */
export interface Finding {
  refusal: Refusal;
  /** In words, for people. */
  reason: string;
}

export interface CheckRules {
  fits: (text: string) => boolean;
  plain: boolean;
  banned: BannedWords;
  source: ClaimSource;
}

export type BannedWords = (folded: string) => string | undefined;

/**
 * Finds banned words and phrases (already folded) as whole words, or anywhere in a hashtag; of several the
 * first in the list.
 */
export function createBannedWords(words: readonly string[]): BannedWords {
  if (words.length === 0) return () => undefined;
  const phrases = createWordFinder(words.map((word) => evenSpaces(word).trim()));
  let compacts: WordFinder | undefined;
  return (folded) => {
    const found = [phrases.first(evenSpaces(folded), isWhole)];
    if (folded.includes('#')) {
      compacts ??= createWordFinder(words.map((word) => word.replaceAll(/[^\p{L}\p{N}]/gu, '')));
      for (const [, tag = ''] of folded.matchAll(HASHTAG)) found.push(compacts.first(tag));
    }
    const indexes = found.filter((index) => index >= 0);
    return indexes.length === 0 ? undefined : words[Math.min(...indexes)];
  };
}

const HASHTAG = /#([\p{L}\p{M}\p{N}_]+)/gu;
const UNEVEN = /[^\S ]| {2}/u;
const ENDS_IN_WORD = /[\p{L}\p{N}]$/u;
const BEGINS_IN_WORD = /^[\p{L}\p{N}]/u;

/** A phrase stands there whatever white space is between its words. */
function evenSpaces(text: string): string {
  return UNEVEN.test(text) ? text.replaceAll(/\s+/gu, ' ') : text;
}

function isWhole(text: string, begin: number, end: number): boolean {
  return (
    !BEGINS_IN_WORD.test(text.slice(end, end + 2)) &&
    !ENDS_IN_WORD.test(text.slice(Math.max(0, begin - 2), begin))
  );
}

const LETTER_OR_NUMBER = /[\p{L}\p{N}]/u;
const FORBIDDEN =
  /(?![\n\u200c\u200d])[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u;

/**
 * Why `text` may not leave, or undefined when it may. Duplicates are the caller's to see: they are a matter
 * of the whole list.
 */
export function checkText(text: string, rules: CheckRules): Finding | undefined {
  if (!LETTER_OR_NUMBER.test(text)) return { refusal: 'empty', reason: 'it holds no letter and no number' };
  if (FORBIDDEN.test(text))
    return { refusal: 'invalid-text', reason: 'it holds a control, invisible or unassigned character' };
  if (!rules.fits(text))
    return { refusal: 'over-limit', reason: `its ${text.length} characters are over the field's limit` };
  if (rules.plain && (text.includes('!') || withoutEmoji(text) !== text)) {
    return { refusal: 'not-plain', reason: 'the field takes no emoji and no exclamation mark' };
  }
  const banned = rules.banned(foldText(text));
  if (banned !== undefined) return { refusal: 'banned-word', reason: `it holds the banned "${banned}"` };
  const claim = findUnsupportedClaim(text, rules.source);
  if (claim !== undefined) return { refusal: 'unsupported-claim', reason: claim };
  return undefined;
}

/** Two texts with the same key read alike: case, accents, punctuation and emoji do not tell them apart. */
export function sameTextKey(text: string): string {
  return foldText(text)
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
