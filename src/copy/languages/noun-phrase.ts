/** What every language says of its nouns: with which words before them, in which case. */
import type { Noun } from './lexicon.ts';

/** `a lamp`, `a new lamp`, `the lamp`, `this lamp`, `your lamp`, `your new lamp`; plural as the noun is. */
export const DETERMINERS = ['a', 'aNew', 'the', 'this', 'your', 'yourNew'] as const;
export type Determiner = (typeof DETERMINERS)[number];

/** Only German tells them apart. */
export const CASES = ['nom', 'acc', 'dat'] as const;
export type Case = (typeof CASES)[number];

export interface Grammar {
  /** Locale of numbers and prices. */
  locale: string;
  phrase(determiner: Determiner, noun: Noun, wordCase: Case): string;
}
