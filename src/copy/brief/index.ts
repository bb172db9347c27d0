/** The brief: what a writer may know and say about one product. */
export { createBrief, TONES, type Brief, type BriefInput, type Tone } from './brief.ts';
export { CATEGORIES, type Category } from './categories.ts';
export { cleanText, foldText, withoutEmoji } from './clean.ts';
export { type Phrase, type Phrases } from './phrases.ts';
