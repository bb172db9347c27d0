import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseDistilBertConfig, readWeights, type Weights } from '../../src/ml/models/index.ts';
import { openTokenizer } from '../../src/ml/text/tokenizer.ts';
import { assembleBatch, lossTargets } from '../../src/ml/training/data.ts';
import { openEngine, type Engine } from '../../src/ml/training/engine.ts';
import { collectVocabulary, loadWeights } from '../../src/ml/training/weights.ts';
import { createOptimizer } from '../../src/ml/training/optimizer.ts';
import { sharedPath } from './shared.ts';

const RECORDING = z.object({
  steps: z.array(
    z.object({
      texts: z.array(z.string()),
      labels: z.array(z.number()),
      input_ids: z.array(z.array(z.number())),
      logits: z.array(z.array(z.number())),
      loss: z.number(),
      /** Of the first step only. */
      gradient_norms: z.record(z.string(), z.number()).optional(),
    }),
  ),
});

const [goldens, base] = [sharedPath('goldens/encoder'), sharedPath('encoder')] as [string, string];
const LEARNING_RATE = 2e-5;
const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, maxGradientNorm: Infinity };
/** Below this a norm is rounding: of the key biases, whose true gradient is zero. */
const NEGLIGIBLE = 1e-6;

describe.skipIf(goldens === null || base === null)(
  'five steps of the base encoder, recorded from PyTorch',
  () => {
    const worst = { logits: 0, loss: 0, gradientNorm: 0 };
    let engine: Engine | undefined;
    let recording: z.infer<typeof RECORDING>;
    const ids: number[][][] = [];

    beforeAll(async () => {
      recording = RECORDING.parse(JSON.parse(await readFile(path.join(goldens, 'steps.json'), 'utf8')));
      const tokenizer = await openTokenizer(base);
      ids.push(...recording.steps.map(({ texts }) => texts.map((text) => tokenizer.encode(text, 128))));

      const parsed = parseDistilBertConfig(
        JSON.parse(await readFile(path.join(base, 'config.json'), 'utf8')),
      );
      const config = { ...parsed, dropout: 0, attentionDropout: 0, classifierDropout: 0 };
      const weights: Weights = new Map([
        ...(await readWeights(path.join(base, 'model.safetensors'))),
        ...(await readWeights(path.join(goldens, 'head-initial.safetensors'))),
      ]);
      const vocabulary = collectVocabulary(config.vocabulary, ids.flat(), config.padTokenId);
      engine = await openEngine({
        config,
        vocabulary: vocabulary.ids.length,
        padIndex: vocabulary.indexOf(config.padTokenId),
        isTrained: () => true,
        maxShape: [16, 128],
        accumulates: false,
        threads: 2,
      });
      loadWeights(engine.memory, { config, weights, seed: 0 }, vocabulary);
      const optimizer = createOptimizer(engine.memory, ADAMW);
      for (const [index, step] of recording.steps.entries()) {
        const rows = { inputIds: ids[index] as number[][], labels: step.labels };
        const numbers = step.labels.map((_, row) => row);
        const batch = assembleBatch(rows, numbers, vocabulary, config);
        const targets = lossTargets(rows, numbers, [1, 1], 0, numbers.length);
        const { loss, logits } = await engine.backward(batch, targets, { seed: 0, step: index, part: 0 });
        step.logits.flat().forEach((logit, i) => {
          worst.logits = Math.max(worst.logits, Math.abs(logit - (logits[i] as number)));
        });
        worst.loss = Math.max(worst.loss, Math.abs(loss - step.loss));
        for (const [name, norm] of Object.entries(step.gradient_norms ?? {})) {
          if (norm > NEGLIGIBLE)
            worst.gradientNorm = Math.max(worst.gradientNorm, Math.abs(normOf(engine, name) / norm - 1));
        }
        optimizer.update(index + 1, LEARNING_RATE, optimizer.gradientNorm());
      }
      console.info(
        `largest differences: logits ${worst.logits.toExponential(1)}, loss ${worst.loss.toExponential(1)}, ` +
          `gradient norms (relative) ${worst.gradientNorm.toExponential(1)}`,
      );
    });
    afterAll(() => engine?.close());

    it('have the same token ids', () => {
      const expected = recording.steps.map(({ input_ids: rows }) =>
        rows.map((row) => row.filter((id) => id !== 0)),
      );
      expect(ids).toEqual(expected);
    });

    it('have the same logits, to 1e-4', () => {
      expect(worst.logits).toBeLessThan(1e-4);
    });

    it('have the same losses, to 1e-3', () => {
      expect(worst.loss).toBeLessThan(1e-3);
    });

    it('have the same norm of every gradient, to 1e-3', () => {
      expect(Object.keys(recording.steps[0]?.gradient_norms ?? {})).toHaveLength(120);
      expect(worst.gradientNorm).toBeLessThan(1e-3);
    });
  },
);

function normOf({ memory }: Engine, name: string): number {
  const slot = memory.slots.find((known) => known.name === name);
  if (slot === undefined) throw new Error(`the model has no parameter ${name}`);
  return Math.sqrt(memory.view('gradients', slot).reduce((sum, value) => sum + value * value, 0));
}
