/** How much may be wished of a product's copy, by whatever way the wish comes in. */
export const MAX_KEYWORDS = 20;
export const MAX_BANNED_WORDS = 200;
/** Of one keyword or banned word. */
export const MAX_WORD_CHARS = 100;
export const MAX_AUDIENCE_CHARS = 200;
