import twitterText from 'twitter-text';
import { describe, expect, it } from 'vitest';
import { createBrief } from '../../../src/copy/brief/index.ts';
import { createHashtags, toHashtag } from '../../../src/copy/hashtags/index.ts';
import { createRandom } from '../../../src/core/random.ts';
import { hostileRecord } from '../../../fixtures/hostile-records.ts';

const allowAll = (): boolean => false;

describe('toHashtag', () => {
  it.each([
    ['noise cancelling headphones', '#NoiseCancellingHeadphones'],
    ['LED lamp', '#LEDLamp'],
    ['HEADPHONES', '#Headphones'],
    ['iPhone case', '#iPhoneCase'],
    ["men's shoes", '#MensShoes'],
    ['قهوة عربية', '#قهوةعربية'],
    ['10 20', ''],
    ['!!!', ''],
  ])('writes %j as %j', (text, expected) => {
    expect(toHashtag(text)).toBe(expected);
  });
});

describe('createHashtags', () => {
  it('puts keywords first, then the product, then its category', () => {
    const brief = createBrief({
      title: 'Red Lipstick',
      description: 'A bold lipstick.',
      keywords: ['matte lips'],
    });
    expect(createHashtags(brief, 5, allowAll)).toEqual([
      '#MatteLips',
      '#RedLipstick',
      '#Lipstick',
      '#BeautyFinds',
      '#BoldLipstick',
    ]);
  });

  it('makes no hashtag that the caller excludes', () => {
    const brief = createBrief({ title: 'Red Lipstick', description: '' });
    expect(createHashtags(brief, 5, (tag) => tag.includes('Lipstick')).join(' ')).not.toContain('Lipstick');
  });

  it('gives the asked number of valid, distinct tags for any input', () => {
    const random = createRandom(9);
    for (let i = 0; i < 300; i += 1) {
      const tags = createHashtags(createBrief(hostileRecord(random)), 5, allowAll);
      expect(tags).toHaveLength(5);
      expect(new Set(tags.map((tag) => tag.toLowerCase())).size).toBe(5);
      for (const tag of tags) expect(twitterText.isValidHashtag(tag), tag).toBe(true);
    }
  });
});
