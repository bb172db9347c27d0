/** The brief: what a writer may know and say about one product. */
export {
  ATTRIBUTE_KINDS,
  createBrief,
  MAX_AUDIENCE_CHARS,
  MAX_BANNED_WORDS,
  MAX_KEYWORDS,
  MAX_WORD_CHARS,
  TONES,
  type Brief,
  type BriefInput,
  type Tone,
} from './brief.ts';
export { cleanProse, foldText, withoutEmoji } from './clean.ts';
export { type Phrase } from './quotes.ts';
