import { describe, expect, it } from 'vitest';
import { explainByOcclusion } from '../../../src/copy/index.ts';

const countGood = (texts: string[]): Promise<number[]> =>
  Promise.resolve(
    texts.map((text) => (text.match(/great/gu)?.length ?? 0) - (text.match(/broken/gu)?.length ?? 0)),
  );

describe('explainByOcclusion', () => {
  it('names the phrases that raised and lowered the score', async () => {
    const { score, phrases } = await explainByOcclusion(
      'A great lamp, with a broken switch. It stands on a desk.',
      countGood,
    );
    expect(score).toBe(0);
    expect(phrases.map(({ text, effect }) => [text, effect])).toEqual([
      ['A great lamp', 1],
      ['with a broken switch', -1],
      ['It stands', 0],
      ['on a desk', 0],
    ]);
  });

  it('gives offsets that cut the phrase out of the text', async () => {
    const text = 'Soft light 👩‍👩‍👧 for long evenings — and great mornings';
    const { phrases } = await explainByOcclusion(text, countGood);
    for (const phrase of phrases) expect(text.slice(phrase.start, phrase.end)).toBe(phrase.text);
  });

  it('scores everything in one batch, also for a very long text', async () => {
    const sizes: number[] = [];
    await explainByOcclusion('A great lamp with a small switch. '.repeat(300), (texts) => {
      sizes.push(texts.length);
      return countGood(texts);
    });
    expect(sizes).toHaveLength(1);
    expect(sizes[0]).toBeLessThanOrEqual(49);
  });

  it.each(['', 'lamp', '🎉'])('has nothing to compare in %j', async (text) => {
    expect((await explainByOcclusion(text, countGood)).phrases).toEqual([]);
  });
});
