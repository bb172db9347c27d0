import { describe, expect, it } from 'vitest';
import { createCopywriter, loadChannels, type Copywriter } from '../../src/copy/index.ts';
import {
  parsePolicyKnowledge,
  renderPolicyKnowledge,
  type PolicyKnowledge,
} from '../../src/serving/index.ts';
import { writeCreatives } from '../../src/workers/stages/write-creatives.ts';

const channels = loadChannels();
const copywriter = createCopywriter({ channels });
const job = {
  id: 'job',
  model: { name: 'm', version: 3 },
  options: { channels: ['x'], count: 2, columns: [] },
} as unknown as Parameters<typeof writeCreatives>[1]['job'];
const products = ['Desk Lamp', 'Yoga Mat', 'Mug'].map((title, index) => ({
  line: index + 2,
  row: index,
  id: String(index),
  category: '',
  title,
  description: `The ${title} is light and sturdy.`,
}));
const { signal } = new AbortController();

async function write(writer: Copywriter, calls: (readonly string[])[] = []) {
  const score = (texts: readonly string[]): Promise<number[]> => {
    calls.push(texts);
    return Promise.resolve(texts.map((text) => text.length / 1000));
  };
  return await writeCreatives(products, { score, copywriter: writer, job, shard: 0, signal });
}

describe('writeCreatives', () => {
  it('scores every product of the group with its texts in one batch', async () => {
    const calls: (readonly string[])[] = [];
    const results = await write(copywriter, calls);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toHaveLength(products.length * (1 + 3 * 2));
    const [first] = results;
    expect(first).toMatchObject({ line: 2, creative: { title: 'Desk Lamp', model_version: 3 } });
    // Each product's own text stands before its texts: its confidence is the score of that very text.
    const owns = [0, 7, 14].map((at) => (calls[0]?.[at] ?? '').length / 1000);
    expect(
      results.map((each) => ('creative' in each ? each.creative['confidence_score'] : undefined)),
    ).toEqual(owns);
  });

  it('scores in the order of the products, whichever of them was written first', async () => {
    const [quick, slow]: (readonly string[])[][] = [[], []];
    const results = await write(copywriter, quick);
    const late: Copywriter = {
      ...copywriter,
      propose: async (request) => {
        const draft = await copywriter.propose(request);
        for (let turn = request.title.length; turn < 12; turn += 1)
          await new Promise<void>((resolve) => setImmediate(resolve));
        return draft;
      },
    };
    expect(await write(late, slow)).toEqual(results);
    expect(slow).toEqual(quick);
  });

  it('makes a fault of a product that no copy can be written for, and writes the others', async () => {
    const everything =
      'a the you your it is in to for of and take see something curious discover good explore let made ready simply welcome have find get inspired worth ideas idea look here come more today';
    const refusing: Copywriter = {
      ...copywriter,
      propose: (request) =>
        copywriter.propose(
          request.title === 'Yoga Mat' ? { ...request, bannedWords: everything.split(' ') } : request,
        ),
    };
    const results = await write(refusing);
    expect(results[1]).toMatchObject({
      line: 3,
      fault: { reason: expect.stringMatching(/bannedWords leave no text/) },
    });
    const untouched = await write(copywriter);
    expect([results[0], results[2]]).toEqual([untouched[0], untouched[2]]);
  });
});

describe('writeCreatives under explore', () => {
  const knowledge = { floor: 0.05, priors: new Map(), evidence: new Map() };
  const draw = async (options: object, policy: PolicyKnowledge = knowledge) => {
    const exploring = {
      ...job,
      options: { channels: ['x', 'google_rsa'], count: 6, columns: [], policy: 'explore', ...options },
    };
    const score = (texts: readonly string[]): Promise<number[]> => Promise.resolve(texts.map(() => 0.5));
    const results = await writeCreatives(products, {
      score,
      copywriter,
      job: exploring as unknown as typeof job,
      shard: 0,
      signal,
      policy,
    });
    return results.map((result) => ('creative' in result ? result.creative : {}));
  };

  it('draws alike for one seed, and otherwise for another', async () => {
    const first = await draw({ seed: 1 });
    expect(await draw({ seed: 1 })).toEqual(first);
    const others = await Promise.all(
      [2, 3, 4].map(async (seed) => (await draw({ seed })).map((one) => one['ad_copy'])),
    );
    expect(others).not.toEqual([1, 2, 3].map(() => first.map((one) => one['ad_copy'])));
  });

  it('tells the propensity of each single text, and none of lists', async () => {
    const [first = {}] = await draw({ seed: 1 });
    const told = Object.entries(first).filter(([name]) => name.endsWith('.propensity'));
    expect(told.map(([name]) => name)).toEqual([
      'social_media_caption.propensity',
      'ad_copy.propensity',
      'x.text.propensity',
    ]);
    // Equal scores: each of six texts is as likely as the others.
    for (const [, propensity] of told) expect(propensity).toBeCloseTo(1 / 6, 3);
  });

  it('is certain where there is nothing to choose', async () => {
    const [first = {}] = await draw({ count: 1 });
    expect(first['ad_copy.propensity']).toBe(1);
  });

  it('goes by what it was given to draw by, as it is written down and read again', async () => {
    const priors = new Map([['ad_copy', { intercept: -3, slope: 2, strength: 50 }]]);
    const kept = parsePolicyKnowledge(renderPolicyKnowledge({ ...knowledge, priors }));
    expect(kept.priors).toEqual(priors);
    expect(await draw({ seed: 9 }, kept)).toEqual(await draw({ seed: 9 }, { ...knowledge, priors }));
  });
});
