import { z } from 'zod';
import { defineWording, defineWordings, wordList } from '../../../core/wording.ts';
import { TONES } from '../../brief/index.ts';
import { CATEGORIES, LANGUAGES, type Language } from '../../languages/index.ts';

const categoryWords = z.strictObject({
  /** What one may call such a product: `your new gadget`. */
  picks: wordList,
  /** Where or when it is met, after "for". */
  moments: wordList,
});
const toneWords = z.strictObject({
  calls: wordList,
  /** Very short calls, for small fields. */
  nudges: wordList,
});
const schema = z.strictObject({
  categories: z.record(z.enum(CATEGORIES), categoryWords),
  tones: z.record(z.enum(TONES), toneWords),
  /** Calls that only a post can make. */
  shares: wordList,
});
const sources = defineWordings(LANGUAGES, 'vocabulary', schema);

type Vocabulary = z.output<typeof schema>;
export type CategoryWords = z.infer<typeof categoryWords>;
export type ToneWords = z.infer<typeof toneWords>;

/** What templates say around the facts of a record; nothing in it claims anything of a product. */
export function vocabularyOf(language: Language): Vocabulary {
  return sources[language]();
}

/** Emoji of each category: alike in every language. */
export const emojiOf = defineWording('emoji', z.record(z.enum(CATEGORIES), wordList));
