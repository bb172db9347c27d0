import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/core/paths.ts';
import { generateRecords } from '../../../src/data/index.ts';
import { openTokenizer } from '../../../src/ml/tokenizer.ts';
import { estimateTokens } from '../../../src/server/inference/estimate-tokens.ts';

describe('the estimate of tokens', () => {
  it('is within a tenth of the tokenizer over product texts', async () => {
    const tokenizer = await openTokenizer(path.join(packageRoot, 'assets', 'encoder'));
    const texts = [...generateRecords({ count: 200, seed: 1 })].map((r) => `${r.title} ${r.description}`);
    const sum = (count: (text: string) => number): number =>
      texts.reduce((total, text) => total + count(text), 0);
    const estimated = sum((text) => estimateTokens(text, 128));
    const exact = sum((text) => tokenizer.encode(text, 128).length);
    expect(estimated / exact).toBeGreaterThan(0.9);
    expect(estimated / exact).toBeLessThan(1.1);
  });

  it.each([
    ['nothing', '', 3],
    ['one word', 'lamp', 3],
    ['a megabyte', 'lamp '.repeat(200_000), 128],
    ['ideographs, one each', '明亮又柔软的台灯', 10],
    ['control characters, none', '\n\t\r', 3],
  ])('counts %s', (_name, text, tokens) => {
    expect(estimateTokens(text, 128)).toBe(tokens);
  });
});
