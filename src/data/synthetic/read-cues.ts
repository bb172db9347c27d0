/** The generator read backwards: the cues of its law that a text repeats, for judging copy by its known quality. */
import { CATEGORIES } from './goods.ts';
import { CRITICISING_ADJECTIVES, INTENSIFIERS, PRAISING_ADJECTIVES } from './wording-adjectives.ts';
import {
  CRITICISING_PREDICATES,
  CRITICISING_REMARKS,
  PRAISING_PREDICATES,
  PRAISING_REMARKS,
} from './wording-phrases.ts';

interface Cue {
  wording: string;
  pattern: RegExp;
  praises: boolean;
  isAdjective: boolean;
}

const CUES: readonly Cue[] = [
  ...toCues(PRAISING_ADJECTIVES, true, true),
  ...toCues(CRITICISING_ADJECTIVES, false, true),
  ...toCues([...PRAISING_PREDICATES, ...PRAISING_REMARKS], true, false),
  ...toCues([...CRITICISING_PREDICATES, ...CRITICISING_REMARKS], false, false),
].toSorted((a, b) => b.wording.length - a.wording.length);

// The denials of compose-description.ts, as they stand before the adjective that they deny.
const DENIED = /(?:anything but|nobody could call the \w+|far from|is not)\s(?:\w+\s)?$/u;

// A word that is an adjective and an aspect (`sound`) judges only where the frames of compose-description.ts put an adjective.
const ASPECTS = CATEGORIES.flatMap(({ aspects }) => aspects);
const JUDGING = new RegExp(
  `(?:^|\\s)(?:is|feels|as|proves|one|but|from|not|${[...ASPECTS, ...INTENSIFIERS].filter(Boolean).join('|')})\\s$`,
  'u',
);

/**
 * How many cues a text holds and how many of them praise.
 *
 * @param source the description that the text was written from: an adjective counts only where it stands there too, because a word of the
 *   writer's own is no evidence of the product's quality
 */
export function readCues(text: string, source: string): { count: number; praising: number } {
  let rest = text.toLowerCase();
  const known = source.toLowerCase();
  let count = 0;
  let praising = 0;
  for (const { wording, pattern, praises, isAdjective } of CUES) {
    if (!rest.includes(wording)) continue;
    for (const match of rest.matchAll(pattern)) {
      const before = rest.slice(0, match.index);
      if (isAdjective && known.search(pattern) < 0) continue;
      if (isAdjective && ASPECTS.includes(wording) && !JUDGING.test(before)) continue;
      const isDenied = isAdjective && DENIED.test(before);
      count += 1;
      if (praises !== isDenied) praising += 1;
    }
    // What was read is struck out, so that no shorter wording is found inside it.
    rest = rest.replaceAll(pattern, (found) => '\u0000'.repeat(found.length));
  }
  return { count, praising };
}

function toCues(wordings: readonly string[], praises: boolean, isAdjective: boolean): Cue[] {
  return wordings.map((cased) => {
    const wording = cased.toLowerCase();
    const escaped = wording.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&');
    const pattern = new RegExp(`(?<![\\p{L}-])${escaped}(?![\\p{L}-])`, 'gu');
    return { wording, pattern, praises, isAdjective };
  });
}
