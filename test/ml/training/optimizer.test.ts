import { expect, it } from 'vitest';
import { isTrained, rateFactor } from '../../../src/ml/training/optimizer.ts';
import { parseDistilBertConfig } from '../../../src/ml/models/index.ts';

const config = parseDistilBertConfig({ n_layers: 2 });
const NAMES = [
  'distilbert.embeddings.word_embeddings.weight',
  'distilbert.transformer.layer.0.ffn.lin1.bias',
  'distilbert.transformer.layer.1.attention.q_lin.weight',
  'classifier.weight',
];

it('layers learn more slowly the further they are from the head', () => {
  const factors = NAMES.map((name) => rateFactor(name, config, { layerDecay: 0.5 }));
  expect(factors).toEqual([0.125, 0.25, 0.5, 1]);
  expect(NAMES.map((name) => rateFactor(name, config, { layerDecay: 1 }))).toEqual([1, 1, 1, 1]);
});

it('freezing counts layers from below, embeddings with the first, and never the head', () => {
  const trained = (frozenLayers: number): boolean[] =>
    NAMES.map((name) => isTrained(name, config, { frozenLayers }));
  expect(trained(0)).toEqual([true, true, true, true]);
  expect(trained(1)).toEqual([false, false, true, true]);
  expect(trained(9)).toEqual([false, false, false, true]);
});
