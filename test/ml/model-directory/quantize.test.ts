import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTokenizer, readBaseModel, type OnnxGraph, type Weights } from '../../../src/ml/index.ts';
import { quantizeGraph, quantizeProducts } from '../../../src/ml/model-directory/quantize.ts';
import { buildClassifierGraph } from '../../../src/ml/models/index.ts';
import { computeMargins } from '../../../src/ml/scoring/run-graph.ts';
import type { TextTokenizer } from '../../../src/ml/text/tokenizer.ts';
import { withDrawnHead, writeTinyBase } from '../../../fixtures/tiny-base.ts';

const TEXTS = [
  'the lamp is superb and sturdy',
  'torn',
  'a very cheap shirt with broken chairs .',
  'lovely soft shirts for the home',
  'dull and rough',
];
const options = { maxLength: 16, threads: 1 };

let folder: string;
let tokenizer: TextTokenizer;
let graph: OnnxGraph;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-quantize-'));
  const base = await readBaseModel(await writeTinyBase(path.join(folder, 'base')));
  tokenizer = await openTokenizer(base.directory);
  const weights = withDrawnHead(await base.readWeights(), base.config.dim, 3);
  // As in trained encoders: one channel before each feed-forward layer, and one within it, far larger than
  // the others.
  for (let layer = 0; layer < base.config.layers; layer += 1) {
    const name = `transformer.layer.${layer}`;
    dataOf(weights, `${name}.sa_layer_norm.weight`)[3] = 40;
    dataOf(weights, `${name}.ffn.lin1.weight`).forEach((value, index, all) => {
      if (index % base.config.dim === 3) all[index] = value / 40;
    });
    dataOf(weights, `${name}.ffn.lin1.bias`)[5] = 60;
    dataOf(weights, `${name}.ffn.lin2.weight`).forEach((value, index, all) => {
      if (index % base.config.hiddenDim === 5) all[index] = value / 60;
    });
  }
  graph = buildClassifierGraph(base.config, weights);
});
afterAll(() => rm(folder, { recursive: true }));

describe('an int8 graph', () => {
  it('keeps to the float32 logits where channels are of unlike size', async () => {
    const calibrated = await quantizeGraph(graph, { ...options, tokenizer, texts: TEXTS });
    const plain = quantizeProducts(graph, new Map());
    const [close, far] = [await errorOf(calibrated), await errorOf(plain)];
    expect(close).toBeLessThan(0.05);
    expect(far).toBeGreaterThan(2 * close);
  });

  it('damps large channels only: without any it multiplies nothing', async () => {
    const even = quantizeProducts(
      graph,
      new Map(inputsOfFeedForward().map((name) => [name, Float32Array.of(1, 2, 1.5)])),
    );
    expect(even.nodes.some(({ name }) => name.endsWith('/damped'))).toBe(false);
    const calibrated = await quantizeGraph(graph, { ...options, tokenizer, texts: TEXTS });
    const damped = calibrated.nodes.filter(({ name }) => name.endsWith('/damped'));
    expect(damped.map(({ inputs: [input] }) => input)).toEqual(inputsOfFeedForward());
  });

  it('keeps in float32 what is one row per text: the head and the last attention', () => {
    const names = quantizeProducts(graph, new Map())
      .initializers.filter(({ dtype, shape }) => dtype === 'float32' && shape.length === 2)
      .map(({ name }) => name.replace('distilbert.', ''));
    expect(names.toSorted()).toEqual([
      'classifier.weight',
      'embeddings.position_embeddings.weight',
      'embeddings.word_embeddings.weight',
      'pre_classifier.weight',
      'transformer.layer.1.attention.k_lin.weight',
      'transformer.layer.1.attention.out_lin.weight',
      'transformer.layer.1.attention.v_lin.weight',
    ]);
  });
});

/** Of the margins, relative. */
async function errorOf(quantized: OnnxGraph): Promise<number> {
  const exact = await computeMargins(graph, tokenizer, TEXTS, options);
  const found = await computeMargins(quantized, tokenizer, TEXTS, options);
  const sumOfSquares = (values: Float32Array): number =>
    values.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(sumOfSquares(found.map((value, row) => value - (exact[row] ?? 0))) / sumOfSquares(exact));
}

function inputsOfFeedForward(): string[] {
  return graph.nodes
    .filter(({ type, inputs }) => type === 'Gemm' && /\.ffn\.lin[12]\.weight$/.test(inputs[1] ?? ''))
    .map(({ inputs: [input = ''] }) => input);
}

function dataOf(weights: Weights, name: string): Float32Array {
  const tensor = weights.get(name);
  if (tensor === undefined) throw new Error(`no tensor ${name}`);
  return tensor.data;
}
