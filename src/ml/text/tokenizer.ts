/**
 * Token ids of a model directory's own tokenizer (tokenizer.json, as Hugging Face's libraries read it). A
 * text is cut to its first tokens, and only as much of it as can matter is encoded: what BERT's tokenizer
 * gets to read of a megabyte is a paragraph, whatever the megabyte consists of; another tokenizer reads up to
 * white space.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { AppError, toError } from '../../core/errors.ts';
import { createPieces, PIECE_CHARS, type Pieces } from './bert-pieces.ts';

export interface TextTokenizer {
  /**
   * Ids with the model's special tokens ([CLS] text [SEP]), at most `maxLength` of them; the text is cut, not
   * they. The list's length is the number of tokens that a batch pays for.
   */
  encode(text: string, maxLength: number): number[];
  readonly padTokenId: number;
  /** Ids run from 0 to vocabularySize - 1. */
  readonly vocabularySize: number;
}

/** Token ids of one text, special ones included. */
export type TokenIds = readonly number[] | Int32Array;

/** Token ids of several texts padded to the longest: row-major [batch, time]. */
interface TokenBatch {
  inputIds: BigInt64Array; // [batch, time]
  attentionMask: BigInt64Array; // [batch, time], 1 where there is a token
  batch: number;
  time: number;
}

const tokenizerFileSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string() })).default([]),
});
const tokenizerConfigSchema = z.looseObject({
  pad_token: z.union([z.string(), z.object({ content: z.string() })]).default('[PAD]'),
});

/** Characters first tried per token asked for; English needs about five. */
const CHARS_PER_TOKEN = 12;
/** Words kept with their ids, and the longest of them: some megabytes at most. */
const MAX_KNOWN_WORDS = 50_000;
const MAX_KNOWN_CHARS = PIECE_CHARS;

/** @throws AppError `bad-model` when a tokenizer file is missing or malformed */
export async function openTokenizer(modelDirectory: string): Promise<TextTokenizer> {
  const [file, config] = await Promise.all([
    readJson(modelDirectory, 'tokenizer.json', tokenizerFileSchema),
    readJson(modelDirectory, 'tokenizer_config.json', tokenizerConfigSchema),
  ]);
  let tokenizer: HuggingFaceTokenizer;
  try {
    tokenizer = new HuggingFaceTokenizer(file, config);
  } catch (thrown) {
    throw new AppError(
      'bad-model',
      `${modelDirectory}/tokenizer.json cannot be used: ${toError(thrown).message}`,
      {
        cause: thrown,
      },
    );
  }
  const padToken = typeof config.pad_token === 'string' ? config.pad_token : config.pad_token.content;
  const padTokenId = tokenizer.token_to_id(padToken);
  if (padTokenId === undefined) {
    throw new AppError(
      'bad-model',
      `${modelDirectory}: the padding token ${padToken} is not in the vocabulary`,
    );
  }
  const specialTokens = tokenizer.encode('').ids;
  const end = specialTokens.at(-1);
  const encodeWords =
    isBert(file) && specialTokens.length === 2
      ? createWordEncoder(tokenizer, createPieces(tokenizer, file))
      : undefined;

  return {
    padTokenId,
    vocabularySize: tokenizer.get_vocab(true).size,
    encode: (text, maxLength) => {
      if (maxLength < specialTokens.length) {
        throw new AppError(
          'invalid-input',
          `maxLength must be at least ${specialTokens.length}, not ${maxLength}`,
        );
      }
      const ids = encodeWords?.(text, maxLength) ?? encodeBeginning(tokenizer, text, maxLength);
      if (ids.length <= maxLength) return ids;
      ids.length = maxLength;
      if (end !== undefined) ids[maxLength - 1] = end;
      return ids;
    },
  };
}

const bertSchema = z.looseObject({
  normalizer: z.looseObject({ type: z.literal('BertNormalizer') }),
  pre_tokenizer: z.looseObject({ type: z.literal('BertPreTokenizer') }),
});

/** BERT's tokenizer splits at white space first, and nothing it does to a word looks beyond it. */
function isBert(file: unknown): boolean {
  return bertSchema.safeParse(file).success;
}

/**
 * Ids of the words met lately: product texts say the same few thousand words over and over, and looking one
 * up takes a tenth of the time.
 */
function createWordEncoder(
  tokenizer: HuggingFaceTokenizer,
  piecesOf: Pieces,
): (text: string, wanted: number) => number[] {
  const [begin = 0, end = 0] = tokenizer.encode('').ids;
  let known = new Map<string, readonly number[]>();
  const find = (word: string): readonly number[] | undefined =>
    word.length <= MAX_KNOWN_CHARS ? known.get(word) : undefined;
  const encodePiece = (piece: string): readonly number[] => {
    const found = find(piece);
    if (found !== undefined) return found;
    const ids = tokenizer.encode(piece).ids.slice(1, -1);
    if (piece.length <= MAX_KNOWN_CHARS) {
      if (known.size >= MAX_KNOWN_WORDS) known = new Map();
      known.set(piece, ids);
    }
    return ids;
  };
  /** Of a word between white space, which may be a text of its own in languages without. */
  const pushWord = (ids: number[], word: string, wanted: number): void => {
    const found = find(word);
    if (found !== undefined) {
      ids.push(...found);
      return;
    }
    for (const piece of piecesOf(word)) {
      for (const id of encodePiece(piece)) ids.push(id);
      if (ids.length >= wanted) return;
    }
  };
  return (text, wanted) => {
    const ids = [begin];
    for (let at = 0; at < text.length && ids.length < wanted;) {
      const next = nextWhiteSpace(text, at);
      if (next > at) pushWord(ids, text.slice(at, next), wanted);
      at = next + 1;
    }
    ids.push(end);
    return ids;
  };
}

/**
 * Ids of a beginning of the text, cut at white space (where no token crosses), that has at least `wanted` of
 * them if the text has.
 */
function encodeBeginning(tokenizer: HuggingFaceTokenizer, text: string, wanted: number): number[] {
  for (let length = wanted * CHARS_PER_TOKEN; ; length *= 2) {
    const end = nextWhiteSpace(text, length);
    const ids = tokenizer.encode(end < text.length ? text.slice(0, end) : text).ids;
    if (end >= text.length || ids.length > wanted) return ids;
  }
}

function nextWhiteSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isWhiteSpace(text.charCodeAt(at))) at += 1;
  return Math.min(at, text.length);
}

/** Space, tab, line feed, carriage return. */
function isWhiteSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === 0x0a || unit === 0x0d;
}

export function padBatch(sequences: readonly TokenIds[], padTokenId: number): TokenBatch {
  const batch = sequences.length;
  const time = sequences.reduce((longest, ids) => Math.max(longest, ids.length), 0);
  const inputIds = new BigInt64Array(batch * time).fill(BigInt(padTokenId));
  const attentionMask = new BigInt64Array(batch * time);
  sequences.forEach((ids, row) => {
    for (let column = 0; column < ids.length; column += 1) {
      inputIds[row * time + column] = BigInt(ids[column] ?? padTokenId);
    }
    attentionMask.fill(1n, row * time, row * time + ids.length);
  });
  return { inputIds, attentionMask, batch, time };
}

/**
 * Positions of `lengths` grouped into batches of like length, so that padding is little: each batch pays (its
 * longest) x (its rows) tokens, at most `maxTokens`, except that a single longer sequence is a batch of its
 * own.
 */
export function bucketByLength(lengths: readonly number[], maxTokens: number): number[][] {
  const order = lengths
    .map((_, index) => index)
    .toSorted((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
  const batches: number[][] = [];
  let current: number[] = [];
  for (const index of order) {
    if (current.length > 0 && (current.length + 1) * (lengths[index] ?? 0) > maxTokens) {
      batches.push(current);
      current = [];
    }
    current.push(index);
  }
  if (current.length > 0) batches.push(current);
  return batches;
}

async function readJson<T>(directory: string, name: string, schema: z.ZodType<T>): Promise<T> {
  const file = path.join(directory, name);
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (thrown) {
    throw new AppError('bad-model', `${file} is missing or malformed: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }
}
