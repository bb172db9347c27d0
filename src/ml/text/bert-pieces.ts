/**
 * Cuts a text into pieces that BERT's tokenizer may read one after the other: the ids of the pieces, joined,
 * are those of the whole. So a text without white space need not be read to its end for its first tokens.
 * What changes no id is left out of a piece: all but one of characters that the normalizer removes, and of a
 * word so long that it is unknown in any case all but its beginning.
 */
import type { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';

/** What tokenizer.json must say for the cuts to be safe; others are read word by word as they stand. */
const schema = z.looseObject({
  normalizer: z.looseObject({
    type: z.literal('BertNormalizer'),
    clean_text: z.literal(true),
    lowercase: z.boolean(),
  }),
  pre_tokenizer: z.looseObject({ type: z.literal('BertPreTokenizer') }),
  model: z.looseObject({
    type: z.literal('WordPiece'),
    max_input_chars_per_word: z.int().positive().default(100),
    fuse_unk: z.literal(false).optional(),
  }),
  // They are looked for in the text as it came: none may lie across a cut.
  added_tokens: z.array(
    z.looseObject({ content: z.string().regex(/^\[[A-Za-z0-9]{1,32}\]$/), normalized: z.literal(false) }),
  ),
});

/** A piece ends at the first safe place after so many characters. */
export const PIECE_CHARS = 32;

/** What becomes of a character between two letters. */
const REMOVED = 1;
const SPACE = 2;
const WORD_OF_ITS_OWN = 3;
const PART_OF_WORD = 4;
const UNCLEAR = 5;

/**
 * Where the library differs from Hugging Face's own tokenizer, whose ids a model was trained on: that
 * lower-cases a sigma without looking about it, and makes words of ideographs beyond 16 bits, in the ranges
 * of `is_chinese_char` of its crate `tokenizers`.
 */
const SIGMA = 'Σ';
const AMENDED = /[Σ\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

export type Pieces = (text: string) => Iterable<string>;

/** @param file tokenizer.json; a tokenizer that may not be cut gets every text in one piece */
export function createPieces(tokenizer: Tokenizer, file: unknown): Pieces {
  const amend = createAmend(file);
  const parsed = schema.safeParse(file);
  const kindOf = createKinds(tokenizer, amend);
  if (!parsed.success || kindOf === undefined) return (text) => [amend(text)];
  const longestWord = parsed.data.model.max_input_chars_per_word;

  return function* (text) {
    let piece = '';
    let wordChars = 0; // of the word at the end of the piece
    let before = 0; // the kind of the character at its end
    let hasTokens = false;
    for (let at = 0, width = 1; at < text.length; at += width) {
      const codePoint = text.codePointAt(at) ?? 0;
      width = codePoint > 0xffff ? 2 : 1;
      const kind = kindOf(codePoint);
      if (kind === UNCLEAR) {
        yield piece + amend(text.slice(at));
        return;
      }
      const isLeftOut =
        (kind === PART_OF_WORD && wordChars > longestWord) ||
        (kind === REMOVED && (before === REMOVED || before === SPACE || wordChars > longestWord)) ||
        (kind === SPACE && before === SPACE);
      if (isLeftOut) continue;
      const char = text.slice(at, at + width);
      // Before "[" and after all but "[": neither is inside an added token such as [MASK].
      if (char === '[' && piece.length >= PIECE_CHARS) {
        yield piece;
        piece = '';
      }
      piece += codePoint < 0x80 ? char : amend(char);
      hasTokens ||= kind === PART_OF_WORD || kind === WORD_OF_ITS_OWN;
      before = kind;
      if (kind === PART_OF_WORD) wordChars += 1;
      if (kind !== SPACE && kind !== WORD_OF_ITS_OWN) continue;
      wordChars = 0;
      if (char === '[' || piece.length < PIECE_CHARS) continue;
      yield piece;
      piece = '';
      hasTokens = false;
    }
    if (hasTokens) yield piece;
  };
}

const amendedSchema = z.object({
  normalizer: z.object({
    lowercase: z.boolean().nullish(),
    handle_chinese_chars: z.boolean().nullish(),
  }),
});

function createAmend(file: unknown): (text: string) => string {
  const { normalizer } = amendedSchema.parse(file);
  const replace = (char: string): string => {
    if (char === SIGMA) return normalizer.lowercase === true ? 'σ' : char;
    return normalizer.handle_chinese_chars === true ? ` ${char} ` : char;
  };
  return (text) => text.replaceAll(AMENDED, replace);
}

/** The kind of every character, found by the tokenizer itself and kept. */
function createKinds(
  { normalizer, pre_tokenizer: splitter }: Tokenizer,
  amend: (text: string) => string,
): ((codePoint: number) => number) | undefined {
  if (normalizer === null || splitter === null) return undefined;
  const known = new Uint8Array(0x110000);
  const find = (codePoint: number): number => {
    const normalized = normalizer.normalize(amend(`a${String.fromCodePoint(codePoint)}a`));
    if (normalized === 'aa') return REMOVED;
    const words = splitter.pre_tokenize(normalized);
    if (words.length === 1) return words[0] === normalized ? PART_OF_WORD : UNCLEAR;
    if (words[0] !== 'a' || words.at(-1) !== 'a') return UNCLEAR;
    return words.length === 2 ? SPACE : WORD_OF_ITS_OWN;
  };
  return (codePoint) => (known[codePoint] ||= find(codePoint));
}
