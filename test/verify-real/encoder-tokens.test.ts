import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../src/core/paths.ts';
import { openTokenizer, padBatch } from '../../src/ml/text/tokenizer.ts';
import { sharedPath } from './shared.ts';

const file = sharedPath('goldens/encoder/steps.json');
const recording = z.object({
  steps: z.array(
    z.object({
      texts: z.array(z.string()),
      input_ids: z.array(z.array(z.number())),
      attention_mask: z.array(z.array(z.number())),
    }),
  ),
});

describe.skipIf(file === null)('the token ids that Hugging Face gives the base encoder', () => {
  it('are ours, padding and mask included', async () => {
    const { steps } = recording.parse(JSON.parse(await readFile(file as string, 'utf8')));
    const tokenizer = await openTokenizer(path.join(packageRoot, 'assets/encoder'));
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) {
      const width = step.input_ids[0]?.length ?? 0;
      const ours = padBatch(
        step.texts.map((text) => tokenizer.encode(text, 128)),
        tokenizer.padTokenId,
      );
      const rowsOf = (values: BigInt64Array): number[][] =>
        step.texts.map((_, row) => [...values.subarray(row * ours.time, (row + 1) * ours.time)].map(Number));
      const padded = (rows: number[][]): number[][] =>
        rows.map((row) => [...row, ...Array.from({ length: width - row.length }, () => 0)]);
      expect(padded(rowsOf(ours.inputIds))).toEqual(step.input_ids);
      expect(padded(rowsOf(ours.attentionMask))).toEqual(step.attention_mask);
    }
  });
});
