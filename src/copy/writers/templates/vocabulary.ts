import { z } from 'zod';
import { defineWording, wordList } from '../../../core/wording.ts';
import { TONES } from '../../brief/index.ts';
import { CATEGORIES } from '../../languages/index.ts';

const categoryWords = z.strictObject({
  /** What one may call such a product: `your new gadget`. */
  picks: wordList,
  /** Where or when it is met, after "for". */
  moments: wordList,
  /** Opening sentences that hold before any product of the category. */
  hooks: wordList,
  emoji: wordList,
});
const toneWords = z.strictObject({
  hooks: wordList,
  calls: wordList,
  /** Very short calls, for small fields. */
  nudges: wordList,
});

/** What templates say around the facts of a record; nothing in it claims anything of a product. */
export const vocabulary = defineWording(
  'en/vocabulary',
  z.strictObject({
    categories: z.record(z.enum(CATEGORIES), categoryWords),
    tones: z.record(z.enum(TONES), toneWords),
    /** Calls that only a post can make. */
    shares: wordList,
  }),
);

export type CategoryWords = z.infer<typeof categoryWords>;
export type ToneWords = z.infer<typeof toneWords>;
