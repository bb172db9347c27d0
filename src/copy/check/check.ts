/** The one gate that every text passes before it may leave, whoever wrote it. */
import { foldText, withoutEmoji } from '../brief/index.ts';
import { findUnsupportedClaim, type ClaimSource } from './claims.ts';

export const REFUSALS = [
  'empty',
  'over-limit',
  'banned-word',
  'unsupported-claim',
  'invalid-text',
  'not-plain',
  'duplicate',
] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface Verdict {
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

/** Finds banned words and phrases (already folded) as whole words, or anywhere in a hashtag. */
export function createBannedWords(words: readonly string[]): BannedWords {
  if (words.length === 0) return () => undefined;
  const patterns = words.map((word) => ({
    word,
    pattern: new RegExp(
      `(?<![\\p{L}\\p{N}])${word.split(/\s+/u).map(escape).join('\\s+')}(?![\\p{L}\\p{N}])`,
      'u',
    ),
    compact: word.replaceAll(/[^\p{L}\p{N}]/gu, ''),
  }));
  return (folded) => {
    const tags = [...folded.matchAll(/#([\p{L}\p{M}\p{N}_]+)/gu)].map((match) => match[1] ?? '');
    return patterns.find(
      ({ pattern, compact }) =>
        pattern.test(folded) || (compact !== '' && tags.some((tag) => tag.includes(compact))),
    )?.word;
  };
}

const LETTER_OR_NUMBER = /[\p{L}\p{N}]/u;
const FORBIDDEN =
  /(?![\n\u200c\u200d])[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u;

/** Why `text` may not leave, or undefined when it may. Duplicates are the caller's to see: they are a matter of the whole list. */
export function checkText(text: string, rules: CheckRules): Verdict | undefined {
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

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&');
}
