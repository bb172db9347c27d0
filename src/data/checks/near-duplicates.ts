/**
 * Rows that say nearly the same: MinHash over the words of title and description (Broder 1997), a byte of
 * each minimum (Li and König 2010), rows compared only where four of them agree. 170 bytes a row.
 */
import { hashWords, stir } from './words.ts';

const MINIMA = 128;
/** Four bytes, one 32-bit word. */
const BANDS = MINIMA / 4;
const MIN_WORDS = 4;
/** Rows of one band that a row is compared with. */
const COMPARED = 8;
const KEY_BYTES = 32;
/** A group that would hold more of the rows is no group but how the catalogue is written. */
const GROUP_SHARE = 0.02;

export interface NearDuplicateFinder {
  /**
   * @param key what decides the split of the row
   * @param isFixed whether it must stay where it is: its version has been learnt from
   */
  add(text: string, key: Buffer, isFixed: boolean): void;
  find(): NearDuplicates;
}

export interface NearDuplicates {
  /** Rows that are nearly another one. */
  count: number;
  /** The row that stands for its group; itself where it is alone. */
  anchorOf(row: number): number;
  /** What decides the split of the group of a row that is not its anchor. */
  keyOf(row: number): string | undefined;
}

/** @param threshold share of all words of both that both have, from 0 to 1 */
export function createNearDuplicateFinder(threshold: number): NearDuplicateFinder {
  let capacity = 1024;
  let minima = new Uint8Array(capacity * MINIMA);
  let keys = Buffer.alloc(capacity * KEY_BYTES);
  let fixed = new Uint8Array(capacity);
  /** 0: too few words to compare. */
  let comparable = new Uint8Array(capacity);
  let rows = 0;

  const grow = (): void => {
    capacity *= 2;
    const widen = <T extends Uint8Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    minima = widen(minima, new Uint8Array(capacity * MINIMA));
    keys = widen(keys, Buffer.alloc(capacity * KEY_BYTES));
    fixed = widen(fixed, new Uint8Array(capacity));
    comparable = widen(comparable, new Uint8Array(capacity));
  };
  // A byte agrees by chance in one of 256.
  const mayDiffer = MINIMA - Math.ceil(MINIMA * (threshold * (1 - 1 / 256) + 1 / 256) - 1e-9);

  return {
    add: (text, key, isFixed) => {
      if (rows === capacity) grow();
      const words = countWords(hashWords(text));
      comparable[rows] = words.length >= MIN_WORDS ? 1 : 0;
      if (words.length >= MIN_WORDS) writeMinima(words, minima.subarray(rows * MINIMA, (rows + 1) * MINIMA));
      key.copy(keys, rows * KEY_BYTES, 0, KEY_BYTES);
      fixed[rows] = isFixed ? 1 : 0;
      rows += 1;
    },
    find: () => {
      const groups = createGroups(rows, fixed, Math.max(2, Math.floor(rows * GROUP_SHARE)));
      const bands = new Uint32Array(minima.buffer);
      for (let band = 0; band < BANDS; band += 1)
        joinBand(bands, band, { rows, comparable, mayDiffer, groups });
      let count = 0;
      for (let row = 0; row < rows; row += 1) if (groups.rootOf(row) !== row) count += 1;
      return {
        count,
        anchorOf: groups.rootOf,
        keyOf: (row) => {
          const root = groups.rootOf(row);
          if (root === row || fixed[row] === 1) return undefined;
          return keys.toString('hex', root * KEY_BYTES, (root + 1) * KEY_BYTES);
        },
      };
    },
  };
}

/** The nth time that a word occurs is a word of its own: `very very good` is not `very good`. */
function countWords(words: readonly number[]): number[] {
  const seen = new Map<number, number>();
  return words.map((word) => {
    const times = (seen.get(word) ?? 0) + 1;
    seen.set(word, times);
    return times === 1 ? word : stir(word + times);
  });
}

const MULTIPLIERS = Uint32Array.from({ length: MINIMA }, (_, i) => stir(i * 2 + 1) | 1);
const ADDENDS = Uint32Array.from({ length: MINIMA }, (_, i) => stir(i + 0x9e3779b9));

function writeMinima(words: readonly number[], to: Uint8Array): void {
  for (let i = 0; i < MINIMA; i += 1) {
    const multiplier = MULTIPLIERS[i] as number;
    const addend = ADDENDS[i] as number;
    let least = 0xffffffff;
    for (const word of words) {
      const value = stir(Math.imul(word, multiplier) + addend);
      if (value < least) least = value;
    }
    to[i] = least & 0xff;
  }
}

interface Groups {
  rootOf(row: number): number;
  join(a: number, b: number): void;
}

/** Groups by union, of which one that holds a row that must stay is the anchor; two such are never one. */
function createGroups(rows: number, fixed: Uint8Array, largest: number): Groups {
  const parents = Int32Array.from({ length: rows }, (_, row) => row);
  const sizes = new Int32Array(rows).fill(1);
  const rootOf = (row: number): number => {
    let root = row;
    while (parents[root] !== root) {
      parents[root] = parents[parents[root] as number] as number;
      root = parents[root] as number;
    }
    return root;
  };
  return {
    rootOf,
    join: (a, b) => {
      const [first, second] = [rootOf(a), rootOf(b)];
      if (first === second || (fixed[first] === 1 && fixed[second] === 1)) return;
      const size = (sizes[first] as number) + (sizes[second] as number);
      if (size > largest) return;
      const isFirst = fixed[second] === 1 ? false : fixed[first] === 1 || first < second;
      const [root, member] = isFirst ? [first, second] : [second, first];
      parents[member] = root;
      sizes[root] = size;
    },
  };
}

/** Rows whose bytes of the band agree, in a table of one band at a time. */
function joinBand(
  bands: Uint32Array,
  band: number,
  {
    rows,
    comparable,
    mayDiffer,
    groups,
  }: { rows: number; comparable: Uint8Array; mayDiffer: number; groups: Groups },
): void {
  const slots = 1 << Math.ceil(Math.log2(Math.max(2, rows * 2)));
  /**
   * The last row of each key, plus 1; a slot belongs to one key, found by probing; rows of a key by `before`.
   */
  const last = new Int32Array(slots);
  const before = new Int32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    if (comparable[row] === 0) continue;
    const key = bands[row * BANDS + band] as number;
    let slot = stir(key) & (slots - 1);
    let other = (last[slot] as number) - 1;
    while (other >= 0 && bands[other * BANDS + band] !== key) {
      slot = (slot + 1) & (slots - 1);
      other = (last[slot] as number) - 1;
    }
    before[row] = other;
    last[slot] = row + 1;
    for (let compared = 0; other >= 0 && compared < COMPARED; compared += 1) {
      if (groups.rootOf(other) !== groups.rootOf(row) && isNear(bands, row, other, mayDiffer))
        groups.join(row, other);
      other = before[other] as number;
    }
  }
}

/** Whether no more than so many of the minima differ; four are compared at once. */
function isNear(bands: Uint32Array, a: number, b: number, mayDiffer: number): boolean {
  let differing = 0;
  for (let i = 0; i < BANDS; i += 1) {
    const bits = (bands[a * BANDS + i] as number) ^ (bands[b * BANDS + i] as number);
    // The highest bit of every byte that is not 0.
    const marks = (((bits & 0x7f7f7f7f) + 0x7f7f7f7f) | bits) & 0x80808080;
    differing += Math.imul(marks >>> 7, 0x01010101) >>> 24;
    if (differing > mayDiffer) return false;
  }
  return true;
}
