import twitterText from 'twitter-text';
import { describe, expect, it } from 'vitest';
import {
  countText,
  ceilingOf,
  isGsm7,
  loadChannels,
  parseChannels,
  shorten,
  smsParts,
  toGsm7,
} from '../../../src/copy/channels/index.ts';
import { createRandom } from '../../../src/core/random.ts';
import { hostileText } from '../../../fixtures/hostile-records.ts';

describe('loadChannels', () => {
  const channels = loadChannels();

  it('knows its channels, and for every limit its kind, source and date', () => {
    expect(Object.keys(channels)).toEqual([
      'x',
      'instagram',
      'facebook',
      'linkedin',
      'google_rsa',
      'meta_ads',
      'email',
      'sms',
      'seo',
      'google_merchant',
      'amazon',
      'pinterest',
      'tiktok',
      'threads',
      'youtube',
      'microsoft_ads',
    ]);
    for (const channel of Object.values(channels)) {
      for (const field of Object.values(channel.fields))
        for (const limit of field.limits) expect(limit.source + limit.date).not.toBe('');
    }
  });

  it('holds a field to its hard limit, or to the largest one that it states', () => {
    const { google_rsa: google, meta_ads: meta } = channels;
    expect(google && ceilingOf(google.fields.headlines!)).toBe(30);
    expect(meta && ceilingOf(meta.fields.headline!)).toBe(40);
  });

  it('refuses a catalogue with a mistake and names the key', () => {
    const limit = { kind: 'hard', max: 0, source: 'x', date: '2026-11' };
    const document = {
      channels: {
        x: { title: 'X', fields: { text: { role: 'post', count: 'utf16', aim: 10, limits: [limit] } } },
      },
    };
    expect(() => parseChannels(document)).toThrow(/channels\.x\.fields\.text\.limits\[0\]\.max/u);
    expect(() => loadChannels('config/nothing.yaml')).toThrow(/cannot read the channels of .*nothing\.yaml/u);
  });
});

describe('countText', () => {
  it.each<[string, Parameters<typeof countText>[1], number]>([
    ['hello', 'x-weighted', 5],
    ['日本語', 'x-weighted', 6],
    ['👩‍👩‍👧‍👦', 'x-weighted', 2],
    ['see https://example.com/a/very/long/path?with=query', 'x-weighted', 27],
    ['see example.com', 'x-weighted', 27],
    ['wait…', 'x-weighted', 6],
    ['e\u0301', 'x-weighted', 1],
    ['👍🏽', 'utf16', 4],
    ['👍🏽', 'code-points', 2],
    ['日本語 ad', 'double-width', 9],
    ['ｆｕｌｌ', 'double-width', 8],
    ['a'.repeat(160), 'sms-parts', 1],
    ['a'.repeat(161), 'sms-parts', 2],
    ['a'.repeat(307), 'sms-parts', 3],
    [`${'a'.repeat(158)}€`, 'sms-parts', 1],
    [`${'a'.repeat(159)}€`, 'sms-parts', 2],
    ['ж'.repeat(70), 'sms-parts', 1],
    ['ж'.repeat(71), 'sms-parts', 2],
    [`${'ж'.repeat(66)}🎉${'ж'.repeat(66)}`, 'sms-parts', 3],
  ])('counts %j by %s as %d', (text, method, expected) => {
    expect(countText(text, method)).toBe(expected);
  });

  it('agrees with twitter-text on texts of every kind', () => {
    const random = createRandom(3);
    const plain = [
      'Meet',
      'a',
      'lamp:',
      'it’s',
      '“soft”',
      '—',
      'node.js',
      'U.S.',
      '3.5',
      'a/b',
      'http:',
      'x.co',
      '©',
      '™',
      'Größe',
      '…',
    ];
    for (let i = 0; i < 1000; i += 1) {
      const text =
        i % 2 === 0
          ? hostileText(random).slice(0, 400)
          : Array.from({ length: 12 }, () => random.pick(plain)).join(' ');
      expect(countText(text, 'x-weighted')).toBe(twitterText.parseTweet(text).weightedLength);
    }
  });
});

describe('toGsm7', () => {
  it('keeps one curly quote from halving the room', () => {
    const text = 'It’s “here” – today…';
    expect(isGsm7(text)).toBe(false);
    expect(toGsm7(text)).toBe('It\'s "here" - today...');
    expect(smsParts(toGsm7(text))).toBe(1);
  });
});

const within = (max: number) => (text: string) => text.length <= max;

describe('shorten', () => {
  it.each([
    ['A soft light for your desk', 18, 'A soft light'],
    ['First things first. Then the rest of it', 25, 'First things first.'],
    ['Supercalifragilistic', 8, 'Supercal'],
    ['Model 12345 and more', 9, 'Model'],
    ['1234567890', 5, ''],
    ['👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 15, '👩‍👩‍👧‍👦'],
    ['👩‍👩‍👧‍👦', 5, ''],
  ])('cuts %j to %d units as %j', (text, max, expected) => {
    expect(shorten(text, { fits: within(max) })).toBe(expected);
  });

  it('counts the ellipsis', () => {
    expect(shorten('A soft light for your desk', { fits: within(13), ellipsis: '…' })).toBe('A soft light…');
    expect(shorten('A soft light for your desk', { fits: within(12), ellipsis: '…' })).toBe('A soft…');
  });

  it('always fits, is a start of the text, and ends between graphemes', () => {
    const random = createRandom(5);
    const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
    for (let i = 0; i < 500; i += 1) {
      const text = hostileText(random).trim();
      const max = 1 + random.below(80);
      const cut = shorten(text, { fits: within(max), maxUnits: max * 4 });
      expect(cut.length).toBeLessThanOrEqual(max);
      expect(text.startsWith(cut)).toBe(true);
      const boundary = segmenter.segment(text).containing(cut.length)?.index ?? text.length;
      expect(boundary).toBe(cut.length);
    }
  });
});

it('the length of a post on X is the sum of its words however long it is, an address counting 23', () => {
  const long = `${'word '.repeat(400)}http://example.com/a?b=c ${'\u4e2d'.repeat(600)}`;
  expect(countText(long, 'x-weighted')).toBe(2000 + 23 + 1 + 1200);
  const cut = `${'x'.repeat(510)} \u{1f469}\u200d\u{1f4bb} a.com`;
  expect(countText(cut, 'x-weighted')).toBe(510 + 1 + 2 + 1 + 23);
});
