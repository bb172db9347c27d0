/**
 * Claims that a text makes and its source does not: numbers with what they count, materials, colours, and
 * words that promise, certify or rank. The words are those of the text's language.
 */
import { foldText } from '../brief/index.ts';
import type { Language } from '../languages/index.ts';
import { claimWordsOf, type ClaimEntry } from './claim-words.ts';
import { readNumbers, readNumberWord } from './numbers.ts';

export interface ClaimSource {
  language: Language;
  /** The submitted words, folded. */
  folded: string;
  /** Numbers of the submitted words as `readNumbers` writes them. */
  numbers: ReadonlySet<string>;
}

/**
 * Everything a text may rely on: the submitted title, description, keywords and audience. Most texts ask for
 * no numbers.
 */
export function createClaimSource(texts: readonly string[], language: Language = 'en'): ClaimSource {
  const folded = foldText(texts.join(' \n '));
  let numbers: ReadonlySet<string> | undefined;
  return {
    language,
    folded,
    get numbers() {
      return (numbers ??= new Set([...readNumbers(folded, language), ...spelledNumbers(folded, language)]));
    },
  };
}

const WORD = /\p{L}[\p{L}\p{M}]*/gu;

/** `four` of the source says 4 too. */
function spelledNumbers(folded: string, language: Language): string[] {
  const found: string[] = [];
  WORD.lastIndex = 0;
  for (let match = WORD.exec(folded); match !== null; match = WORD.exec(folded))
    found.push(...readNumberWord(match[0], folded, WORD.lastIndex, language));
  return found;
}

/** Why the text may not be said, or undefined: the first claim its source does not make. */
export function findUnsupportedClaim(text: string, source: ClaimSource): string | undefined {
  const folded = foldText(text);
  for (const number of readNumbers(folded, source.language)) {
    if (!isCounted(number, source.numbers)) return `the number ${number} is not in the input`;
  }
  const { startingWith } = claimWordsOf(source.language);
  WORD.lastIndex = 0;
  for (let match = WORD.exec(folded); match !== null; match = WORD.exec(folded)) {
    const [word] = match;
    const numbers = readNumberWord(word, folded, WORD.lastIndex, source.language);
    if (!numbers.every((number) => isCounted(number, source.numbers)))
      return `the number "${word}" is not in the input`;
    for (const entry of startingWith(word)) {
      const said = matchAt(entry, folded, match.index);
      if (said !== undefined && !isStated(entry, said, isNegated(folded, match.index, source), source))
        return `the ${entry.kind} "${said}" is not in the input`;
    }
  }
  return undefined;
}

/** Of a number with a unit the source may leave the unit out: `Capacity in l: 1.7`. */
export function isCounted(number: string, numbers: ReadonlySet<string>): boolean {
  const at = number.indexOf(' ');
  if (at === number.length - 1 || numbers.has(number)) return true;
  return at > 0 && numbers.has(`${number.slice(0, at)} `);
}

export function matchAt({ here }: ClaimEntry, text: string, at: number): string | undefined {
  here.lastIndex = at;
  return here.exec(text)?.[0];
}

const isStated = (entry: ClaimEntry, said: string, denied: boolean, source: ClaimSource): boolean =>
  findStated(entry, said, denied, source) !== undefined;

/** Where the source says it, denied or not as the text does. */
export function findStated(
  entry: ClaimEntry,
  said: string,
  denied: boolean,
  source: Pick<ClaimSource, 'folded' | 'language'>,
): { start: number; end: number } | undefined {
  const pattern = entry.isLiteral ? new RegExp(literal(said), 'gu') : entry.anywhere;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(source.folded); match !== null; match = pattern.exec(source.folded))
    if (isNegated(source.folded, match.index, source) === denied)
      return { start: match.index, end: match.index + match[0].length };
  return undefined;
}

export function isNegated(text: string, at: number, { language }: Pick<ClaimSource, 'language'>): boolean {
  return claimWordsOf(language).negated.test(text.slice(Math.max(0, at - 40), at));
}

function literal(words: string): string {
  const body = words
    .split(/[-\s]+/u)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`))
    .join(String.raw`[-\s]+`);
  return `(?<![\\p{L}\\p{N}])${body}(?![\\p{L}\\p{N}])`;
}
