/**
 * A text cut into the phrases whose effect is measured: runs of a few words that punctuation and function
 * words hold together.
 */

export interface Span {
  /** UTF-16 offsets into the text: [start, end). */
  start: number;
  end: number;
}

const WORDS = new Intl.Segmenter('en', { granularity: 'word' });
const FUNCTION_WORDS = new Set(
  'a an the and or but nor of for with in on by from to at as is are was were be been it its this that these those your my our their his her you they we'.split(
    ' ',
  ),
);
const MAX_WORDS = 4;

/** Phrases in order, at most `most`; a longer text gets longer phrases, so that every word stays in one. */
export function splitPhrases(text: string, most: number): Span[] {
  const phrases: (Span & { words: number })[] = [];
  let open: (Span & { words: number }) | undefined;
  let pendingStart: number | undefined;
  for (const { segment, index, isWordLike } of segmentText(text)) {
    const end = index + segment.length;
    if (!isWordLike) {
      // Punctuation ends a phrase, except what stands inside a word; white space does not.
      if (/[^\s'\u2019\-&]/u.test(segment)) open = undefined;
      continue;
    }
    if (FUNCTION_WORDS.has(segment.toLowerCase())) {
      // A function word opens the phrase after it: "with a soft lining" goes as one.
      open = undefined;
      pendingStart ??= index;
      continue;
    }
    if (open === undefined || open.words >= MAX_WORDS) {
      open = { start: pendingStart ?? index, end, words: 0 };
      phrases.push(open);
    }
    pendingStart = undefined;
    open.end = end;
    open.words += 1;
  }
  return mergeTo(phrases, most);
}

/** Each run without white space by itself: `Intl.Segmenter` takes time by the square of a text's length. */
function* segmentText(text: string): Generator<{ segment: string; index: number; isWordLike: boolean }> {
  for (const { 0: run, index: start } of text.matchAll(/\S{1,256}/gu)) {
    for (const { segment, index, isWordLike } of WORDS.segment(run))
      yield { segment, index: start + index, isWordLike: isWordLike === true };
  }
}

function mergeTo(phrases: readonly Span[], most: number): Span[] {
  const size = Math.max(1, Math.ceil(phrases.length / most));
  const merged: Span[] = [];
  for (let i = 0; i < phrases.length; i += size) {
    const first = phrases[i];
    const last = phrases[Math.min(i + size, phrases.length) - 1];
    if (first !== undefined && last !== undefined) merged.push({ start: first.start, end: last.end });
  }
  return merged;
}
