/**
 * Cutting a text to what fits: after a whole sentence if enough of the text is left, else between words, else
 * between graphemes (what a reader sees as one character: an emoji with its skin tone, a letter with its
 * accents), never inside one or inside a number.
 */
import { stripEnd } from '../../core/strip-end.ts';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

export interface ShortenOptions {
  /**
   * Whether a text fits; must be true for the empty text and monotone: what is shorter fits if the longer
   * did.
   */
  fits: (text: string) => boolean;
  /** Put after a cut inside a sentence; it is counted. */
  ellipsis?: string;
  /** UTF-16 units beyond which nothing can fit; spares work on very long texts. */
  maxUnits?: number;
  /** Stop after a whole sentence when one fits. Default true. */
  sentences?: boolean;
}

// Words that a text should not end with: they promise more.
const DANGLING =
  /[\s,;:.\-\u2013\u2014(&/](?:and|or|with|for|the|a|an|of|to|in|on|by|from|at|your|its|that|which|is|are|as|it|plus)$/iu;
const TRAILING = /[\s,;:.\-\u2013\u2014(&/"'\u201c\u2018]/u;

/** The longest piece of `text` that fits, or '' when not even one grapheme does. */
export function shorten(text: string, options: ShortenOptions): string {
  const { fits, ellipsis = '', sentences = true } = options;
  const clipped = options.maxUnits !== undefined && text.length > options.maxUnits;
  const source = clipped ? dropLastGrapheme(text.slice(0, options.maxUnits)) : text;
  if (!clipped && fits(source)) return source;

  const words = cutPoints(source, /\s+/gu);
  const byWord = longest(words, (end) => fits(tidy(source.slice(0, end)) + ellipsis));
  const wordCut = byWord < 0 ? '' : tidy(source.slice(0, words[byWord]));
  if (sentences && wordCut !== '') {
    const whole = wholeSentences(source.slice(0, words[byWord]));
    if (whole.length * 2 > wordCut.length && fits(whole)) return whole;
  }
  if (wordCut !== '') return wordCut + ellipsis;

  const parts = graphemeEnds(source);
  const byGrapheme = longest(parts, (end) => fits(source.slice(0, end) + ellipsis));
  for (let i = byGrapheme; i >= 0; i -= 1) {
    const end = parts[i] ?? 0;
    if (isInsideNumber(source, end)) continue;
    const cut = tidy(source.slice(0, end));
    if (cut !== '') return cut + ellipsis;
  }
  return '';
}

/** The leading whole sentences of `text`; '' when the first does not end. */
export function wholeSentences(text: string): string {
  const match = /^[\s\S]*[.!?]["'\u201d\u2019)]?(?=\s|$)/u.exec(text);
  return match === null ? '' : match[0].trim();
}

function tidy(text: string): string {
  let out = stripEnd(text, TRAILING);
  while (DANGLING.test(out)) out = stripEnd(out.replace(DANGLING, ''), TRAILING);
  return out;
}

function cutPoints(text: string, separator: RegExp): number[] {
  const points: number[] = [];
  for (const match of text.matchAll(separator)) if (match.index > 0) points.push(match.index);
  return points;
}

function graphemeEnds(text: string): number[] {
  const ends: number[] = [];
  for (const { index, segment } of graphemes.segment(text)) ends.push(index + segment.length);
  return ends;
}

/** A cut at a fixed unit may have split the last grapheme, so that one goes. */
function dropLastGrapheme(text: string): string {
  let last = 0;
  for (const { index } of graphemes.segment(text)) last = index;
  return text.slice(0, last);
}

function isInsideNumber(text: string, end: number): boolean {
  return /\p{N}[.,]?$/u.test(text.slice(0, end)) && /^[.,]?\p{N}/u.test(text.slice(end));
}

/** Index of the largest point that passes (points ascend, the test is monotone), or -1. */
function longest(points: readonly number[], passes: (end: number) => boolean): number {
  let low = -1;
  let high = points.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (passes(points[middle] ?? 0)) low = middle;
    else high = middle;
  }
  return low;
}
