import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBrief } from '../../src/copy/brief/index.ts';
import { createHashtags } from '../../src/copy/hashtags/index.ts';
import { createCopywriter, loadChannels } from '../../src/copy/index.ts';
import { auditCopy } from '../../fixtures/copy-audit.ts';
import { sharedPath } from './shared.ts';
import { writeCopy } from '../../fixtures/write-copy.ts';

const file = sharedPath('data/products.json');
const productsSchema = z.array(
  z.object({ title: z.string(), description: z.string(), category: z.string() }),
);

/** The shop's own departments as our categories. */
const DEPARTMENTS: Record<string, string> = {
  beauty: 'beauty',
  fragrances: 'beauty',
  'skin-care': 'beauty',
  furniture: 'home',
  'home-decoration': 'home',
  'kitchen-accessories': 'home',
  groceries: 'food',
  laptops: 'electronics',
  tablets: 'electronics',
  smartphones: 'electronics',
  'mobile-accessories': 'electronics',
  motorcycle: 'motors',
  vehicle: 'motors',
  'sports-accessories': 'sports',
};

describe.skipIf(file === null)('copy for real products', () => {
  it('knows what at least 97 of 100 are about, and names nearly all by a noun of their own', () => {
    const products = productsSchema.parse(JSON.parse(readFileSync(file as string, 'utf8')));
    const briefs = products.map((product) => ({ ...product, brief: createBrief(product) }));
    const wrong = briefs.filter(
      ({ category, brief }) => (DEPARTMENTS[category] ?? 'fashion') !== brief.category,
    );
    expect(wrong.length / products.length, wrong.map(({ title }) => title).join(', ')).toBeLessThan(0.03);
    const named = briefs.filter(({ brief }) => {
      const tags = createHashtags(brief, 5, () => false).map((tag) => tag.slice(1).toLowerCase());
      return (
        brief.kind !== '' && tags.some((tag) => tag.endsWith(brief.kind.replaceAll(' ', '').toLowerCase()))
      );
    });
    expect(named.length / products.length).toBeGreaterThanOrEqual(0.98);
  });

  it('keeps every limit on every channel and says no two products alike', async () => {
    const products = productsSchema.parse(JSON.parse(readFileSync(file as string, 'utf8')));
    const channels = loadChannels();
    const copywriter = createCopywriter({ channels });
    const captions = new Set<string>();
    const openings: string[] = [];
    for (const product of products) {
      const request = { ...product, channels: copywriter.channelNames };
      const copy = await writeCopy(copywriter, request, (texts) =>
        Promise.resolve(texts.map((text) => text.length)),
      );
      expect(auditCopy(copy, channels, `${product.title} ${product.description}`)).toEqual([]);
      expect(copy.alternatives.social_media_caption).toHaveLength(8);
      captions.add(copy.social_media_caption);
      openings.push(copy.social_media_caption.split(/\s+/u).slice(0, 5).join(' ').toLowerCase());
    }
    expect(captions.size).toBe(products.length);
    // Two products of this shop have one name.
    for (let at = 0; at + 50 <= openings.length; at += 1)
      expect(new Set(openings.slice(at, at + 50)).size).toBe(50);
  });
});
