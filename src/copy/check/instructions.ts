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
/** Tag characters spell hidden text; after a black flag they are a flag. */
const TAGS = /(?:\u{1f3f4}[\u{e0020}-\u{e007f}]{2,7})?[\u{e0000}-\u{e007f}]/gu;
/** No product spells out a whole sentence. */
const SPELT_SENTENCE = /(?<![\p{L}\p{N}])(?:\p{L}[.\-_*\s:,/]{1,8}){12,}/gu;
const INVISIBLE =
  /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\u034f|[\u{fe00}-\u{fe0e}]/gu;

/** The text without the sentences that give instructions. */
export function withoutInstructions(text: string): CleanText {
  const plain = text.replaceAll(TAGS, keepFlag).replaceAll(SPELT_SENTENCE, '').trimEnd();
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
  const folded = foldText(text.replaceAll(INVISIBLE, ''));
  yield folded;
  if (LOOKALIKE.test(folded)) yield folded.replaceAll(LOOKALIKES, (letter) => LATIN[letter] ?? letter);
  if (/\p{L}[013457@$|]|[013457@$|]\p{L}/u.test(folded))
    yield folded.replaceAll(/[013457@$|]/gu, (mark) => LEET[mark] ?? mark);
  if (SPELT.test(folded)) yield folded.replaceAll(SPELT_OUT, (run) => run.replaceAll(/[\s.\-_*]/gu, ''));
  if (/[_*~]/u.test(folded)) yield folded.replaceAll(/[_*~]+/gu, '').replaceAll(/\s+/gu, ' ');
  if (/vtaber|qvfertneq|sbetrg|flfgrz|erfcbaq|bireevqr/u.test(folded)) yield rotate(folded);
  if (/erongi|dragersid|tegrof|metsys|dnopser|edirrevo/u.test(folded))
    yield Array.from(folded).toReversed().join('');
  if (/%[0-9a-f]{2}%|\\[ux]\{?[0-9a-f]{2}|&#x?[0-9a-f]+;/iu.test(text)) yield foldText(unescape(text));
  for (const [blob] of text.matchAll(BLOB)) {
    const decoded = decodeBlob(blob);
    // What unpacks to a sentence is no article number: whoever packs one means a machine to read it.
    if (decoded !== undefined) yield `ignore instructions ${foldText(decoded)}`;
  }
}

const LATIN: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from('аеорсухіјѕмтнквԁӏαοεινρτυκ', (letter, at) => [
    letter,
    Array.from('aeopcyxijsmthkvdlaoeivptuk')[at] ?? letter,
  ]),
);
const LOOKALIKE = /[a-z][\u0370-\u052f]|[\u0370-\u052f][a-z]/u;
const LOOKALIKES = /[\u0370-\u052f]/gu;
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
};
const SPELT = /(?:\b\p{L}[\s.\-_*]){5}/u;
const SPELT_OUT = /(?:\b\p{L}[.\-_*\s]){3,}\p{L}\b/gu;
const BLOB = /(?:[0-9a-f]{2}[\s:]?){12,}|[A-Za-z0-9+/_-]{20,}={0,2}/gu;
const SENTENCE_LIKE = /^[\p{L}\p{N}\p{P}\p{Zs}\n]+$/u;

function rotate(text: string): string {
  return text.replaceAll(/[a-z]/gu, (letter) =>
    String.fromCharCode(((letter.charCodeAt(0) - 97 + 13) % 26) + 97),
  );
}

function unescape(text: string): string {
  return text
    .replaceAll(/(?:%[0-9a-f]{2})+/giu, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
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
function decodeBlob(blob: string): string | undefined {
  const bare = blob.replaceAll(/[\s:]/gu, '');
  const encodings = /^[0-9a-f]+$/iu.test(bare) ? (['hex', 'base64'] as const) : (['base64'] as const);
  for (const encoding of encodings) {
    const text = Buffer.from(bare, encoding).toString('utf8');
    if (text.length >= 8 && SENTENCE_LIKE.test(text) && /\p{L}\p{L}\s\p{L}\p{L}/u.test(text)) return text;
  }
  return undefined;
}
