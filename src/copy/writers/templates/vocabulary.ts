import { z } from 'zod';
import { defineWording, defineWordings, wordList } from '../../../core/wording.ts';
import { TONES, type Brief } from '../../brief/index.ts';
import { CATEGORIES, LANGUAGES, type Language } from '../../languages/index.ts';

const categoryWords = z.strictObject({
  /** What one may call such a product: `your new gadget`. */
  picks: wordList,
  /** Where or when it is met, after "for". */
  moments: wordList,
  /** What else ends a text about such a product. */
  calls: wordList.optional(),
});
const toneWords = z.strictObject({
  calls: wordList,
  /** Very short calls, for small fields. */
  nudges: wordList,
});
const schema = z.strictObject({
  categories: z.record(z.enum(CATEGORIES), categoryWords),
  /** In place of the category's, for a group of nouns.yaml: a spatula is no home favourite. */
  groups: z.record(z.string(), categoryWords.partial()).default({}),
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

export function wordsOf({
  language,
  category,
  noun,
}: Pick<Brief, 'language' | 'category' | 'noun'>): CategoryWords {
  const { categories, groups } = vocabularyOf(language);
  return { ...categories[category], ...groups[noun?.group ?? ''] };
}

const emoji = defineWording('emoji', z.record(z.string(), wordList));

/** Of the noun's group or the category: alike in every language. */
export function emojiOf({ category, noun }: Pick<Brief, 'category' | 'noun'>): readonly string[] {
  return emoji()[noun?.group ?? ''] ?? emoji()[category] ?? ['✨'];
}
