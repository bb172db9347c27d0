/** Words of a text as numbers: what near duplicates and suspected label errors are told by. */
const WORD = /[\p{L}\p{N}]+/gu;

/** @returns hashes of its words, lower case and in their order */
export function hashWords(text: string): number[] {
  const hashes: number[] = [];
  for (const [word] of text.normalize('NFKC').toLowerCase().matchAll(WORD)) hashes.push(hashText(word));
  return hashes;
}

/** FNV-1a of 32 bits, stirred at the end: http://www.isthe.com/chongo/tech/comp/fnv/ */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return stir(hash);
}

/** The finaliser of MurmurHash3: every bit of the number moves every bit of the answer. */
export function stir(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
