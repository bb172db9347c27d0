/**
 * What is measured: (batch 16; 32, 64, 128 tokens) x (our encoder, DistilBERT-base's sizes with random
 * weights).
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../src/core/paths.ts';
import { createRandom, type Random } from '../../src/core/random.ts';
import {
  parseDistilBertConfig,
  readWeights,
  type DistilBertConfig,
  type Weights,
} from '../../src/ml/models/index.ts';

export const BATCH = 16;

export interface BenchModel {
  readonly name: string;
  /**
   * Largest part of PyTorch's time that one of our steps may take. A step is matrix products for the most
   * part, and how fast those are depends on the processor and on the library that each side brings along,
   * ONNX Runtime's MLAS and PyTorch's oneDNN: 0.57 to 0.68 for the encoder on one Zen 4. So both limits ask
   * for a clear fifth less, no more.
   */
  readonly limit: number;
  /** Of a whole training process. */
  readonly memoryLimitBytes: number;
  load(): Promise<{ config: DistilBertConfig; configJson: Record<string, unknown>; weights: Weights }>;
}

const BASE_SIZES = {
  model_type: 'distilbert',
  vocab_size: 30_522,
  max_position_embeddings: 512,
  n_layers: 6,
  n_heads: 12,
  dim: 768,
  hidden_dim: 3072,
  dropout: 0.1,
  attention_dropout: 0.1,
  seq_classif_dropout: 0.2,
  activation: 'gelu',
};

export const MODELS: readonly BenchModel[] = [
  {
    name: 'encoder-7x384',
    limit: 0.8,
    memoryLimitBytes: 1.5e9,
    load: async () => {
      const directory = path.join(packageRoot, 'assets', 'encoder');
      const configJson = JSON.parse(await readFile(path.join(directory, 'config.json'), 'utf8'));
      const config = parseDistilBertConfig(configJson);
      const encoder = await readWeights(path.join(directory, 'model.safetensors'));
      const weights: Weights = new Map([...encoder].map(([name, tensor]) => [`distilbert.${name}`, tensor]));
      addHead(weights, config, createRandom(1));
      return { config, configJson, weights };
    },
  },
  {
    name: 'distilbert-base',
    limit: 0.8,
    memoryLimitBytes: 4e9,
    load: async () => {
      const config = parseDistilBertConfig(BASE_SIZES);
      return { config, configJson: BASE_SIZES, weights: drawWeights(config) };
    },
  },
];

export const TIMES = [32, 64, 128] as const;

/** Random tokens of the whole vocabulary, every row full. */
export function drawBatch(time: number): { inputIds: number[][]; labels: number[] } {
  const random = createRandom(time);
  return {
    inputIds: Array.from({ length: BATCH }, () =>
      Array.from({ length: time }, () => 1000 + random.below(29_000)),
    ),
    labels: Array.from({ length: BATCH }, () => random.below(2)),
  };
}

function drawWeights(config: DistilBertConfig): Weights {
  const random = createRandom(2);
  const weights: Weights = new Map();
  const { dim, hiddenDim } = config;
  put(weights, 'distilbert.embeddings.word_embeddings.weight', [config.vocabulary, dim], random);
  put(weights, 'distilbert.embeddings.position_embeddings.weight', [config.positions, dim], random);
  putNorm(weights, 'distilbert.embeddings.LayerNorm', dim);
  for (let layer = 0; layer < config.layers; layer += 1) {
    const name = `distilbert.transformer.layer.${layer}`;
    for (const part of ['q_lin', 'k_lin', 'v_lin', 'out_lin']) {
      putLinear(weights, `${name}.attention.${part}`, dim, dim, random);
    }
    putLinear(weights, `${name}.ffn.lin1`, hiddenDim, dim, random);
    putLinear(weights, `${name}.ffn.lin2`, dim, hiddenDim, random);
    putNorm(weights, `${name}.sa_layer_norm`, dim);
    putNorm(weights, `${name}.output_layer_norm`, dim);
  }
  addHead(weights, config, random);
  return weights;
}

function addHead(weights: Weights, { dim, labels }: DistilBertConfig, random: Random): void {
  putLinear(weights, 'pre_classifier', dim, dim, random);
  putLinear(weights, 'classifier', labels.length, dim, random);
}

function putLinear(weights: Weights, name: string, outputs: number, inputs: number, random: Random): void {
  put(weights, `${name}.weight`, [outputs, inputs], random);
  weights.set(`${name}.bias`, { dtype: 'F32', shape: [outputs], data: new Float32Array(outputs) });
}

function putNorm(weights: Weights, name: string, dim: number): void {
  weights.set(`${name}.weight`, { dtype: 'F32', shape: [dim], data: new Float32Array(dim).fill(1) });
  weights.set(`${name}.bias`, { dtype: 'F32', shape: [dim], data: new Float32Array(dim) });
}

function put(weights: Weights, name: string, shape: number[], random: Random): void {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal() * 0.02);
  weights.set(name, { dtype: 'F32', shape, data });
}
