/** Numbers of a text as they bind: with the mark, percent sign or unit that changes what they say. */
import type { Language } from '../languages/index.ts';
import { claimWordsOf } from './claim-words.ts';

const NUMBER =
  /([$\u20ac\u00a3\u00a5\u20b9#]\s?)?(\p{Nd}+(?:[.,:/]\p{Nd}+)*)(\s?(?:%|\u2030|(?:percent|prozent|procent|pour cent|por ciento|per cento)(?!\p{L})))?(\s?[$\u20ac\u00a3\u00a5\u20b9])?/gu;
/** French parts thousands by a space; a model's number has no such groups there. */
const SPACED = /(?<![\p{Nd}.,])(\d{1,3})((?: \d{3})+)(?!\d)/gu;
const DIGIT = /\p{Nd}/gu;
const HAS_DIGIT = /\p{Nd}/u;
/** What comes after a number within one space, dot or hyphen. */
const NEXT = /[\s.-]?(\p{L}+|["\u2033])/uy;
/** A word so short that is no unit joins the number to something else: `30 or 40 minutes`. */
const JOINING = 3;
const MARK = /^[$\u20ac\u00a3]$/u;

/**
 * `20`, and with what changes it `20%`, `$20`, `#1`, `20 kg`; `20 ` where no unit follows. Separators of
 * thousands are dropped and decimals written with a point, so `1,000` and `1000`, `1,7` and `1.7` are one
 * number.
 *
 * @param text folded
 */
export function readNumbers(text: string, language: Language = 'en'): string[] {
  const found: string[] = [];
  if (!HAS_DIGIT.test(text)) return found;
  const { unitOf } = claimWordsOf(language);
  const read = language === 'fr' ? text.replaceAll(SPACED, (run) => run.replaceAll(' ', '')) : text;
  for (const match of read.matchAll(NUMBER)) {
    const [whole, before, digits = '', percent, after] = match;
    const plain = canonical(digits, language);
    const mark = (before ?? after ?? '').trim();
    found.push(plain);
    if (mark !== '') found.push(mark + plain);
    if (percent !== undefined) found.push(`${plain}%`);
    if (mark !== '' || percent !== undefined) continue;
    NEXT.lastIndex = match.index + whole.length;
    const word = NEXT.exec(read)?.[1];
    const unit = word === undefined ? undefined : unitOf(word);
    if (unit !== undefined) found.push(MARK.test(unit) ? unit + plain : `${plain} ${unit}`);
    else if (word === undefined || word.length <= JOINING) found.push(`${plain} `);
  }
  return found;
}

/** The same of number words: `four minutes` says `4` and `4 min`. @param at where the word ends in `text` */
export function readNumberWord(word: string, text: string, at: number, language: Language): string[] {
  const { numberOf, unitOf } = claimWordsOf(language);
  const digits = numberOf(word);
  if (digits === undefined) return [];
  NEXT.lastIndex = at;
  const next = NEXT.exec(text)?.[1];
  const unit = next === undefined ? undefined : unitOf(next);
  if (unit !== undefined) return [digits, MARK.test(unit) ? unit + digits : `${digits} ${unit}`];
  return next === undefined || next.length <= JOINING ? [digits, `${digits} `] : [digits];
}

function canonical(digits: string, language: Language): string {
  const ascii = digits.replaceAll(DIGIT, toAsciiDigit);
  const thousands = language === 'en' ? /,(?=\d{3}(?:\D|$))/gu : /\.(?=\d{3}(?:\D|$))/gu;
  return ascii
    .replaceAll(thousands, '')
    .replace(/^(\d+),(\d+)$/u, '$1.$2')
    .replace(/^0+(?=\d)/u, '')
    .replace(/^(\d+)\.0+$/u, '$1');
}

function toAsciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  if (code < 0x80) return digit;
  // Decimal digits of every script stand in runs of ten; how far a run reaches back tells the value.
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1;
  return String(value % 10);
}
