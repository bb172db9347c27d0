import { describe, expect, it } from 'vitest';
import { copyText } from '../../../src/core/classifier-text.ts';
import { createCopywriter, loadChannels, type CopyRequest } from '../../../src/copy/index.ts';
import { createRandom } from '../../../src/core/random.ts';
import { auditCopy } from '../../../fixtures/copy-audit.ts';
import { hostileRecord } from '../../../fixtures/hostile-records.ts';
import { drawLanguageRecord, type LanguageRecord } from '../../../fixtures/records-by-language.ts';
import { LANGUAGES } from '../../../src/copy/languages/index.ts';
import { drawRecord } from '../../../fixtures/product-records.ts';
import { writeCopy } from '../../../fixtures/write-copy.ts';

const channels = loadChannels();
const copywriter = createCopywriter({ channels });
const lamp = {
  title: 'Nordic Desk Lamp',
  description:
    'The Nordic Desk Lamp is a compact light for small desks. With a soft glow and a foldable arm, it provides a calm workspace.',
};
const byLength = (texts: readonly string[]): Promise<number[]> =>
  Promise.resolve(texts.map((text) => text.length));

const refuse = (): Promise<number[]> => Promise.reject(new Error('nothing was to be scored'));

describe('createCopywriter', () => {
  it('finds as many texts as were asked for also where a record has one long sentence', async () => {
    const copywriter = createCopywriter({ channels: loadChannels() });
    const food = {
      title: 'Dog Food',
      description:
        'Specially formulated dog food designed to provide essential nutrients for your canine companion.',
    };
    for (const seed of [0, 1, 2, 3]) {
      const { fields } = await copywriter.propose({ ...food, channels: ['google_rsa'], seed });
      const descriptions = fields.find(({ plan }) => plan.request.name === 'google_rsa.descriptions');
      expect(descriptions?.texts).toHaveLength(descriptions?.plan.request.count ?? 0);
    }
  });

  it('returns the text that a policy draws, before the others, each with its propensity; lists stay the best', async () => {
    const draft = await copywriter.propose({ ...lamp, count: 3, channels: ['google_rsa'] });
    const scores = draft.texts.map((text) => text.length);
    const best = copywriter.choose(draft, scores);
    const asked: string[] = [];
    const chosen = copywriter.choose(draft, scores, {
      // The last of each field, for certain.
      policy: (field, texts) => {
        asked.push(field);
        return Float64Array.from(texts, (_, i) => (i === texts.length - 1 ? 1 : 0));
      },
      random: createRandom(1),
    });
    const [first, ...rest] = chosen.alternatives.ad_copy ?? [];
    const bestFirst = best.alternatives.ad_copy ?? [];
    expect(chosen.ad_copy).toBe(bestFirst.at(-1)?.text);
    expect(first).toMatchObject({ text: chosen.ad_copy, propensity: 1 });
    expect(rest).toEqual(bestFirst.slice(0, -1).map((text) => ({ ...text, propensity: 0 })));
    expect(chosen.channels).toEqual(best.channels);
    expect(asked).toEqual(['social_media_caption', 'ad_copy']);
  });

  it('writes eight distinct texts per field and returns the one that scores best', async () => {
    const copy = await writeCopy(copywriter, lamp, byLength);
    const captions = copy.alternatives.social_media_caption ?? [];
    expect(captions).toHaveLength(8);
    expect(new Set(captions.map(({ text }) => text.toLowerCase())).size).toBe(8);
    expect(copy.alternatives.ad_copy).toHaveLength(8);
    expect(captions[0]?.text).toBe(copy.social_media_caption);
    const scores = captions.map(({ score }) => score ?? Number.NaN);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    // A text is scored as it is learned: after the product's title and the name of its field.
    const lengthOf = (text: string): number =>
      copyText({ title: lamp.title, field: 'social_media_caption', text }).length;
    expect(captions.every(({ text, score }) => score === lengthOf(text))).toBe(true);
  });

  it('scores everything in one call', async () => {
    const calls: (readonly string[])[] = [];
    await writeCopy(copywriter, { ...lamp, channels: copywriter.channelNames }, (texts) => {
      calls.push(texts);
      return byLength(texts);
    });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.length).toBeGreaterThan(80);
  });

  it('writes one text and asks for no score with count 1', async () => {
    const copy = await writeCopy(copywriter, { ...lamp, count: 1 }, refuse);
    expect(copy.alternatives.social_media_caption).toEqual([
      { text: copy.social_media_caption, score: null },
    ]);
  });

  it('gives the same copy for the same request, and another for another seed', async () => {
    const first = await writeCopy(copywriter, lamp, byLength);
    expect(await writeCopy(copywriter, lamp, byLength)).toEqual(first);
    const other = await writeCopy(copywriter, { ...lamp, seed: 7 }, byLength);
    expect(other.social_media_caption).not.toBe(first.social_media_caption);
  });

  it('gives Google its headlines and descriptions, also with count 1', async () => {
    const many = await writeCopy(copywriter, { ...lamp, channels: ['google_rsa'] }, byLength);
    expect(many.channels.google_rsa?.headlines).toHaveLength(15);
    expect(many.channels.google_rsa?.descriptions).toHaveLength(4);
    const few = await writeCopy(copywriter, { ...lamp, channels: ['google_rsa'], count: 1 }, byLength);
    expect(few.channels.google_rsa?.headlines).toHaveLength(3);
    expect(few.channels.google_rsa?.descriptions).toHaveLength(2);
    expect(JSON.stringify(many.channels)).not.toMatch(/!|\p{Extended_Pictographic}/u);
  });

  it('lets other work have its turn between the fields of a large request', async () => {
    let turns = 0;
    const next = (): void => {
      turns += 1;
      immediate = setImmediate(next);
    };
    let immediate = setImmediate(next);
    const request = { title: '🎉 '.repeat(100), description: 'ж.рф '.repeat(400), count: 64 };
    await writeCopy(copywriter, { ...request, channels: copywriter.channelNames }, byLength);
    clearImmediate(immediate);
    expect(turns).toBeGreaterThan(copywriter.channelNames.length);
  });

  it('leaves banned words out, of the name and the hashtags too', async () => {
    const copy = await writeCopy(
      copywriter,
      { ...lamp, bannedWords: ['NORDIC', 'Compact', 'desk lamp'] },
      byLength,
    );
    const all = JSON.stringify([copy.alternatives, copy.hashtags]);
    expect(all).not.toMatch(/nordic|compact|desk ?lamp/iu);
  });

  it.each<[string, Partial<CopyRequest>, RegExp]>([
    ['an unknown channel', { channels: ['myspace'] }, /"myspace"; known channels are x, /],
    ['a count of zero', { count: 0 }, /count is 0; it must be a whole number from 1 to 64/],
    ['a fractional count', { count: 1.5 }, /count is 1\.5/],
    [
      'bans that leave nothing',
      {
        bannedWords:
          'a the you your it is in to for of and take see something curious discover good explore let made ready simply welcome have find get inspired worth ideas idea look here come more today'.split(
            ' ',
          ),
      },
      /bannedWords leave no text/,
    ],
  ])('refuses %s and says what is allowed', async (_, change, message) => {
    await expect(writeCopy(copywriter, { ...lamp, ...change }, byLength)).rejects.toThrow(message);
  });

  it('says so when the score function returns too few scores', async () => {
    await expect(writeCopy(copywriter, lamp, () => Promise.resolve([1]))).rejects.toThrow(
      'was given 1 scores',
    );
  });

  it('keeps 1,000 creatives over all channels in their limits, with no number of its own', async () => {
    const random = createRandom(2026);
    const captions = new Set<string>();
    let creatives = 0;
    for (let i = 0; i < 100; i += 1) {
      const record = drawRecord(random);
      const copy = await writeCopy(
        copywriter,
        { ...record, channels: copywriter.channelNames, count: 2, seed: i },
        byLength,
      );
      expect(auditCopy(copy, channels, `${record.title} ${record.description}`)).toEqual([]);
      captions.add(copy.social_media_caption);
      creatives += 2 + copywriter.channelNames.length;
    }
    expect(creatives).toBeGreaterThanOrEqual(1000);
    expect(captions.size).toBeGreaterThan(95);
  });

  it('gives valid text for 300 hostile inputs', async () => {
    const random = createRandom(7);
    for (let i = 0; i < 300; i += 1) {
      const record = hostileRecord(random);
      const copy = await writeCopy(
        copywriter,
        { ...record, channels: copywriter.channelNames, count: 1 + (i % 2), seed: i },
        byLength,
      );
      expect(auditCopy(copy, channels, `${record.title} ${record.description}`)).toEqual([]);
    }
  });

  it('does not read alike for twenty products: no two captions share their first five words', async () => {
    const random = createRandom(11);
    const openings = new Set<string>();
    const seen = new Set<string>();
    while (seen.size < 20) {
      const record = drawRecord(random);
      if (seen.has(record.title)) continue;
      seen.add(record.title);
      const copy = await writeCopy(copywriter, record, byLength);
      openings.add(copy.social_media_caption.split(' ').slice(0, 5).join(' '));
    }
    expect(openings.size).toBeGreaterThanOrEqual(18);
  });

  it('fits every field with the longest wishes', async () => {
    const audience = 'parents of three who like to cook together '.repeat(5).slice(0, 200).trim();
    const keywords = ['a', 'b', 'c'].map((word) => `${word} quiet and small `.repeat(7).slice(0, 100).trim());
    for (let seed = 0; seed < 20; seed += 1) {
      const request = { ...lamp, audience, keywords, seed, channels: copywriter.channelNames };
      const copy = await writeCopy(copywriter, { ...request, count: 1 + (seed % 3) }, byLength);
      const source = [lamp.title, lamp.description, audience, ...keywords].join(' ');
      expect(auditCopy(copy, channels, source)).toEqual([]);
    }
  });
});

describe('what a record says beside title and description', () => {
  const hub = {
    title: 'USB-C Hub 7-in-1',
    description: 'Compact hub for laptops. It has seven ports and a short cable.',
    recordBrand: 'Norvik',
    price: 29.99,
    currency: 'USD',
    attributes: { color: 'Space Gray', gtin: '4012345678901', link: 'https://shop.example/p' },
  };

  it('is said: maker, price and attributes in some of the texts, numbers of articles and addresses in none', async () => {
    const copy = await writeCopy(
      copywriter,
      { ...hub, count: 16, channels: copywriter.channelNames },
      byLength,
    );
    const all = JSON.stringify(copy.alternatives);
    expect(all).toContain('Norvik');
    expect(all).toContain('$29.99');
    expect(all).toContain('Color: Space Gray');
    expect(all).not.toMatch(/4012345678901|shop\.example/u);
    expect(copy.hashtags[0]).toBe('#USBCHub7in1');
  });

  it('is left out where it is not known well enough: a price without its currency, a maker that the title names', async () => {
    const product = { ...hub, title: 'Norvik USB-C Hub', currency: undefined };
    const copy = await writeCopy(copywriter, { ...product, count: 16 }, byLength);
    expect(JSON.stringify(copy.alternatives)).not.toMatch(/29\.99|by Norvik/u);
  });

  it('fills a shelf with facts alone: titles, bullets and listings hold no call', async () => {
    const copy = await writeCopy(
      copywriter,
      { ...hub, channels: ['amazon', 'google_merchant', 'seo'] },
      byLength,
    );
    const shelf = [copy.channels.amazon, copy.channels.google_merchant, copy.channels.seo?.title].flatMap(
      (fields) => (typeof fields === 'string' ? [fields] : Object.values(fields ?? {}).flat()),
    );
    expect(copy.channels.amazon?.bullets?.length).toBeGreaterThanOrEqual(3);
    expect(shelf.join('\n')).not.toMatch(/look|shop|discover|order|cart|today|now|!/iu);
  });
});

describe('what an editor would strike', () => {
  const products = [
    {
      title: 'Water',
      description: 'Pure and refreshing bottled water, essential for staying hydrated throughout the day.',
    },
    { title: 'Lemon', description: 'Zesty and tangy lemons, versatile for cooking and baking.', price: 0.79 },
    {
      title: 'Boxed Blender',
      description:
        'The Boxed Blender is a powerful and compact blender perfect for smoothies. It is a kitchen helper for sautéing and for more.',
    },
  ];
  const write = async (): Promise<string[]> => {
    const all: string[] = [];
    for (const [seed, product] of products.entries()) {
      const request = { ...product, currency: 'USD', seed, count: 16, channels: copywriter.channelNames };
      const { alternatives } = await writeCopy(copywriter, request, byLength);
      all.push(...Object.values(alternatives).flatMap((texts) => texts.map(({ text }) => text)));
    }
    return all;
  };

  it('stands in no text: words in another order than the record, two full stops, a sentence cut short', async () => {
    const all = (await write()).join('\n');
    expect(all).not.toMatch(/Boxed Blender: a? ?powerful and compact blender/iu);
    expect(all).not.toMatch(/tangy and zesty|compact and powerful|refreshing and pure/iu);
    expect(all).not.toMatch(/(?<!\.)\.\.(?!\.)|\b(?:perfect|essential|makes it)\.$/mu);
    expect(all).not.toMatch(/^(?:Meet|Introducing) [^.,\n]+\. It is an? /mu);
  });

  it('stands in no bullet: a call, or the name of the product where three facts can be told', async () => {
    const copy = await writeCopy(copywriter, { ...lamp, channels: ['amazon'] }, byLength);
    const bullets = copy.channels.amazon?.bullets ?? [];
    expect(bullets).toContain('A soft glow and a foldable arm');
    expect(bullets).not.toContain('Nordic Desk Lamp');
    const water = await writeCopy(
      copywriter,
      { ...products[0], channels: ['amazon'] } as CopyRequest,
      byLength,
    );
    expect(water.channels.amazon?.bullets).toEqual(
      expect.arrayContaining([expect.stringMatching(/^Pure and refreshing bottled water/u)]),
    );
    expect(String(water.channels.amazon?.bullets)).not.toMatch(/look|discover|ahead|curious/iu);
  });
});

describe('a batch', () => {
  it.each(LANGUAGES)('in %s opens no two of 50 texts with the same five words', async (language) => {
    const random = createRandom(50);
    const products = new Map<string, LanguageRecord>();
    while (products.size < 50) {
      const record = drawLanguageRecord(random, language);
      const title = `${String.fromCodePoint(65 + (products.size % 26))}${products.size} ${record.title}`;
      products.set(title, { ...record, title });
    }
    const openings = new Set<string>();
    for (const product of products.values()) {
      const copy = await writeCopy(copywriter, product, byLength);
      openings.add(copy.social_media_caption.split(/\s+/u).slice(0, 5).join(' ').toLowerCase());
    }
    expect(openings.size).toBe(50);
  });
});
