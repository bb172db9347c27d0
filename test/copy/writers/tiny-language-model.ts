/**
 * A language model of one table: the next word depends on the last one only (GPT-2's file layout with no
 * layer). Written by our own ONNX writer, so that transformers.js really loads and runs a model in tests,
 * without any download.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bytesOf, encodeModel } from '../../../src/ml/onnx/index.ts';

/** Learns which word follows which in `corpus` and writes the model directory. */
export async function writeTinyLanguageModel(folder: string, corpus: readonly string[]): Promise<void> {
  const words = [
    '[PAD]',
    '[UNK]',
    ...new Set(corpus.flatMap((line) => line.toLowerCase().match(/[a-z]+|[.,]/gu) ?? [])),
  ];
  const vocab = new Map(words.map((word, id) => [word, id]));
  const size = words.length;
  const logits = new Float32Array(size * size).fill(-12);
  const allow = (from: number, to: number): void => {
    logits[from * size + to] = 2;
  };
  for (const line of corpus) {
    const ids = (line.toLowerCase().match(/[a-z]+|[.,]/gu) ?? []).map((word) => vocab.get(word) ?? 1);
    ids.forEach((id, at) => allow(id, ids[at + 1] ?? 0));
    // Whatever ends a prompt is unknown to it and opens a sentence.
    allow(1, ids[0] ?? 0);
  }
  allow(0, 0);

  const onnx = encodeModel({
    name: 'bigram',
    inputs: [
      { name: 'input_ids', dtype: 'int64', shape: ['batch', 'time'] },
      { name: 'attention_mask', dtype: 'int64', shape: ['batch', 'total'] },
    ],
    outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 'time', size] }],
    initializers: [{ name: 'table', dtype: 'float32', shape: [size, size], bytes: bytesOf(logits) }],
    nodes: [{ name: 'look-up', type: 'Gather', inputs: ['table', 'input_ids'], outputs: ['logits'] }],
  });
  const tokenizer = {
    version: '1.0',
    added_tokens: [0, 1].map((id) => ({
      id,
      content: words[id],
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocab),
    },
  };
  const files: Record<string, string | Uint8Array> = {
    'config.json': JSON.stringify({
      model_type: 'gpt2',
      architectures: ['GPT2LMHeadModel'],
      n_layer: 0,
      n_head: 1,
      n_embd: 8,
      vocab_size: size,
      eos_token_id: 0,
      pad_token_id: 0,
    }),
    'generation_config.json': JSON.stringify({ eos_token_id: 0, pad_token_id: 0 }),
    'tokenizer.json': JSON.stringify(tokenizer),
    'tokenizer_config.json': JSON.stringify({
      tokenizer_class: 'PreTrainedTokenizerFast',
      pad_token: '[PAD]',
      unk_token: '[UNK]',
      model_max_length: 512,
    }),
    'onnx/model.onnx': onnx,
  };
  await mkdir(path.join(folder, 'onnx'), { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
}
