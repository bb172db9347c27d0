/** Which words of the record carry what a text says: its statements, each with where it stands. */
import { foldText } from '../brief/index.ts';

export interface Evidence {
  /** As the text says it. */
  text: string;
  start: number;
  end: number;
  /** The words of the record that carry it, and the part of the request that they stand in. */
  words: string;
  source: string;
}

interface Token {
  key: string;
  start: number;
  end: number;
}

const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}'\u2019.,%$\u20ac\u00a3-]*[\p{L}\p{M}\p{N}%]|[\p{L}\p{N}]/gu;
const MIN_LETTERS = 4;
/**
 * A word that stands more often is looked up where it stands first; every place would be the square of them.
 */
const MAX_PLACES = 50;

/** @param sources the parts of the request by name: `title`, `description`, ... */
export function listEvidence(text: string, sources: Readonly<Record<string, string>>): Evidence[] {
  const said = tokenize(text);
  const read = Object.entries(sources).map(([source, of]) => ({ source, of, tokens: tokenize(of) }));
  const places = new Map<string, { at: number; in: (typeof read)[number] }[]>();
  for (const part of read) {
    for (const [at, { key }] of part.tokens.entries()) {
      const known = places.get(key) ?? [];
      if (known.length < MAX_PLACES) known.push({ at, in: part });
      places.set(key, known);
    }
  }
  const found: Evidence[] = [];
  for (let at = 0; at < said.length;) {
    let best = { length: 0, at: 0, in: read[0] };
    for (const place of places.get(said[at]?.key ?? '') ?? []) {
      let length = 1;
      while (
        said[at + length] !== undefined &&
        said[at + length]?.key === place.in.tokens[place.at + length]?.key
      )
        length += 1;
      if (length > best.length) best = { length, at: place.at, in: place.in };
    }
    const [first, last] = [said[at], said[at + best.length - 1]];
    const [from, to] = [best.in?.tokens[best.at], best.in?.tokens[best.at + best.length - 1]];
    const isTold =
      best.length > 0 &&
      said.slice(at, at + best.length).some(({ key }) => key.length >= MIN_LETTERS || /\p{N}/u.test(key));
    if (
      isTold &&
      first !== undefined &&
      last !== undefined &&
      from !== undefined &&
      to !== undefined &&
      best.in !== undefined
    ) {
      found.push({
        text: text.slice(first.start, last.end),
        start: first.start,
        end: last.end,
        words: best.in.of.slice(from.start, to.end),
        source: best.in.source,
      });
    }
    at += Math.max(1, best.length);
  }
  return found;
}

function tokenize(text: string): Token[] {
  return Array.from(text.matchAll(WORD), ({ 0: word, index }) => ({
    key: foldText(word),
    start: index,
    end: index + word.length,
  }));
}
