/**
 * Instructions in a product's text: sentences that tell a writer what to do rather than a shopper what to
 * know, in the languages and disguises that they come in. They are left out before anybody writes, so that no
 * model reads them and no grammar quotes them.
 */
import { z } from 'zod';
import { defineWording, wordList } from '../../core/wording.ts';
import { foldText } from '../brief/index.ts';

const instructionsOf = defineWording(
  'instructions',
  z.strictObject({ commands: wordList, sequels: wordList }),
);

let compiled: { commands: RegExp; sequels: RegExp } | undefined;
function patterns(): { commands: RegExp; sequels: RegExp } {
  // As the texts are folded: Hangul in its parts, no accents, no vowel signs.
  const fold = (one: string): string => one.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  const join = (list: readonly string[]): RegExp =>
    new RegExp(list.map((one) => `(?:${fold(one)})`).join('|'), 'u');
  compiled ??= { commands: join(instructionsOf().commands), sequels: join(instructionsOf().sequels) };
  return compiled;
}

export interface CleanText {
  text: string;
  /** What was left out, as it stood. */
  instructions: string[];
}

/** Where a sentence ends: a point inside an address is none. */
const SENTENCE_END = /(?<=[.!?\u2026]["'\u201d\u00bb)\]]?)(?=\s)|(?<=[\u3002\uff01\uff1f\u0964\u061f\n])/u;
/** Tag characters spell hidden text, and so do runs of selectors; after a black flag they are a flag. */
const TAGS =
  /(?:\u{1f3f4}[\u{e0020}-\u{e007f}]{2,7})?[\u{e0000}-\u{e007f}]|[\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}]{4,}/gu;
/** No product spells out a whole sentence; magnets and puzzles spell the alphabet. */
const SPELT_SENTENCE = /(?<![\p{L}\p{N}])(?:\p{L}[.\-_*\s:,/]{1,8}){12,}/gu;
const INVISIBLE =
  /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u3164\u115f\u1160\uffa0]|\u034f|[\u{fe00}-\u{fe0e}]/gu;

/** The text without the sentences that give instructions. */
export function withoutInstructions(text: string): CleanText {
  const plain = text
    .replaceAll(TAGS, keepFlag)
    .replaceAll(SPELT_SENTENCE, keepAlphabet)
    .replaceAll(MORSE_RUN, (run) => (/[.·][-–]|[-–][.·]/u.test(run) ? '' : run))
    .trimEnd();
  // Most products end here: what gives no instruction as a whole gives none in a sentence.
  if (!givesInstruction(plain))
    return { text: plain, instructions: plain === text.trimEnd() ? [] : ['hidden or spelt out characters'] };
  const kept: string[] = [];
  const instructions: string[] = [];
  let isAfterInstruction = false;
  for (const sentence of plain.split(SENTENCE_END)) {
    const isInstruction: boolean =
      givesInstruction(sentence) ||
      (isAfterInstruction && (goesOn(sentence) || /["\u201c\u00ab\u300c]|https?:|www\./u.test(sentence)));
    if (isInstruction) instructions.push(sentence.trim());
    else kept.push(sentence);
    isAfterInstruction = isInstruction;
  }
  // One that spans sentences is in none of them: then nothing can be kept.
  const left = kept.join('');
  return instructions.length === 0 || givesInstruction(left)
    ? { text: '', instructions: [plain.trim()] }
    : { text: left.trim(), instructions };
}

function keepFlag(tags: string): string {
  return tags.startsWith('\u{1f3f4}') ? tags : '';
}

function keepAlphabet(run: string): string {
  const letters = run.toLowerCase().match(/\p{L}/gu) ?? [];
  return letters.every((letter, at) => at === 0 || letter > (letters[at - 1] ?? '')) ? run : '';
}

/** Whether a text gives an order in any disguise that is known. */
export function givesInstruction(text: string): boolean {
  const { commands } = patterns();
  for (const shape of disguises(text)) if (commands.test(shape)) return true;
  return false;
}

function goesOn(sentence: string): boolean {
  return patterns().sequels.test(foldText(sentence));
}

/** The text as it reads once each disguise is taken off; the cheap ones are looked for first. */
function* disguises(text: string): Generator<string> {
  const folded = foldText(text.replaceAll(INVISIBLE, '')).replaceAll(SLOGAN, dropSlogan);
  yield folded;
  const mended = folded.replaceAll(/\p{L}{5,12}/gu, mendWord);
  if (mended !== folded) yield mended;
  if (LOOKALIKE.test(folded)) yield folded.replaceAll(LOOKALIKES, (letter) => LATIN[letter] ?? letter);
  if (/\p{L}[013457@$|!+]|[013457@$|!+]\p{L}/u.test(folded)) {
    const read = folded.replaceAll(/[03457@$|+]|!(?=\p{L}|[03457@$+])/gu, (mark) => LEET[mark] ?? mark);
    yield read.replaceAll('1', 'i');
    if (read.includes('1')) yield read.replaceAll('1', 'l');
  }
  if (SPELT.test(folded)) yield folded.replaceAll(SPELT_OUT, (run) => run.replaceAll(/[\s.\-_*]/gu, ''));
  if (/[_*~]/u.test(folded)) yield folded.replaceAll(/[_*~]+/gu, '').replaceAll(/\s+/gu, ' ');
  yield* unrotate(folded);
  if (/[\u{1f1e6}-\u{1f1ff}]{5}/u.test(text.replaceAll(INVISIBLE, '')))
    yield foldText(text.replaceAll(INVISIBLE, '')).replaceAll(/[\u{1f1e6}-\u{1f1ff}]/gu, (flag) =>
      String.fromCharCode((flag.codePointAt(0) ?? 0) - 0x1_f1_e6 + 97),
    );
  if (/[ǝɹʇʍɔ].*[ǝɹʇʍɔ]/u.test(folded))
    yield Array.from(folded, (letter) => TURNED[letter] ?? letter)
      .toReversed()
      .join('');
  if (/8\?@C6|7@C86E|5:DC682C5/u.test(text))
    yield foldText(
      text.replaceAll(/[!-~]/gu, (c) => String.fromCharCode(((c.charCodeAt(0) - 33 + 47) % 94) + 33)),
    );
  if (MORSE.test(text)) yield readMorse(text);
  if (/erongi|dragersid|tegrof|metsys|dnopser|edirrevo/u.test(folded))
    yield Array.from(folded).toReversed().join('');
  if (/%[0-9a-f]{2}%|=[0-9a-f]{2}=|\\[ux0-7]\{?[0-9a-f]{2}|&#x?[0-9a-f]+;/iu.test(text))
    yield foldText(unescape(text));
  // What is packed has long words or digits; most prose has neither.
  if (!/\S{16}|\d/u.test(text)) return;
  for (const [numbers] of text.matchAll(CODES)) {
    const said = foldText(readCodes(numbers));
    if (SPOKEN.test(said)) yield `ignore instructions ${said}`;
  }
  for (const [blob] of text.matchAll(BLOB)) {
    const decoded = decodeBlob(blob);
    // What unpacks to a sentence is no article number: whoever packs one means a machine to read it.
    if (decoded !== undefined) yield `ignore instructions ${foldText(decoded)}`;
  }
}

/** What a shirt or a book bears; `ignore the text "previous rules"` is no shirt. */
const SLOGAN =
  /(?<!\b(?:ignor\w{0,3}|disregard|forget|follow|obey)\b[^.!?]{0,30})\b(?:print|printed|reads|text|words?|slogan|title|titled|called|entitled|named|aufdruck|titel|spruch|intitulee?|titre|frase|titulo|titulad[oa]|titolo|intitolato|scritta|opschrift)\b(?: (?:with|of|that|says|de|di|van|met|mit)){0,2}:? ?["\u201c\u201e\u00ab]([^"\u201c\u201d\u00bb]{1,60})["\u201d\u201c\u00bb]/gu;
const SPEAKING =
  /\b(?:say|write|output|print|respond|reply|answer|return|schreib\w*|ecri\w*|escrib\w*|scriv\w*|schrijf\w*)\b/u;
const SLOGAN_WORDS = 5;

/** A few words are no order unless they say what to write. */
function dropSlogan(text: string, said: string): string {
  return said.trim().split(' ').length > SLOGAN_WORDS || SPEAKING.test(said) ? text : '';
}

/** Words that tell by the letters that they hold: `ignroe` and `prevoius` are read as they are meant. */
const MISSPELT = new Map(
  ['ignore', 'above', 'previous', 'instructions', 'disregard', 'forget', 'respond', 'output', 'override'].map(
    (word) => [lettersOf(word), word],
  ),
);

function mendWord(word: string): string {
  return MISSPELT.get(lettersOf(word)) ?? word;
}

/** The letters between the first and the last in their order in the alphabet. */
function lettersOf(word: string): string {
  const inner = Array.from(word.slice(1, -1)).toSorted().join('');
  return `${word.charAt(0)}${inner}${word.at(-1) ?? ''}`;
}

const LATIN: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from('аеорсухіјѕмтнквԁӏαοειηνρτυκωօսոհզցꮖꮐꭺꭷꭱꭲɪɢɴᴏʀᴇᴀʟᴘᴠᴜꜱᴛᴄᴅᴡʏᴍʜᴋʙꜰᴊᴢ', (letter, at) => [
    letter,
    Array.from('aeopcyxijsmthkvdlaoeinvptukwounhqgigaortignorealpvustcdwymhkbfjz')[at] ?? letter,
  ]),
);
const ALIKE = String.raw`\u0370-\u058f\u13a0-\u13ff\uab70-\uabbf\u0250-\u02af\u1d00-\u1d2b\ua730\ua731`;
const LOOKALIKE = new RegExp(`[a-z][${ALIKE}]|[${ALIKE}][a-z]|[\\u1d00-\\u1d2b]{2}`, 'u');
const LOOKALIKES = new RegExp(`[${ALIKE}]`, 'gu');
const TURNED: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from('ɐqɔpǝɟƃɥıɾʞlɯuodbɹsʇnʌʍxʎz', (letter, at) => [letter, String.fromCharCode(97 + at)]),
);
const LEET: Readonly<Record<string, string>> = {
  0: 'o',
  1: 'i',
  3: 'e',
  4: 'a',
  5: 's',
  7: 't',
  '@': 'a',
  $: 's',
  '|': 'l',
  '!': 'i',
  '+': 't',
};
const SPELT = /(?:\b\p{L}[\s.\-_*]){5}/u;
const SPELT_OUT = /(?:\b\p{L}[.\-_*\s]){3,}\p{L}\b/gu;
const BLOB =
  /(?:[0-9a-f]{2}[\s:]?){12,}|={0,2}[A-Za-z0-9+/_-]{20,}={0,2}|(?<![A-Za-z0-9+/])(?:(?=[A-Za-z+/]{0,80}\d|[a-z]{1,80}[A-Z]|[A-Z]{1,80}[a-z]{1,80}[A-Z])[A-Za-z0-9+/]{4,80}[\s.]{1,3}){3,}[A-Za-z0-9+/]{0,80}={0,2}/gu;
/** A list of sizes spells no two words. */
const SPOKEN = /\p{L}\p{L}\s\p{L}\p{L}/u;
const SENTENCE_LIKE = /^[\p{L}\p{N}\p{P}\p{Zs}\n]+$/u;

const A = 97;
const TELLING = [
  'ignore',
  'disregard',
  'forget',
  'system',
  'respond',
  'override',
  'previous',
  'instructions',
];
/** Such a word as each cipher of letters writes it, with what brings it back: a shift, or the mirror. */
const CIPHERED = new Map<string, (letter: number) => number>();
for (const back of [
  ...Array.from({ length: 25 }, (_, at) => (n: number) => (n + at + 1) % 26),
  (n: number) => 25 - n,
])
  for (const word of TELLING) {
    // Both go round: what is brought back k times is written by the rest of the circle.
    const forth = Array.from({ length: 26 }, (_, n) => n);
    const write = forth.map((n) => forth.find((m) => back(m) === n) ?? n);
    CIPHERED.set(
      word.replaceAll(/[a-z]/gu, (c) => String.fromCharCode((write[c.charCodeAt(0) - A] ?? 0) + A)),
      back,
    );
  }

/** The text by each cipher of letters in which one of its words tells. */
function* unrotate(text: string): Generator<string> {
  for (const back of new Set((text.match(/[a-z]{6,12}/gu) ?? []).map((word) => CIPHERED.get(word))))
    if (back !== undefined)
      yield text.replaceAll(/[a-z]/gu, (c) => String.fromCharCode(back(c.charCodeAt(0) - A) + A));
}

const MORSE = /(?:[.\-·–]{1,5}(?:\s\/?\s?|\/|$)){12}/u;
/** Its marks end sentences: it is taken out before they are looked for. */
const MORSE_RUN = /(?<![\p{L}\p{N}])(?:[.\-·–]{1,5}(?:\s\/?\s?|\/|$)){12,}/gu;
const MORSE_LETTERS =
  '.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..'.split(
    ' ',
  );

function readMorse(text: string): string {
  return text
    .replaceAll('·', '.')
    .replaceAll('–', '-')
    .split(/\s?\/\s?|\s{2,}/u)
    .map((word) =>
      word
        .split(' ')
        .map((sign) => {
          const at = MORSE_LETTERS.indexOf(sign);
          return at < 0 ? '' : String.fromCharCode(A + at);
        })
        .join(''),
    )
    .join(' ');
}

/** Numbers of characters: binary, hexadecimal with its sign, decimal. */
const CODES = /(?:(?:[01]{8}|0x[0-9a-f]{2}|1[01]\d|12[0-6]|[3-9]\d)(?:[\s,;]+|$)){10,}/giu;

function readCodes(numbers: string): string {
  const codes = numbers.trim().split(/[\s,;]+/u);
  return String.fromCharCode(
    ...codes.map((code) => Number(/^[01]{8}$/u.test(code) ? `0b${code}` : code)).filter((code) => code < 127),
  );
}

function unescape(text: string): string {
  return text
    .replaceAll(/(?:[%=][0-9a-f]{2})+/giu, (run) =>
      Buffer.from(run.replaceAll(/[%=]/gu, ''), 'hex').toString('utf8'),
    )
    .replaceAll(/\\([0-7]{2,3})(?![0-9a-f])/gu, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    )
    .replaceAll(
      /\\[ux]\{?([0-9a-f]{2,4})\}?|&#x([0-9a-f]{1,5});/giu,
      (_, code: string | undefined, other: string | undefined) =>
        String.fromCodePoint(Number.parseInt(code ?? other ?? '20', 16)),
    )
    .replaceAll(/&#(\d{1,6});/gu, (_, code: string) =>
      String.fromCodePoint(Math.min(Number(code), 0x10_ff_ff)),
    );
}

/** Hexadecimal or base64 that unpacks to words. */
function decodeBlob(blob: string, isInner = false): string | undefined {
  const packed = blob.replaceAll(/[\s:.]/gu, '');
  const bare = packed.startsWith('=') ? Array.from(packed).toReversed().join('') : packed;
  if (/^[A-Z2-7]{24,}=*$/u.test(bare)) return decodeBase32(bare);
  const encodings = /^[0-9a-f]+$/iu.test(bare) ? (['hex', 'base64'] as const) : (['base64'] as const);
  for (const encoding of encodings) {
    const text = Buffer.from(bare, encoding).toString('utf8');
    if (text.length >= 8 && SENTENCE_LIKE.test(text) && SPOKEN.test(text)) return text;
    if (!isInner && /^[A-Za-z0-9+/_-]{20,}={0,2}$/u.test(text)) {
      const twice = decodeBlob(text, true);
      if (twice !== undefined) return twice;
    }
  }
  return undefined;
}

function decodeBase32(text: string): string | undefined {
  const bits = Array.from(text.replaceAll('=', ''), (c) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'),
  ).join('');
  const said = Buffer.from(
    (bits.match(/[01]{8}/gu) ?? []).map((byte) => Number.parseInt(byte, 2)),
  ).toString();
  return SENTENCE_LIKE.test(said) && SPOKEN.test(said) ? said : undefined;
}
