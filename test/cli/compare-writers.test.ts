import { describe, expect, it } from 'vitest';
import { createCopywriter, loadChannels, type Writer } from '../../src/copy/index.ts';
import { findBreaches, measureDiversity, tryWriter } from '../../src/cli/compare-writers.ts';
import { renderComparison } from '../../src/cli/render-comparison.ts';

const products = [
  { id: '1', title: 'Nordic Desk Lamp', category: '', description: 'A compact light with a soft <glow>.' },
  { id: '2', title: 'Wool Scarf', category: '', description: 'A warm scarf of wool, soft on the skin.' },
];

/** Proposes one good text and one with a number that no product has. */
const writer: Writer = {
  name: 'openai',
  write: (brief, fields, { note }) => {
    note?.({
      model: 'm-1',
      fingerprint: null,
      prompt: 'copy-2',
      parameters: {},
      promptTokens: 100,
      cachedTokens: 0,
      completionTokens: 50,
      isCounted: true,
      cost: 0.25,
      currency: 'USD',
    });
    return Promise.resolve(fields.map(() => [`${brief.name}, soft and calm.`, 'Soft: 50% off.']));
  },
};

describe('a comparison of writers', () => {
  const signal = new AbortController().signal;
  const compare = async () => {
    const copywriter = createCopywriter({ channels: loadChannels(), writer });
    const score = (texts: readonly string[]) =>
      Promise.resolve(texts.map((text) => (text.includes('calm') ? 0.75 : 0.25)));
    return await tryWriter('openai', copywriter, products, { request: { count: 2 }, score, signal });
  };

  it('counts what a writer wrote itself, what was refused, what it took, and takes the best texts', async () => {
    const { summary, copies } = await compare();
    expect(summary).toMatchObject({
      writer: 'openai',
      products: 2,
      ownShare: 0.5,
      refusedShare: 0.5,
      meanScore: 0.75,
      tokens: 300,
      cost: 0.5,
      currency: 'USD',
    });
    expect(copies[1]?.texts[0]).toEqual({
      field: 'social_media_caption',
      text: 'Wool Scarf, soft and calm.',
      score: 0.75,
    });
    expect(copies[0]?.refused[0]).toMatchObject({
      text: 'Soft: 50% off.',
      reason: expect.stringContaining('50'),
    });
  });

  it('shows the texts side by side on a page, the refused ones with their reasons', async () => {
    const compared = await compare();
    const page = renderComparison(products, [compared], { title: 'a & b', breaches: ['openai: too dear'] });
    expect(page).toContain('<h1>a &amp; b</h1>');
    expect(page).toContain('soft &lt;glow&gt;');
    expect(page).toContain('<td>Wool Scarf, soft and calm. (0.750)</td>');
    expect(page).toMatch(/openai, ad_copy: &quot;Soft: 50% off\.&quot;: the number/);
    expect(page).toContain('openai: too dear');
  });

  it('names every limit that a writer does not keep', async () => {
    const { summary } = await compare();
    const kept = { maxRefused: 0.5, minOwn: 0.5, minScore: 0.7, maxCost: 0.5, maxSeconds: 600 };
    expect(findBreaches([summary], kept)).toEqual([]);
    expect(
      findBreaches([summary], { maxRefused: 0.4, minOwn: 0.6, minScore: 0.8, maxCost: 0.4, minDiversity: 1 }),
    ).toEqual([
      'openai: the share of refused texts is 0.5; at most 0.4 is asked for',
      'openai: the share of its own texts is 0.5; at least 0.6 is asked for',
      expect.stringMatching(/^openai: the diversity is 0\.\d+; at least 1 is asked for$/),
      'openai: the mean score is 0.75; at least 0.8 is asked for',
      'openai: the cost is 0.5; at most 0.4 is asked for',
    ]);
    expect(findBreaches([{ ...summary, cost: null }], { maxCost: 1 })).toEqual([
      'openai: the cost is not known; the limit is 1',
    ]);
  });

  it('measures how much captions differ', () => {
    expect(measureDiversity(['a b c', 'a b c'])).toBe(0.5);
    expect(measureDiversity([])).toBe(0);
  });
});
