/**
 * The generator read backwards: the cues of its law that a text repeats, for judging copy by its known
 * quality.
 */
import { syntheticWording } from './wording.ts';

interface Cue {
  wording: string;
  pattern: RegExp;
  praises: boolean;
  isAdjective: boolean;
}

interface Reader {
  /** Longest first. */
  cues: readonly Cue[];
  /**
   * A word that is an adjective and an aspect (`sound`) judges only where the frames of
   * compose-description.ts put an adjective.
   */
  aspects: readonly string[];
  judging: RegExp;
}

// The denials of compose-description.ts, as they stand before the adjective that they deny.
const DENIED = /(?:anything but|nobody could call the \w+|far from|is not)\s(?:\w+\s)?$/u;

let reader: Reader | undefined;

function createReader(): Reader {
  const { categories, praising, criticising, intensifiers } = syntheticWording();
  const aspects = categories.flatMap((category) => category.aspects);
  const words = [...aspects, ...intensifiers].filter(Boolean).join('|');
  const cues = [
    ...toCues(praising.adjectives, true, true),
    ...toCues(criticising.adjectives, false, true),
    ...toCues([...praising.predicates, ...praising.remarks], true, false),
    ...toCues([...criticising.predicates, ...criticising.remarks], false, false),
  ].toSorted((a, b) => b.wording.length - a.wording.length);
  const judging = new RegExp(`(?:^|\\s)(?:is|feels|as|proves|one|but|from|not|${words})\\s$`, 'u');
  return { cues, aspects, judging };
}

/**
 * How many cues a text holds and how many of them praise.
 *
 * @param source the description that the text was written from: an adjective counts only where it stands
 *   there too, because a word of the writer's own is no evidence of the product's quality
 */
export function readCues(text: string, source: string): { count: number; praising: number } {
  const { cues, aspects, judging } = (reader ??= createReader());
  let rest = text.toLowerCase();
  const known = source.toLowerCase();
  let count = 0;
  let praising = 0;
  for (const { wording, pattern, praises, isAdjective } of cues) {
    if (!rest.includes(wording)) continue;
    for (const match of rest.matchAll(pattern)) {
      const before = rest.slice(0, match.index);
      if (isAdjective && known.search(pattern) < 0) continue;
      if (isAdjective && aspects.includes(wording) && !judging.test(before)) continue;
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
