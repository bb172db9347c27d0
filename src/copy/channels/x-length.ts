/**
 * X's weighted length (https://docs.x.com/fundamentals/counting-characters): after NFC, most Latin text
 * weighs 1 a character, all else 2, an emoji sequence 2, an address 23. twitter-text decides; text that can
 * only weigh 1 a character is counted here, many times faster.
 */
import { createRequire } from 'node:module';
import type TwitterText from 'twitter-text';

/** Loaded at the first text that needs it: it takes as long as a hundred modules of ours. */
const require = createRequire(import.meta.url);
let twitterText: typeof TwitterText | undefined;

// ASCII, Latin letters and the quotes and dashes of twitter-text's weight-1 range. Outside are addresses (a
// dot or slash inside a word), emoji and keycaps, and everything that weighs 2.
const PLAIN = /^[\t\n\r\x20-\x7e\u00c0-\u024f\u2010-\u201f]*$/u;
const MAYBE_ADDRESS = /[./:]\S/u;
/**
 * twitter-text takes time by the square of a text's length. Of a longer one each piece, which ends with a
 * word, is counted by itself; only an address that is longer than a piece then counts for more than on X.
 */
const PIECES = /[\s\S]{1,512}(?=\s|$)|[\s\S]{1,512}/gu;

export function xWeightedLength(text: string): number {
  if (PLAIN.test(text) && !MAYBE_ADDRESS.test(text)) return text.length;
  twitterText ??= require('twitter-text') as typeof TwitterText;
  let weight = 0;
  for (const [piece] of text.matchAll(PIECES)) weight += twitterText.parseTweet(piece).weightedLength;
  return weight;
}
