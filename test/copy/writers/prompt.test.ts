import { describe, expect, it } from 'vitest';
import { createBrief } from '../../../src/copy/brief/index.ts';
import { loadPrompt } from '../../../src/copy/writers/prompt-file.ts';
import { renderPrompt, renderSystem } from '../../../src/copy/writers/prompt.ts';
import type { FieldRequest } from '../../../src/copy/writers/index.ts';

const brief = createBrief({ title: 'Desk Lamp', description: 'A lamp for desks.' });
const field: FieldRequest = {
  name: 'ad_copy',
  role: 'ad',
  count: 2,
  aim: 100,
  maxChars: 120,
  fits: () => true,
  plain: false,
  gsm7: false,
};
const said = { ad_copy: ['A bright lamp.'] };
const unfit = { ad_copy: ['A lamp of gold.'] };

describe('the prompt', () => {
  it('shows what a field has, never what was refused of it except with the reason', () => {
    const shown = renderPrompt(loadPrompt(), brief, [field], { said, unfit });
    expect(JSON.parse(shown)).toMatchObject({ fields: { ad_copy: { writtenAlready: ['A bright lamp.'] } } });
    expect(shown).not.toContain('gold');
    const refused = {
      ad_copy: [{ text: 'A lamp of gold.', reason: 'the material "gold" is not in the product' }],
    };
    expect(JSON.parse(renderPrompt(loadPrompt(), brief, [field], { said, unfit, refused }))).toMatchObject({
      fields: { ad_copy: { writtenAlready: ['A bright lamp.'], refused: refused.ad_copy } },
    });
  });

  it('explains every list that it shows, and none that it does not', () => {
    const prompt = loadPrompt();
    const refused = { ad_copy: [{ text: 'A lamp of gold.', reason: 'it says "gold"' }] };
    expect(renderSystem(prompt, { seed: 1 })).not.toMatch(/writtenAlready|"refused"/u);
    expect(renderSystem(prompt, { seed: 1, said })).toContain('"writtenAlready" lists texts');
    expect(renderSystem(prompt, { seed: 1, refused })).toContain('"refused" lists texts');
  });

  it('keeps the words of earlier versions, which know no such list', () => {
    const old = loadPrompt('copy-2');
    expect(old.version).toMatch(/^copy-2 \(sha256 [0-9a-f]{12}\)$/u);
    expect(renderSystem(old, { seed: 1, said })).toBe(renderSystem(old, { seed: 1 }));
    expect(renderPrompt(old, brief, [field], { said })).not.toContain('writtenAlready');
  });
});
