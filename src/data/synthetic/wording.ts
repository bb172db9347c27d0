import { z } from 'zod';
import { defineWording, wordList } from '../../core/wording.ts';

const categorySchema = z.strictObject({ name: z.string(), products: wordList, aspects: wordList });
const cuesSchema = z.strictObject({ adjectives: wordList, predicates: wordList, remarks: wordList });

/** What the synthetic records are about: nothing of it but the cues depends on a record's quality. */
export const syntheticWording = defineWording(
  'synthetic',
  z.strictObject({
    categories: z.array(categorySchema).min(1).readonly(),
    titleAdjectives: wordList,
    /** Neutral sentences. */
    openers: wordList,
    closers: wordList,
    praising: cuesSchema,
    criticising: cuesSchema,
    intensifiers: wordList,
  }),
);

export type Category = z.infer<typeof categorySchema>;
