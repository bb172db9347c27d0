import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createClaimSource, findUnsupportedClaim } from '../../../src/copy/check/index.ts';
import { LANGUAGES } from '../../../src/copy/languages/index.ts';

const sentences = z.array(z.string()).length(4);
const pairsSchema = z.object({
  frames: z.array(z.string()).length(5),
  records: z
    .array(z.object({ title: z.string(), description: z.string(), true: sentences, false: sentences }))
    .length(10),
});

describe.each(LANGUAGES)('claims in %s', (language) => {
  const file = path.join(import.meta.dirname, 'pairs', `${language}.yaml`);
  const { frames, records } = pairsSchema.parse(parse(readFileSync(file, 'utf8')));
  const refused = (kind: 'true' | 'false'): { text: string; reason: string | undefined }[] =>
    records.flatMap((record) =>
      record[kind].flatMap((said) =>
        frames.map((frame) => {
          const text = frame.replace('{name}', record.title).replace('{text}', said);
          const source = createClaimSource([record.title, record.description], language);
          return { text, reason: findUnsupportedClaim(text, source) };
        }),
      ),
    );

  it('are refused in at least 97 % of 200 false texts', () => {
    const passed = refused('false').filter(({ reason }) => reason === undefined);
    expect(passed.length, passed.map(({ text }) => text).join('\n')).toBeLessThanOrEqual(6);
  });

  it('are refused in at most 5 % of 200 true texts', () => {
    const wrong = refused('true').filter(({ reason }) => reason !== undefined);
    expect(
      wrong.length,
      wrong.map(({ text, reason }) => `${text} (${reason})`).join('\n'),
    ).toBeLessThanOrEqual(10);
  });
});
