import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createBrief } from '../../../src/copy/brief/index.ts';
import { createHashtags } from '../../../src/copy/hashtags/index.ts';
import { createCopywriter, loadChannels, type CopyRequest } from '../../../src/copy/index.ts';
import { LANGUAGES } from '../../../src/copy/languages/index.ts';
import { createRandom } from '../../../src/core/random.ts';
import { drawLanguageRecord } from '../../../fixtures/records-by-language.ts';

const copywriter = createCopywriter({ channels: loadChannels() });

/** Every text that was written, by field. */
async function write(request: CopyRequest): Promise<Map<string, string[]>> {
  const { fields } = await copywriter.propose({ ...request, channels: copywriter.channelNames });
  return new Map(fields.map(({ plan, texts }) => [plan.request.name, texts.map(({ text }) => text)]));
}

function draw(language: (typeof LANGUAGES)[number], records: number): CopyRequest[] {
  const random = createRandom(4);
  return Array.from({ length: records }, (_, seed) => ({
    ...drawLanguageRecord(random, language),
    language,
    seed,
  }));
}

const HEADLINES = ['google_rsa.headlines', 'microsoft_ads.headlines', 'meta_ads.headline', 'email.subject'];
/** With what no headline stops: it was cut there. */
const CUT =
  /(?:\s(?:a|the|and|or|with|for|of|und|oder|für|mit|der|die|das|ein|eine|einen|ab|et|dès|pour|avec|de|du|une?|y|con|para|desde|e|per|da|en|met|voor|vanaf|van|nouvelle?|neue[nrs]?|nuev[oa]|nuov[oa]|nieuwe)|\u2026)$/iu;

describe('templates', () => {
  it.each(LANGUAGES)('in %s fill what an ad asks for with headlines that are whole', async (language) => {
    for (const request of draw(language, 5)) {
      const texts = await write(request);
      for (const field of HEADLINES) {
        const list = texts.get(field) ?? [];
        expect([request.title, field, list.filter((text) => CUT.test(text))]).toEqual([
          request.title,
          field,
          [],
        ]);
        if (field.endsWith('headlines')) expect(list.length).toBeGreaterThanOrEqual(15);
        const bare = list.map((text) => text.toLowerCase().replace(/^(?:an?|the) /u, ''));
        expect(new Set(bare).size).toBe(list.length);
      }
    }
  });

  it.each(LANGUAGES)(
    'in %s put one emoji into a text, and call nothing by a label or its bare name',
    async (language) => {
      for (const request of draw(language, 5)) {
        const name = createBrief({ ...request, language }).name.toLowerCase();
        for (const [field, list] of await write(request)) {
          const isProse = !/bullets|title|subject|merchant/u.test(field);
          for (const text of list) {
            expect(text.match(/\p{Emoji_Presentation}/gu)?.length ?? 0).toBeLessThan(2);
            if (isProse) expect(text).not.toMatch(/(?:^|[.!?]\s)\p{Lu}\p{L}+\u00a0?\s?:\s\p{L}+\.(?:\s|$)/u);
            if (field === 'amazon.bullets' && list.length > 1) expect(text.toLowerCase()).not.toBe(name);
          }
        }
      }
    },
  );

  it('agree with many: what there are two of is not called it', async () => {
    const cleats = {
      title: 'Acme Baseball Cleats',
      description:
        'Acme Baseball Cleats are designed for traction on the field. They provide stability for players.',
      count: 24,
    };
    const all = [...(await write(cleats)).values()].flat();
    expect(all.filter((text) => /\b(?:it|itself)\b/iu.test(text))).toEqual([]);
    expect(all.join('\n')).toMatch(/\bthem\b/u);
  });

  it.each([
    ['de', { color: 'Rot', material: 'Baumwolle' }, ['In der Farbe Rot.', 'Aus Baumwolle.']],
    ['fr', { color: 'Rouge', material: 'Coton' }, ['En rouge.', 'En coton.']],
    ['es', { color: 'Verde oliva', material: 'Algodón' }, ['En color verde oliva.', 'De algodón.']],
    ['it', { color: 'Rosso', material: 'Cotone' }, ['Di colore rosso.', 'In cotone.']],
    ['nl', { color: 'Rood', material: 'Katoen' }, ['In de kleur rood.', 'Van katoen.']],
    ['en', { color: 'Space Gray', material: 'Cotton' }, ['Comes in Space Gray.', 'Made of cotton.']],
  ] as const)('in %s say attributes as sentences', async (language, attributes, sentences) => {
    const request = { title: 'Nord 12', description: '', language, attributes, count: 24 };
    const listing = (await write(request)).get('google_merchant.description') ?? [];
    for (const sentence of sentences) expect(listing[0]).toContain(sentence);
  });

  it('keep an attribute that no sentence fits to lists', () => {
    const attributes = { color: 'Rot', size: '30 x 40 cm', muster: 'Karo', material: 'Massive Eiche' };
    const { details, labelled } = createBrief({ title: 'Nord', description: '', language: 'de', attributes });
    expect(details).toEqual([{ kind: 'color', value: 'Rot' }]);
    expect(labelled).toEqual(['Größe: 30 x 40 cm', 'Muster: Karo', 'Material: Massive Eiche']);
    const vague = { title: 'Nord', description: '', attributes: { color: 'As shown', material: 'Mixed' } };
    expect(createBrief(vague)).toMatchObject({
      details: [],
      labelled: ['Color: As shown', 'Material: Mixed'],
    });
  });

  it('say nothing of when or for whom a product is good that its record does not', async () => {
    const cleats = {
      title: 'Acme Baseball Cleats',
      description: 'Acme Baseball Cleats are designed for traction on the field.',
      count: 16,
    };
    const all = [...(await write(cleats)).values()].flat().join('\n');
    expect(all).not.toMatch(/work and weekends|everyday outfits|the days ahead/iu);
  });

  it('end a sentence once, whatever its maker ends in', async () => {
    const watch = {
      title: "Women's Wrist Watch",
      description: "The Women's Wrist Watch is a versatile timepiece for everyday wear.",
      recordBrand: 'Fashion Co.',
      count: 16,
    };
    const all = [...(await write(watch)).values()].flat();
    expect(all.join('\n')).toContain('From Fashion Co.');
    expect(all.filter((text) => text.includes('..'))).toEqual([]);
  });

  it('say of what a product is for only that, and of no title what it is with twice', async () => {
    const rice = {
      title: 'Rice',
      description: 'High-quality rice, a staple for various cuisines and a versatile base for many dishes.',
      count: 16,
    };
    const lenses = {
      title: 'Sunglasses',
      description: 'The Sunglasses offer a classic and simple design with a focus on functionality.',
      count: 16,
    };
    const ofRice = [...(await write(rice)).values()].flat();
    expect(ofRice.join('\n')).toMatch(/for various cuisines(?! and)/iu);
    const own = /a staple for various cuisines and a versatile base/iu;
    expect(ofRice.filter((text) => /cuisines and a/iu.test(text) && !own.test(text))).toEqual([]);
    const titles = (await write(lenses)).get('google_merchant.title') ?? [];
    expect(titles).not.toEqual([]);
    expect(titles.filter((text) => / with .* with /iu.test(text))).toEqual([]);
  });

  it('leave out what only fills: no call that says nothing of what the reader may do', () => {
    const words = readFileSync(
      new URL('../../../assets/wording/en/vocabulary.yaml', import.meta.url),
      'utf8',
    );
    expect(words).not.toMatch(/you know you want|find out if|speak for|just got longer|say yes/iu);
  });
});

describe('the name of a product', () => {
  it('is never cut before the unit of its number', async () => {
    const request = { title: 'Zorbinator Grundausstattung 1 l', description: '', language: 'de' as const };
    for (const list of (await write(request)).values())
      for (const text of list) expect(text).not.toMatch(/Grundausstattung 1(?! l)/u);
  });

  it('stands in a headline where the field takes it', async () => {
    const request = { title: 'Chaussures de randonnée Alpin', description: '', language: 'fr' as const };
    expect((await write(request)).get('google_rsa.headlines')).toContain('Chaussures de randonnée Alpin');
  });

  it.each([
    ['de', 'Damen Wickelkleid Leinen', 'Wickelkleid'],
    ['de', 'Bettwäsche-Set Perkal', 'Bettwäsche'],
    ['de', 'Kaffeepresse 1 l', 'Kaffeepresse'],
    ['fr', 'Perceuse-visseuse 18 V', 'perceuse-visseuse'],
    ['fr', 'Boucles d’oreilles créoles', 'boucles d’oreilles'],
    ['it', 'Scarponi da montagna Alpin', 'scarponi'],
    ['nl', 'Wikkeljurk Linnen', 'wikkeljurk'],
  ] as const)('in %s is read for what it names, not for its stuff or number: %s', (language, title, kind) => {
    expect(createBrief({ title, description: '', language }).kind).toBe(kind);
  });
});

describe('a hashtag of a name', () => {
  const tagsOf = (title: string, language?: 'fr' | 'it'): string[] =>
    createHashtags(createBrief({ title, description: '', language }), 5, () => false);

  it.each([
    ['Gucci Bloom Eau de', undefined, '#GucciBloom'],
    ['Lampe de bureau Nord', 'fr', '#LampeDeBureauNord'],
    ['Lampada da tavolo Nord', 'it', '#LampadaDaTavoloNord'],
    ['Set of Mugs', undefined, '#SetOfMugs'],
    ['Huile d’olive vierge extra', 'fr', '#HuileDOliveViergeExtra'],
    ['Zorbe da montagna Alpin', 'it', '#ZorbeDaMontagnaAlpin'],
    ['Chocolat noir 70 %', 'fr', '#ChocolatNoir'],
    ['Bouilloire inox 1,7 l', 'fr', '#BouilloireInox'],
    ['The Nordic Lamp', undefined, '#NordicLamp'],
  ] as const)('takes whole words that make sense together: %s', (title, language, tag) => {
    expect(tagsOf(title, language)[0]).toBe(tag);
  });
});
