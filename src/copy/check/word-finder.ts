/**
 * Many needles in one pass over a text (Aho and Corasick): what it costs grows with the text, not with the
 * number of needles or how alike they are.
 */

export interface WordFinder {
  /** The smallest index of a needle that stands in `text` where `counts` says so, or -1. */
  first(text: string, counts?: (text: string, begin: number, end: number) => boolean): number;
}

const ROOT = 0;
const NONE = -1;
const UNITS = 0x1_00_00;

/** Empty needles are never found. */
export function createWordFinder(needles: readonly string[]): WordFinder {
  // A state is what of the needles' beginnings stands before the reader; `after` is keyed by state and UTF-16
  // unit.
  const after = new Map<number, number>();
  /** The needle that ends at a state. */
  const ends = [NONE];
  const parents: [state: number, unit: number][] = [[ROOT, 0]];
  for (const [index, needle] of needles.entries()) {
    let state = ROOT;
    for (let at = 0; at < needle.length; at += 1) {
      const key = state * UNITS + needle.charCodeAt(at);
      let next = after.get(key);
      if (next === undefined) {
        next = ends.push(NONE) - 1;
        parents.push([state, needle.charCodeAt(at)]);
        after.set(key, next);
      }
      state = next;
    }
    if (state !== ROOT && ends[state] === NONE) ends[state] = index;
  }

  /** The longest other state that ends alike, and the nearest such at which a needle ends. */
  const { shorter, nextEnd } = linkStates(after, parents, ends);

  return {
    first(text, counts = () => true) {
      let best = NONE;
      let state = ROOT;
      for (let at = 0; at < text.length; at += 1) {
        state = step(after, shorter, state, text.charCodeAt(at));
        for (let hit = ends[state] === NONE ? nextEnd[state] : state; hit !== undefined && hit !== ROOT;) {
          const index = ends[hit] ?? NONE;
          const begin = at + 1 - (needles[index]?.length ?? 0);
          if ((best === NONE || index < best) && counts(text, begin, at + 1)) best = index;
          hit = nextEnd[hit];
        }
      }
      return best;
    },
  };
}

function step(
  after: ReadonlyMap<number, number>,
  shorter: readonly number[],
  from: number,
  unit: number,
): number {
  for (let state = from; ; state = shorter[state] ?? ROOT) {
    const next = after.get(state * UNITS + unit);
    if (next !== undefined) return next;
    if (state === ROOT) return ROOT;
  }
}

function linkStates(
  after: ReadonlyMap<number, number>,
  parents: readonly [state: number, unit: number][],
  ends: readonly number[],
): { shorter: number[]; nextEnd: number[] } {
  const shorter = parents.map(() => ROOT);
  const nextEnd = parents.map(() => ROOT);
  const depths = parents.map(() => 0);
  const levels: number[][] = [];
  for (let state = 1; state < parents.length; state += 1) {
    const depth = (depths[parents[state]?.[0] ?? ROOT] ?? 0) + 1;
    depths[state] = depth;
    (levels[depth] ??= []).push(state);
  }
  // By length, since what a state ends alike with is shorter than the state.
  for (const state of levels.flat()) {
    const [parent, unit] = parents[state] ?? [ROOT, 0];
    const link = parent === ROOT ? ROOT : step(after, shorter, shorter[parent] ?? ROOT, unit);
    shorter[state] = link;
    nextEnd[state] = (ends[link] ?? NONE) === NONE ? (nextEnd[link] ?? ROOT) : link;
  }
  return { shorter, nextEnd };
}
