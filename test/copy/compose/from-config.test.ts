import { describe, expect, it } from 'vitest';
import { openCopywriter } from '../../../src/copy/index.ts';
import { writeCopy } from '../../../fixtures/write-copy.ts';

const config = {
  writer: 'templates',
  candidates: 4,
  brand: null,
  language: 'auto',
  channels: 'config/channels.yaml',
  transformers: { model: null, maxNewTokens: 64 },
  openai: { baseUrl: null, apiKey: null, model: null, timeoutMs: 1000, retries: 0, maxTokensPerDay: 1000 },
} as const;

describe('openCopywriter', () => {
  it('writes as many candidates as the configuration says', async () => {
    const copywriter = openCopywriter(config);
    const copy = await writeCopy(copywriter, { title: 'Lamp', description: '' }, (texts) =>
      Promise.resolve(texts.map(() => 0)),
    );
    expect(copy.alternatives.ad_copy).toHaveLength(4);
  });

  it.each([
    ['openai', 'copy.openai.baseUrl'],
    ['transformers', 'copy.transformers.model'],
  ] as const)('names the setting that the writer %s lacks', (writer, key) => {
    expect(() => openCopywriter({ ...config, writer })).toThrow(`${key} is not set`);
  });
});
