/**
 * Which encoding a text file has: by its mark, by what is declared, by its bytes. Windows-1252 is taken
 * without being told only where every byte above ASCII makes sense in it; what is doubtful is asked about.
 */
import { decodeWindows1252, findEncodingName } from '../../core/encodings.ts';
import { AppError } from '../../core/errors.ts';
import { countKnownNames } from '../platform/recognise.ts';

export interface Encoding {
  /** As WHATWG calls it: `utf-8`, `utf-16le`, `windows-1252`. */
  name: string;
  markBytes: number;
}

const MARKS: readonly (readonly [string, readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/**
 * @param head as much of the file as is there to look at
 * @param declared by the user, a content type or the file itself
 * @throws AppError `bad-data` where the encoding is doubtful, `invalid-input` for a name that nobody knows
 */
export function findEncoding(head: Buffer, name: string, declared: string | undefined): Encoding {
  for (const [encoding, mark] of MARKS) {
    if (mark.every((byte, i) => head[i] === byte)) return { name: encoding, markBytes: mark.length };
  }
  if (declared !== undefined) return { name: encodingOf(declared), markBytes: 0 };
  const wide = findUnmarkedUtf16(head);
  if (wide !== undefined) return { name: wide, markBytes: 0 };
  if (isBinary(head))
    throw new AppError('bad-data', `${name} is a binary file, such as a picture, and no table of records`);
  // A character that the end of the head cuts through is none of its faults.
  const bytes = head.subarray(0, Math.max(0, head.length - 3));
  const { damaged, multibyte } = countUtf8(head.length < 8 ? head : bytes);
  // Some rows of a UTF-8 file may be damaged: they are refused one by one.
  if (damaged === 0 || multibyte * 2 >= damaged) return { name: 'utf-8', markBytes: 0 };
  if (looksLikeWindows1252(bytes)) return { name: 'windows-1252', markBytes: 0 };
  const likely = suggestEncodings(bytes);
  const asked =
    likely.length === 0
      ? 'name its encoding (--encoding windows-1250, shift_jis, ...)'
      : `${likely.map(({ encoding, shown }) => `as ${encoding} it says ${JSON.stringify(shown)}`).join(', ')}: name the right one (--encoding ${likely[0]?.encoding})`;
  throw new AppError(
    'bad-data',
    `${name} is neither UTF-8 nor plainly Windows-1252: ${asked}, or save it as UTF-8`,
    { details: { field: 'encoding' } },
  );
}

const WESTERN_TEXT = /[àâæçéèêëîïôœùûüÿäößñáíóú€«»]|(?<!\p{Ll})[ÀÂÆÇÉÈÊËÎÏÔŒÙÛÜÄÖÑ]/gu;
/** What texts in each of these hold beyond ASCII. */
const USUAL: readonly (readonly [string, RegExp])[] = [
  ['shift_jis', /[\p{Script=Hiragana}ァ-ヶ\p{Script=Han}ー、。（）「」・]/gu],
  ['euc-jp', /[\p{Script=Hiragana}ァ-ヶ\p{Script=Han}ー、。（）「」・]/gu],
  ['euc-kr', /\p{Script=Hangul}/gu],
  ['gb18030', /[\p{Script=Han}，。（）、]/gu],
  ['big5', /[\p{Script=Han}，。（）、]/gu],
  ['windows-1251', /(?<![a-z])(?:[а-яёіїєґ№«»–—]|(?<![а-я])[А-ЯЁІЇЄ])(?![a-z])/giu],
  ['koi8-r', /(?<![A-Za-z])(?:[а-яё]|(?<![а-я])[А-ЯЁ])(?![A-Za-z])/gu],
  ['windows-1253', /(?<![A-Za-z])(?:[α-ωάέήίόύώϊϋς]|(?<![α-ω])[Α-ΩΆΈΉΊΌΎΏ])(?![A-Za-z])/gu],
  ['windows-1255', /(?<![A-Za-z])[א-ת](?![A-Za-z])/gu],
  ['windows-1256', /(?<![A-Za-z])\p{Script=Arabic}(?![A-Za-z])/gu],
  [
    'windows-1250',
    /[ąćęłńóśźżáčďéěíňřšťúůýžäöüßőűăâîșţšľĺŕôđ–„”€]|(?<!\p{Ll})[ĄĆĘŁŃÓŚŹŻÁČĎÉĚÍŇŘŠŤÚŮÝŽÄÖÜŐŰÂÎŞŢĽ]/gu,
  ],
  ['windows-1254', /[çğıöşüâîû–€]|(?<!\p{Ll})[ÇĞİÖŞÜ]/gu],
  ['iso-8859-15', WESTERN_TEXT],
  ['macintosh', WESTERN_TEXT],
];
const SHOWN_CHARS = 40;

/**
 * Encodings in which nearly all that is not ASCII makes sense, no more than three: those first in which
 * columns have names that columns have.
 */
function suggestEncodings(bytes: Buffer): { encoding: string; shown: string }[] {
  const head = bytes.subarray(0, 1 << 14);
  const likely = USUAL.flatMap(([encoding, usual]) => {
    let text: string;
    try {
      // The end may cut through a character.
      text = new TextDecoder(encoding, { fatal: true }).decode(head, { stream: true });
    } catch {
      return [];
    }
    const beyond = text.match(/[^\p{ASCII}]/gu)?.length ?? 0;
    const share = beyond === 0 ? 0 : (text.match(usual)?.length ?? 0) / beyond;
    if (share < 0.9) return [];
    const first = text.search(/[^\p{ASCII}]/u);
    const before =
      text
        .slice(0, first)
        .split(/[,;\t|\r\n]/u)
        .at(-1) ?? '';
    const at = first - Math.min(before.length, SHOWN_CHARS / 2);
    const shown = text.slice(at, at + SHOWN_CHARS).split(/[\r\n]/u)[0] ?? '';
    const names = countKnownNames(text.slice(0, 4000).split(/[,;\t|\r\n"]/u));
    return [{ encoding, shown, share, names }];
  });
  return likely.toSorted((a, b) => b.names - a.names || b.share - a.share).slice(0, 3);
}

function encodingOf(label: string): string {
  const encoding = findEncodingName(label);
  if (encoding !== undefined) return encoding;
  throw new AppError(
    'invalid-input',
    `there is no encoding ${JSON.stringify(label.slice(0, 60))}: utf-8, utf-16le, windows-1252, iso-8859-15, shift_jis and others are known`,
    { details: { field: 'encoding' } },
  );
}

/** In text of mostly Latin letters every other byte is zero. */
function findUnmarkedUtf16(head: Buffer): string | undefined {
  const sample = head.subarray(0, 1024);
  const zeros = [0, 0];
  for (const [i, byte] of sample.entries()) if (byte === 0) zeros[i % 2] = (zeros[i % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  const half = sample.length / 2;
  if (half < 4) return undefined;
  if (odd > half * 0.8 && even < half * 0.1) return 'utf-16le';
  return even > half * 0.8 && odd < half * 0.1 ? 'utf-16be' : undefined;
}

const MIN_CONTROLS = 8;

/** Control characters that no text holds, by the dozen. */
function isBinary(head: Buffer): boolean {
  const sample = head.subarray(0, 1024);
  const controls = sample.filter(
    (byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte !== 0x1a && byte !== 0x1b),
  );
  return controls.length >= MIN_CONTROLS && controls.length > sample.length * 0.05;
}

function countUtf8(bytes: Buffer): { damaged: number; multibyte: number } {
  let damaged = 0;
  let multibyte = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] as number;
    if (byte < 0x80) continue;
    const length =
      byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xc2 && byte < 0xe0 ? 2 : 0;
    let valid = length > 0 && i + length <= bytes.length;
    for (let k = 1; valid && k < length; k += 1) valid = ((bytes[i + k] as number) & 0xc0) === 0x80;
    if (!valid) damaged += 1;
    else {
      multibyte += 1;
      i += length - 1;
    }
  }
  return { damaged, multibyte };
}

const CAPITAL = /[\p{Lu}]/u;
const LETTER = /\p{L}/u;
/**
 * Letters of western Europe; what else is a letter in Windows-1252 (ð, þ, ƒ, Ž, Š) is more often another
 * encoding's vowel.
 */
const WESTERN = /[ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœ]/u;
const BETWEEN_WORDS = /[–—„“”«»‹›…•·¿¡]/u;
const SIGNS = /[€£¥¢©®™°ºª½¼¾×±§²³µ¹÷\u00a0‰†‡]/u;

/**
 * Whether at least 95 of 100 characters above ASCII stand where Windows-1252 would have them, and none is
 * undefined there.
 */
function looksLikeWindows1252(bytes: Buffer): boolean {
  const text = decodeWindows1252(bytes.subarray(0, 1 << 18));
  let seen = 0;
  let plausible = 0;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] as string;
    if (char < '\u0080') continue;
    seen += 1;
    // The five bytes that Windows-1252 leaves undefined.
    if (char < '\u00a0') return false;
    const before = text[i - 1] ?? ' ';
    const after = text[i + 1] ?? ' ';
    const inWord = LETTER.test(before) && LETTER.test(after);
    if (WESTERN.test(char)) {
      const isRun = before > '\u007f' && after > '\u007f' && LETTER.test(before) && LETTER.test(after);
      const isLate = CAPITAL.test(char) && LETTER.test(before) && !CAPITAL.test(before);
      if (!isRun && !isLate) plausible += 1;
    } else if (
      char === '’' ||
      char === '‘' ||
      (BETWEEN_WORDS.test(char) && !inWord) ||
      (SIGNS.test(char) && !inWord)
    ) {
      plausible += 1;
    }
  }
  return seen > 0 && plausible >= seen * 0.95;
}
