/** Names for tracking runs that were given none: `amber-falcon-417`. */
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { defineWording, wordList } from '../core/wording.ts';

const words = defineWording('run-names', z.strictObject({ adjectives: wordList, nouns: wordList }));

export function drawRunName(): string {
  const { adjectives, nouns } = words();
  return `${pick(adjectives)}-${pick(nouns)}-${randomInt(100, 1000)}`;
}

function pick(list: readonly string[]): string {
  return list[randomInt(list.length)] ?? '';
}
