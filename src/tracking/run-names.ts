/** Names for runs that were given none: `amber-falcon-417`. */
import { randomInt } from 'node:crypto';

const ADJECTIVES = [
  'amber',
  'bold',
  'calm',
  'clear',
  'crisp',
  'deft',
  'eager',
  'fair',
  'gentle',
  'keen',
  'lively',
  'mellow',
  'nimble',
  'quiet',
  'rapid',
  'silver',
  'steady',
  'sunny',
  'tidy',
  'vivid',
];
const NOUNS = [
  'badger',
  'crane',
  'dolphin',
  'falcon',
  'finch',
  'fox',
  'hare',
  'heron',
  'ibex',
  'jay',
  'kestrel',
  'lark',
  'lynx',
  'marten',
  'otter',
  'owl',
  'seal',
  'stoat',
  'swift',
  'wren',
];

export function drawRunName(): string {
  return `${pick(ADJECTIVES)}-${pick(NOUNS)}-${randomInt(100, 1000)}`;
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? '';
}
