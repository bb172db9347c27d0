import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { createBrandRules } from '../../../src/copy/brand/index.ts';
import {
  createBrandBook,
  createCopywriter,
  loadChannels,
  parseBrandProfile,
  type Brand,
  type Copy,
  type CopyRequest,
  type Writer,
} from '../../../src/copy/index.ts';
import { AppError } from '../../../src/core/errors.ts';
import { auditCopy } from '../../../fixtures/copy-audit.ts';
import { drawRecord } from '../../../fixtures/product-records.ts';
import { writeCopy } from '../../../fixtures/write-copy.ts';

const lamp = {
  title: 'Nordic Desk Lamp',
  description:
    'The Nordic Desk Lamp is a compact light for small desks. With a soft glow and a foldable arm, it provides a calm workspace.',
};
const record = { title: lamp.title, words: new Set(['Nordic', 'Desk', 'Lamp', 'LED']), language: 'en' };

/** What the rules make of a text, or why they refuse it. */
function judge(
  profile: object,
  text: string,
  field: { name?: string; role?: string; channel?: string | undefined; language?: string } = {},
): string {
  const { name = 'ad_copy', role = 'ad', channel, language = 'en' } = field;
  const rules = createBrandRules(parseBrandProfile(profile))({ name, role, channel });
  const mended = rules.mend(text, { ...record, language });
  return rules.check(mended, { ...record, language })?.reason ?? mended;
}

describe('the rules of a brand', () => {
  it.each<[string, object, string, string]>([
    [
      'says its own word',
      { vocabulary: [{ avoid: 'cheap', say: 'good value' }] },
      'Cheap, not CHEAPLY. A cheap lamp.',
      'Good value, not CHEAPLY. A good value lamp.',
    ],
    ['drops emoji over its measure', { maxEmoji: 0 }, 'A calm desk ✨ tonight 🇩🇪', 'A calm desk tonight'],
    [
      'keeps as many exclamation marks as it takes',
      { punctuation: { maxExclamationMarks: 1 } },
      'Hello! Bright! Wow!!',
      'Hello! Bright. Wow.',
    ],
    [
      'adds what must be said',
      { requiredPhrases: ['Made to last'] },
      'A calm lamp.',
      'A calm lamp. Made to last.',
    ],
    [
      'adds nothing that is there',
      { requiredPhrases: ['Made to last'] },
      'A lamp, made to last.',
      'A lamp, made to last.',
    ],
    [
      'refuses a mark that it does not use',
      { punctuation: { banned: ['…'] } },
      'And so…',
      'the brand does not use "…"',
    ],
    [
      'refuses capitals that the record has not',
      { capitals: { words: false } },
      'A NEW lamp',
      'the brand does not write "NEW" in capitals',
    ],
    ['keeps capitals of the record', { capitals: { words: false } }, 'An LED lamp', 'An LED lamp'],
    ['speaks as we', { person: { brand: 'we' } }, "I've made it", 'it says "I\'ve"; the brand speaks as we'],
    [
      'speaks by its name',
      { person: { brand: 'name' } },
      'Our lamp, made in the US',
      'it says "Our"; the brand speaks by its name',
    ],
    [
      'addresses nobody',
      { person: { reader: 'nobody' } },
      'For your desk',
      'it says "your"; the brand addresses nobody',
    ],
    [
      'refuses long sentences',
      { readingLevel: { maxSentenceWords: 4 } },
      'One two three four. One two three four five.',
      'a sentence has 5 words; the brand takes 4',
    ],
    [
      'refuses hard reading',
      { readingLevel: { maxLix: 30 } },
      'Unquestionably sophisticated illumination.',
      'it reads at LIX 103; the brand takes 30',
    ],
    [
      'takes a name for no hard reading',
      { readingLevel: { maxLix: 30 } },
      'Nordic desk lamp.',
      'Nordic desk lamp.',
    ],
  ])('%s', (_, profile, text, expected) => {
    expect(judge(profile, text)).toBe(expected);
  });

  it.each([
    ['title', 'a Lamp for the calm desk', 'A Lamp for the Calm Desk'],
    ['sentence', 'A Calm Light: Meet the Nordic Desk Lamp', 'A calm light: Meet the Nordic Desk Lamp'],
  ] as const)('writes headlines in %s case, and no other text', (headlines, text, expected) => {
    expect(judge({ capitals: { headlines } }, text, { role: 'headline' })).toBe(expected);
    expect(judge({ capitals: { headlines } }, text)).toBe(text);
  });

  it('leaves German nouns their capitals', () => {
    const german = { role: 'headline', language: 'de' };
    expect(judge({ capitals: { headlines: 'sentence' } }, 'Sanftes Licht', german)).toBe('Sanftes Licht');
    expect(judge({ person: { brand: 'name' } }, 'Unsere Lampe', german)).toMatch(/it says "Unsere"/);
    expect(judge({ person: { brand: 'name' } }, 'Unsere Lampe')).toBe('Unsere Lampe');
  });

  it('holds the deviations of a channel in place of its own', () => {
    const profile = { maxEmoji: 0, channels: { instagram: { maxEmoji: 3 } } };
    expect(judge(profile, 'Calm ✨')).toBe('Calm');
    expect(judge(profile, 'Calm ✨', { name: 'instagram.caption', channel: 'instagram' })).toBe('Calm ✨');
  });

  it('wants what must be said only in the fields that it names', () => {
    const profile = { requiredPhrases: [{ text: 'Cosy', fields: ['sms'] }] };
    expect(judge(profile, 'Hello.')).toBe('Hello.');
    expect(judge(profile, 'Hello.', { name: 'sms.text', role: 'message', channel: 'sms' })).toBe(
      'Hello. Cosy.',
    );
  });

  it.each<[object, RegExp]>([
    [{ tone: 'warm' }, /tone/],
    [{ maxEmoji: -1 }, /maxEmoji/],
    [{ vocabulary: [{ avoid: 'wash', say: 'hand wash' }] }, /vocabulary: what is said instead holds a word/],
    [{ channels: { x: { maxEmojis: 1 } } }, /channels\.x/],
    [{ bannedPhrases: ['\u0000a'] }, /bannedPhrases\.0/],
  ])('are refused where they cannot be used: %j', (profile, message) => {
    expect(() => parseBrandProfile(profile)).toThrow(message);
  });
});

const channels = loadChannels();

async function write(profile: object, request: Partial<CopyRequest> = {}, writer?: Writer): Promise<Copy> {
  const brand: Brand = { name: 'acme', version: 3, profile: parseBrandProfile(profile) };
  const brands = createBrandBook(
    { get: () => Promise.resolve({ ...brand, createdAt: new Date(0), createdBy: 'test' }) },
    { nowMs: () => 0, now: () => new Date(0) },
  );
  const copywriter = createCopywriter({ channels, brands, ...(writer && { writer }) });
  return await writeCopy(copywriter, { ...lamp, brand: 'acme', ...request }, (texts) =>
    Promise.resolve(texts.map(({ length }) => length)),
  );
}
const textsOf = (copy: Copy, field: string): string[] =>
  (copy.alternatives[field] ?? []).map(({ text }) => text);

const STRICT = {
  title: 'Acme',
  vocabulary: [{ avoid: 'compact', say: 'small' }],
  person: { brand: 'name' },
  maxEmoji: 0,
  capitals: { words: false, headlines: 'sentence' },
  punctuation: { maxExclamationMarks: 0, banned: ['…', ';'] },
  bannedPhrases: ['meet', 'say hello'],
  requiredPhrases: ['By Acme'],
  disclaimers: [{ text: 'Free returns in 30 days.', fields: ['ad_copy', 'meta_ads.primary_text'] }],
  readingLevel: { maxSentenceWords: 30 },
  channels: { sms: { requiredPhrases: [] } },
};

describe('copy for a brand', () => {
  it('keeps its rules in every field of every channel, and says under which version', async () => {
    const names = Object.keys(channels);
    const copy = await write(STRICT, { channels: names });
    expect(copy.brand).toEqual({ name: 'acme', version: 3 });
    for (const [field, texts] of Object.entries(copy.alternatives)) {
      for (const { text } of texts) {
        expect(text).not.toMatch(
          /compact|\bmeet\b|say hello|!|;|…|\p{Extended_Pictographic}|\bour\b|\bwe\b/iu,
        );
        const isSentence = field === 'ad_copy' || field.endsWith('.text') || field.endsWith('caption');
        if (isSentence && field !== 'sms.text') expect(text).toContain('By Acme');
        expect(text.includes('Free returns in 30 days.')).toBe(
          ['ad_copy', 'meta_ads.primary_text'].includes(field),
        );
      }
    }
    expect(copy.hashtags.join(' ')).not.toMatch(/compact/iu);
    // The disclaimer's number is the brand's own; every other rule of the audit holds.
    expect(auditCopy(copy, channels, `${lamp.title} ${lamp.description} 30`)).toEqual([]);
  });

  it('keeps them for any product, within the limits of every channel', async () => {
    const random = createRandom(5);
    for (let i = 0; i < 30; i += 1) {
      const product = drawRecord(random);
      const copy = await write(STRICT, { ...product, channels: Object.keys(channels), count: 2, seed: i });
      expect(auditCopy(copy, channels, `${product.title} ${product.description} 30`)).toEqual([]);
    }
  });

  it('holds the texts of another writer against them, and says why it refused some', async () => {
    const writer: Writer = {
      name: 'openai',
      write: (_, fields) =>
        Promise.resolve(fields.map(() => ['I love this lamp.', 'A compact glow!', 'Say hello to calm.'])),
    };
    const copy = await write({ ...STRICT, requiredPhrases: [], disclaimers: [] }, { count: 3 }, writer);
    expect(textsOf(copy, 'ad_copy')).toContain('A small glow.');
    expect(JSON.stringify(copy.alternatives)).not.toMatch(/I love|Say hello/u);
    expect(copy.fallback).toMatch(
      /it says "I"; the brand speaks by its name; it holds "say hello", which the brand does not use/,
    );
  });

  it('says which field it leaves without a text, and why', async () => {
    const endless = { requiredPhrases: [{ text: 'x'.repeat(170), fields: ['sms'] }] };
    await expect(write(endless, { channels: ['sms'] })).rejects.toThrow(
      /the brand's rules leave no text for sms.text/,
    );
    const disclaimed = { disclaimers: [{ text: 'y'.repeat(170), fields: ['sms'] }] };
    await expect(write(disclaimed, { channels: ['sms'] })).rejects.toThrow(
      /disclaimers alone are over the limit of sms.text/,
    );
  });

  it('writes each record for the brand that it names', async () => {
    const profiles: Record<string, object> = {
      acme: { title: 'Acme Inc.', requiredPhrases: ['By Acme'] },
      north: { aliases: ['NORTH & Co'], requiredPhrases: ['From the north'] },
    };
    const copywriter = createCopywriter({
      channels,
      brands: {
        resolve: (ref) => {
          const name = ref.split('@')[0] ?? '';
          return Promise.resolve({ name, version: 1, profile: parseBrandProfile(profiles[name]) });
        },
      },
    });
    const ask = async (recordBrand: string) => {
      const request = { ...lamp, count: 1, recordBrand, brandVersions: ['acme@1', 'north@1'] };
      return (await copywriter.propose(request)).brand?.name;
    };
    expect(await ask('acme inc.')).toBe('acme');
    expect(await ask('North & CO ')).toBe('north');
    expect(await ask('Elsewhere')).toBeUndefined();
  });

  it('is refused for a brand that there is not', async () => {
    const brands = createBrandBook(
      { get: (name) => Promise.reject(new AppError('not-found', `there is no brand ${name}`)) },
      { nowMs: () => 0, now: () => new Date(0) },
    );
    const copywriter = createCopywriter({ channels, brands });
    await expect(copywriter.propose({ ...lamp, brand: 'acme' })).rejects.toMatchObject({
      code: 'invalid-input',
      details: { field: 'brand' },
    });
  });
});
