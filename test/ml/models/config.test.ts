import { describe, expect, it } from 'vitest';
import { buildClassifierGraph, parseDistilBertConfig } from '../../../src/ml/models/index.ts';

describe("DistilBERT's config.json", () => {
  it('gives the sizes, with the defaults of distilbert-base for what it leaves out', () => {
    expect(
      parseDistilBertConfig({ dim: 384, hidden_dim: 1536, id2label: { 1: 'good', 0: 'poor' } }),
    ).toMatchObject({
      dim: 384,
      hiddenDim: 1536,
      layers: 6,
      vocabulary: 30_522,
      labels: ['poor', 'good'],
    });
  });

  it('has as many labels as num_labels says when it names none, and two when it says nothing', () => {
    expect(parseDistilBertConfig({ num_labels: 3 }).labels).toEqual(['LABEL_0', 'LABEL_1', 'LABEL_2']);
    expect(parseDistilBertConfig({}).labels).toEqual(['LABEL_0', 'LABEL_1']);
    const id2label = { 0: 'poor', 1: 'good' };
    expect(parseDistilBertConfig({ num_labels: 2, id2label }).labels).toEqual(['poor', 'good']);
  });

  it('is refused when num_labels and id2label contradict each other', () => {
    expect(() => parseDistilBertConfig({ num_labels: 3, id2label: { 0: 'poor', 1: 'good' } })).toThrow(
      /num_labels is 3, id2label names 2 \(poor, good\): correct one of them/,
    );
  });

  it('refuses other architectures and activations by name', () => {
    expect(() => parseDistilBertConfig({ model_type: 'bert' })).toThrow(
      /architecture "bert" is not supported/,
    );
    expect(() => parseDistilBertConfig({ activation: 'relu' })).toThrow(/activation "relu" is not supported/);
    expect(() => parseDistilBertConfig({ dim: 100, n_heads: 12 })).toThrow(
      /dim must be a multiple of n_heads/,
    );
    expect(() => parseDistilBertConfig({ dim: 'wide' })).toThrow(/config.json is not sound/);
  });

  it('must have all its weights present, each of its size', () => {
    const config = parseDistilBertConfig({ dim: 4, hidden_dim: 8, n_heads: 2, n_layers: 1, vocab_size: 10 });
    expect(() => buildClassifierGraph(config, new Map())).toThrow(/the weights lack the tensor "/);
  });
});
