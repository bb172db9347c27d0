import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createCopywriter, loadChannels } from '../../src/copy/index.ts';
import { auditCopy } from '../../fixtures/copy-audit.ts';
import { sharedPath } from './shared.ts';
import { writeCopy } from '../../fixtures/write-copy.ts';

const file = sharedPath('data/products.json');
const productsSchema = z.array(z.object({ title: z.string(), description: z.string() }));

describe.skipIf(file === null)('copy for real products', () => {
  it('keeps every limit on every channel and says no two products alike', async () => {
    const products = productsSchema.parse(JSON.parse(readFileSync(file as string, 'utf8')));
    const channels = loadChannels();
    const copywriter = createCopywriter({ channels });
    const captions = new Set<string>();
    for (const product of products) {
      const request = { ...product, channels: copywriter.channelNames };
      const copy = await writeCopy(copywriter, request, (texts) =>
        Promise.resolve(texts.map((text) => text.length)),
      );
      expect(auditCopy(copy, channels, `${product.title} ${product.description}`)).toEqual([]);
      expect(copy.alternatives.social_media_caption).toHaveLength(8);
      captions.add(copy.social_media_caption);
    }
    expect(captions.size).toBe(products.length);
  });
});
