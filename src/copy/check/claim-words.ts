/** The claims of a language, from assets/wording/<language>/claims.yaml: which words ask for a source. */
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { defineWordings } from '../../core/wording.ts';
import { foldText } from '../brief/index.ts';
import { LANGUAGES, type Language } from '../languages/index.ts';

export interface ClaimEntry {
  kind: 'material' | 'colour' | 'claim';
  /** Matches where it is set to look. */
  here: RegExp;
  /** Matches wherever the claim is made, in any of its forms. */
  anywhere: RegExp;
  /** Whether the source must say the very words that the text says. */
  isLiteral: boolean;
}

export interface ClaimWords {
  /** Claims that may begin with a word (folded). */
  startingWith(word: string): readonly ClaimEntry[];
  /** Digits of a number word. */
  numberOf(word: string): string | undefined;
  /** The first name of a unit in any spelling. */
  unitOf(word: string): string | undefined;
  /** Matches what comes before a word that is denied. */
  negated: RegExp;
}

const phrases = z
  .string()
  .transform((text) => text.split(/,\s+/u).map((phrase) => foldText(phrase.trim()).replaceAll(/\s+/gu, ' ')));
const claimsSchema = z.strictObject({
  numbers: z.record(z.string(), z.union([z.number(), z.string()]).transform(String)),
  units: z.array(z.string()),
  negations: z.array(z.string()),
  materials: phrases,
  colours: phrases,
  promises: phrases,
  /** Endings of nouns that a wildcard must not take for its words: `die *ste` finds no `Wunschliste`. */
  nounEndings: z.array(z.string().transform(foldText)).default([]),
});
const sources = defineWordings(LANGUAGES, 'claims', claimsSchema);
const made = new Map<Language, ClaimWords>();
/** As many letters of a claim's first word as find it: a stem has at least so many. */
const KEY_LETTERS = 3;
const NONE: readonly ClaimEntry[] = [];

export function claimWordsOf(language: Language): ClaimWords {
  let words = made.get(language);
  if (words === undefined) made.set(language, (words = createClaimWords(language)));
  return words;
}

function createClaimWords(language: Language): ClaimWords {
  const { numbers, units, negations, materials, colours, promises, nounEndings } = sources[language]();
  const entries = new Map<string, ClaimEntry[]>();
  const add = (kind: ClaimEntry['kind'], phrase: string): void => {
    const { keys, entry } = compileClaim(kind, phrase, nounEndings);
    for (const key of keys) entries.set(key, [...(entries.get(key) ?? []), entry]);
  };
  for (const phrase of materials) add('material', phrase);
  for (const phrase of colours) add('colour', phrase);
  for (const phrase of promises) add('claim', phrase);
  const digits = new Map(Object.entries(numbers).map(([word, value]) => [foldText(word), value]));
  const unitNames = new Map(
    units.flatMap((line) => {
      const [name = '', ...others] = line.split(/,\s*/u);
      return [name, ...others].map((spelling) => [spelling, name] as const);
    }),
  );
  const denials = negations.map((word) => word.replaceAll("'", "['’]?")).join('|');
  return {
    startingWith: (word) => entries.get(word.slice(0, KEY_LETTERS)) ?? NONE,
    numberOf: (word) => digits.get(word),
    unitOf: (word) => unitNames.get(word),
    negated: new RegExp(`(?<![\\p{L}'])(?:${denials})\\s+(?:[^\\s.,!?;:]+\\s+){0,2}$`, 'u'),
  };
}

/** @throws AppError `internal` for a phrase whose first word begins with a wildcard: a fault in the file */
function compileClaim(
  kind: ClaimEntry['kind'],
  source: string,
  nounEndings: readonly string[],
): { keys: Set<string>; entry: ClaimEntry } {
  const isLiteral = source.endsWith('!');
  const words = (isLiteral ? source.slice(0, -1) : source).split(' ');
  const firsts = expand(words[0] ?? '').map((word) => /^\p{L}*/u.exec(word)?.[0] ?? '');
  if (
    firsts.some(
      (letters) => letters === '' || (letters.length < KEY_LETTERS && source.includes(`${letters}*`)),
    )
  )
    throw new AppError('internal', `the claim "${source}" begins with a wildcard too early to be found`);
  let body = '';
  for (const [index, word] of words.entries()) {
    const before = words[index - 1] ?? '';
    const isCompound = Math.min(before.length, word.length) > 2 && !isLiteral;
    if (index > 0) body += isCompound ? String.raw`[-\s]?` : String.raw`[-\s]`;
    body += word === '+' ? String.raw`[\p{L}\p{N}'&-]+` : compileWord(word);
  }
  const nouns = / \*\p{L}/u.test(source) ? nounEndings : [];
  const end = String.raw`(?![\p{L}\p{N}])` + (nouns.length > 0 ? `(?<!${nouns.join('|')})` : '');
  return {
    keys: new Set(firsts.map((letters) => letters.slice(0, KEY_LETTERS))),
    entry: {
      kind,
      here: new RegExp(body + end, 'uy'),
      anywhere: new RegExp(String.raw`(?<![\p{L}\p{N}])` + body + end, 'gu'),
      isLiteral,
    },
  };
}

/** The words that `grij(s|ze)` stands for. */
function expand(word: string): string[] {
  const match = /^([^(]*)\(([^)]*)\)(.*)$/u.exec(word);
  if (match === null) return [word];
  const [, before = '', inner = '', after = ''] = match;
  return inner.split('|').map((choice) => before + choice + after);
}

function compileWord(word: string): string {
  return word
    .replaceAll(/[.+?^${}[\]\\]/gu, String.raw`\$&`)
    .replace('(', '(?:')
    .replaceAll('*', String.raw`[\p{L}\p{M}']*`);
}
