/**
 * How many tokens a text will have, guessed without a tokenizer: the queue, which lives on the event loop, only needs to know
 * what a text costs; the exact ids are made in the scoring thread. Off by under a tenth on English product texts.
 */

/** Characters of one word that WordPiece usually covers with one token. */
const CHARS_PER_PIECE = 9;
/** Texts are cut at maxLength tokens, so that no more of them need be read than this many characters a token. */
const MAX_CHARS_PER_TOKEN = 12;
const SPECIAL_TOKENS = 2;

/** @returns at least 3 and at most `maxLength`, special tokens included */
export function estimateTokens(text: string, maxLength: number): number {
  const end = Math.min(text.length, maxLength * MAX_CHARS_PER_TOKEN);
  let pieces = 0;
  let wordChars = 0;
  for (let at = 0; at < end && pieces < maxLength; at += 1) {
    const code = text.charCodeAt(at);
    if (isWordCharacter(code)) {
      if (wordChars % CHARS_PER_PIECE === 0) pieces += 1;
      wordChars += 1;
      continue;
    }
    wordChars = 0;
    // White space and control characters make no token; punctuation and ideographs one each.
    if (code > 0x20) pieces += 1;
  }
  return Math.max(SPECIAL_TOKENS + 1, Math.min(maxLength, pieces + SPECIAL_TOKENS));
}

/** Letters and digits of alphabets that are written with spaces; everything from U+2E80 on counts by the character. */
function isWordCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0xc0 && code < 0x2000)
  );
}
