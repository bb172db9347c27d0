/** Sizes of a DistilBERT model, read from Hugging Face's config.json. */
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';

const size = z.number().int().positive();
const probability = z.number().min(0).max(1);

const CONFIG = z
  .object({
    model_type: z.string().default('distilbert'),
    vocab_size: size.default(30_522),
    max_position_embeddings: size.default(512),
    n_layers: size.default(6),
    n_heads: size.default(12),
    dim: size.default(768),
    hidden_dim: size.default(3072),
    dropout: probability.default(0.1),
    attention_dropout: probability.default(0.1),
    seq_classif_dropout: probability.default(0.2),
    activation: z.string().default('gelu'),
    pad_token_id: z.number().int().nonnegative().nullable().default(0),
    initializer_range: z.number().positive().default(0.02),
    id2label: z.record(z.string(), z.string()).optional(),
    num_labels: size.optional(),
  })
  .refine(({ dim, n_heads: heads }) => dim % heads === 0, 'dim must be a multiple of n_heads');

export interface DistilBertConfig {
  readonly vocabulary: number;
  readonly positions: number;
  readonly layers: number;
  readonly heads: number;
  readonly dim: number;
  readonly hiddenDim: number;
  readonly dropout: number;
  readonly attentionDropout: number;
  readonly classifierDropout: number;
  readonly padTokenId: number;
  readonly initializerRange: number;
  /**
   * Names of the classes in the order of the logits; LABEL_0, LABEL_1 and so on when config.json names none.
   */
  readonly labels: readonly string[];
}

/**
 * @param json content of config.json, parsed
 * @throws `unsupported` for another architecture or activation, by its name; `bad-model` for values of the
 *   wrong kind
 */
export function parseDistilBertConfig(json: unknown): DistilBertConfig {
  const parsed = CONFIG.safeParse(json);
  if (!parsed.success) {
    throw new AppError('bad-model', `config.json is not sound: ${z.prettifyError(parsed.error)}`);
  }
  const config = parsed.data;
  if (config.model_type !== 'distilbert') {
    throw new AppError(
      'unsupported',
      `the architecture "${config.model_type}" is not supported: give a DistilBERT model, such as distilbert/distilbert-base-uncased`,
    );
  }
  if (config.activation !== 'gelu') {
    throw new AppError(
      'unsupported',
      `DistilBERT's activation "${config.activation}" is not supported, only "gelu"`,
    );
  }
  return {
    vocabulary: config.vocab_size,
    positions: config.max_position_embeddings,
    layers: config.n_layers,
    heads: config.n_heads,
    dim: config.dim,
    hiddenDim: config.hidden_dim,
    dropout: config.dropout,
    attentionDropout: config.attention_dropout,
    classifierDropout: config.seq_classif_dropout,
    padTokenId: config.pad_token_id ?? 0,
    initializerRange: config.initializer_range,
    labels: parseLabels(config.id2label, config.num_labels),
  };
}

/**
 * Without names there are `num_labels` of them, two when that is not said either, called as Hugging Face
 * calls them.
 */
function parseLabels(
  id2label: Readonly<Record<string, string>> | undefined,
  count: number | undefined,
): readonly string[] {
  if (id2label === undefined) return Array.from({ length: count ?? 2 }, (_, id) => `LABEL_${id}`);
  const labels = Object.entries(id2label)
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, label]) => label);
  if (count !== undefined && count !== labels.length) {
    throw new AppError(
      'bad-model',
      `config.json contradicts itself: num_labels is ${count}, id2label names ${labels.length} (${labels.join(', ')}): correct one of them`,
    );
  }
  return labels;
}
