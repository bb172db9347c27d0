/**
 * A set of texts kept as 64-bit fingerprints: 16 bytes a text, so that a million ids fit where a Set of
 * strings would not.
 */
import { hash } from 'node:crypto';

export interface FingerprintSet {
  /**
   * Adds the text; false when it was there. Two different texts are taken for one with a chance of n² / 2^65.
   */
  add(text: string): boolean;
  has(text: string): boolean;
  readonly size: number;
}

export function createFingerprintSet(): FingerprintSet {
  let slots = new BigUint64Array(1024);
  let size = 0;

  const grow = (): void => {
    const larger = new BigUint64Array(slots.length * 2);
    for (const print of slots) if (print !== 0n) insert(larger, print);
    slots = larger;
  };

  return {
    has: (text) => find(slots, printOf(text)).isThere,
    add: (text) => {
      const added = insert(slots, printOf(text));
      if (added) size += 1;
      if (size * 2 > slots.length) grow();
      return added;
    },
    get size() {
      return size;
    },
  };
}

function printOf(text: string): bigint {
  const print = hash('sha256', text, 'buffer').readBigUInt64LE(0);
  // 0 marks a free slot.
  return print === 0n ? 1n : print;
}

/** False when the print was there. */
function insert(table: BigUint64Array, print: bigint): boolean {
  const { at, isThere } = find(table, print);
  table[at] = print;
  return !isThere;
}

function find(table: BigUint64Array, print: bigint): { at: number; isThere: boolean } {
  const mask = table.length - 1;
  for (let at = Number(print & BigInt(mask)); ; at = (at + 1) & mask) {
    if (table[at] === 0n || table[at] === print) return { at, isThere: table[at] === print };
  }
}
