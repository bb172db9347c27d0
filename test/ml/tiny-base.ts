/** A base model so small that training it takes moments: our own code, random weights, thirty words. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createRandom } from '../../src/core/random.ts';
import { writeWeights, type Weights } from '../../src/ml/index.ts';

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const GOOD = ['lovely', 'superb', 'sturdy', 'bright', 'soft'];
const BAD = ['broken', 'cheap', 'torn', 'dull', 'rough'];
const NEUTRAL = ['a', 'the', 'lamp', 'chair', 'shirt', 'with', 'and', 'very', 'for', 'home', '##s', '.'];
const VOCABULARY = [...SPECIAL, ...GOOD, ...BAD, ...NEUTRAL];

const CONFIG = {
  model_type: 'distilbert',
  architectures: ['DistilBertModel'],
  activation: 'gelu',
  attention_dropout: 0.1,
  dim: 16,
  dropout: 0.1,
  hidden_dim: 32,
  initializer_range: 0.02,
  max_position_embeddings: 32,
  n_heads: 2,
  n_layers: 2,
  pad_token_id: 0,
  qa_dropout: 0.1,
  seq_classif_dropout: 0.2,
  sinusoidal_pos_embds: false,
  vocab_size: VOCABULARY.length,
};

export async function writeTinyBase(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const write = (name: string, content: unknown): Promise<void> =>
    writeFile(path.join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
  await write('config.json', CONFIG);
  await write('vocab.txt', `${VOCABULARY.join('\n')}\n`);
  await write('tokenizer.json', tokenizerFile());
  await write('tokenizer_config.json', {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: true,
    pad_token: '[PAD]',
  });
  await writeWeights(path.join(directory, 'model.safetensors'), drawWeights());
  return directory;
}

/** A CSV of rows whose label follows from their words, but for one row in ten. */
export async function writeTinyRows(file: string, count: number, seed: number): Promise<string> {
  const random = createRandom(seed);
  const lines = Array.from({ length: count }, () => {
    const label = random.chance(0.6) ? 1 : 0;
    const words = random.chance(0.1) === (label === 1) ? BAD : GOOD;
    const filler = Array.from({ length: 1 + random.below(8) }, () => random.pick(NEUTRAL));
    return `${random.pick(['', 'Lamp', 'Chair'])},"${[...filler, random.pick(words), random.pick(words)].join(' ')}",${label}`;
  });
  await writeFile(file, ['title,description,label', ...lines, ''].join('\n'));
  return file;
}

function tokenizerFile(): unknown {
  const special = (id: number): object => ({
    id,
    content: SPECIAL[id],
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((_, id) => special(id)),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(VOCABULARY.map((word, id) => [word, id])),
    },
  };
}

/** Of a bare encoder, without the prefix "distilbert.", as assets/encoder stores them. */
function drawWeights(): Weights {
  const random = createRandom(11);
  const weights: Weights = new Map();
  const add = (name: string, shape: number[], value: () => number): void => {
    const data = Float32Array.from({ length: shape.reduce((product, dim) => product * dim, 1) }, value);
    weights.set(name, { dtype: 'F32', shape, data });
  };
  const linear = (name: string, outputs: number, inputs: number): void => {
    add(`${name}.weight`, [outputs, inputs], () => random.normal() / Math.sqrt(inputs));
    add(`${name}.bias`, [outputs], () => 0.1 * random.normal());
  };
  const norm = (name: string): void => {
    add(`${name}.weight`, [CONFIG.dim], () => 1 + 0.1 * random.normal());
    add(`${name}.bias`, [CONFIG.dim], () => 0.1 * random.normal());
  };
  add('embeddings.word_embeddings.weight', [CONFIG.vocab_size, CONFIG.dim], () => random.normal());
  add(
    'embeddings.position_embeddings.weight',
    [CONFIG.max_position_embeddings, CONFIG.dim],
    () => 0.1 * random.normal(),
  );
  norm('embeddings.LayerNorm');
  for (let layer = 0; layer < CONFIG.n_layers; layer += 1) {
    const name = `transformer.layer.${layer}`;
    for (const part of ['q_lin', 'k_lin', 'v_lin', 'out_lin'])
      linear(`${name}.attention.${part}`, CONFIG.dim, CONFIG.dim);
    linear(`${name}.ffn.lin1`, CONFIG.hidden_dim, CONFIG.dim);
    linear(`${name}.ffn.lin2`, CONFIG.dim, CONFIG.hidden_dim);
    norm(`${name}.sa_layer_norm`);
    norm(`${name}.output_layer_norm`);
  }
  return weights;
}

/** The encoder with a classifier of random weights on it. */
export function withDrawnHead(encoder: Weights, dim: number, seed: number): Weights {
  const random = createRandom(seed);
  const draw = (...shape: number[]): { dtype: 'F32'; shape: number[]; data: Float32Array } => ({
    dtype: 'F32',
    shape,
    data: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () =>
      random.normal(),
    ),
  });
  return new Map(encoder)
    .set('pre_classifier.weight', draw(dim, dim))
    .set('pre_classifier.bias', draw(dim))
    .set('classifier.weight', draw(2, dim))
    .set('classifier.bias', draw(2));
}
