import { describe, expect, it } from 'vitest';
import { detectLanguage, formatPrice, grammarOf, lexiconOf } from '../../../src/copy/languages/index.ts';
import { createCopywriter, loadChannels, type CopyRequest } from '../../../src/copy/index.ts';
import { upperFirst } from '../../../src/copy/writers/templates/grammar.ts';
import { vocabularyOf } from '../../../src/copy/writers/templates/vocabulary.ts';

const german = {
  title: 'Schreibtischlampe Nord',
  description: 'Eine kompakte Leuchte mit warmem Licht für kleine Schreibtische.',
};

describe('detectLanguage', () => {
  it.each([
    ['de', `${german.title}. ${german.description}`],
    ['de', 'Puzzle Nord 31. Spart bis zu 25 % Platz.'],
    ['fr', 'Puzzle Urbain 652. Je l’ai acheté deux fois sans jamais le regretter.'],
    ['fr', 'Lampe de bureau. Une lampe compacte à la lumière douce pour les petits bureaux.'],
    ['es', 'Lámpara de escritorio. Una luz compacta y suave para escritorios pequeños.'],
    ['es', 'Molinillo de café. Disponible en 31 colores, desde 19,99 €.'],
    ['it', 'Cuffie Nord. Io l’ho comprato due volte senza mai pentirmi.'],
    ['it', 'Lampada da scrivania compatta con luce calda per piccole scrivanie e lunghe sere.'],
    ['nl', 'Bureaulamp met warm licht voor kleine bureaus en lange avonden.'],
    ['other', '北欧デスクランプ。小さな机のための柔らかい光。'],
    ['other', 'Настольная лампа с мягким светом для маленького стола'],
    ['en', 'The Nordic lamp is compact, with a soft glow.'],
  ])('finds %s in %j', (language, text) => {
    expect(detectLanguage(text)).toBe(language);
  });

  // Titles without a description, of which brands and loan words are half.
  it.each([
    [
      'nl',
      'Tas en riem van leer|Fles voor water en thee|IKEA kast met deuren|De tuin in de winter|Kaas uit de streek',
    ],
    [
      'de',
      'Tasche und Gürtel aus Leder|IKEA Schrank mit Türen|Jacke für Damen und Herren|Käse aus der Region',
    ],
    [
      'fr',
      'Sac et ceinture en cuir|Miel de lavande en pot|Le jardin en hiver|Philips Airfryer XXL avec grille',
    ],
    ['es', 'Bolso y cinturón de cuero|Miel de lavanda en tarro|Taladro Bosch con batería|Libro sobre el mar'],
    ['it', 'Borsa e cintura di pelle|Miele di lavanda in vaso|Giacca da donna e uomo|Scarpe per la pioggia'],
    [
      'en',
      'En Garde Fencing Mask|Casa de Papel Mug|Le Creuset Dutch Oven|Chanel Coco Noir Eau De|Van Dyke Brush Set|Dior J’adore|De Longhi Espresso Machine|El Paso Salsa|La Mer Moisturizing Cream',
    ],
  ])('takes a short title in %s for no other language, at worst for none', (language, titles) => {
    const found = titles.split('|').map((title) => detectLanguage(`${title}. `));
    expect(found.filter((each) => each !== undefined && each !== language)).toEqual([]);
    if (language !== 'en') expect(found.filter((each) => each === language).length).toBeGreaterThan(1);
  });

  it('knows French by one sentence beside Spanish words', () => {
    expect(
      detectLanguage('Miel de lavande. Miel de lavande récolté en Provence, doux et parfumé. Pot de 250 g.'),
    ).toBe('fr');
  });

  it.each([
    ['English words alone', 'Compact LED desk lamp, foldable arm, 3 brightness levels, USB-C charging port'],
    ['a list of attributes', 'Wireless Mouse 2.4 GHz USB receiver ergonomic design black'],
    ['a name', 'Schreibtischlampe'],
    ['emoji', '🎉🎉🎉'],
    ['nothing', ''],
  ])('takes %s for no other language than English', (_, text) => {
    expect(['en', undefined]).toContain(detectLanguage(text));
  });
});

describe('the grammar of a language', () => {
  const phrase = (
    language: 'en' | 'de' | 'fr' | 'es' | 'it' | 'nl',
    word: string,
    wordCase: 'nom' | 'acc' | 'dat' = 'nom',
  ) => {
    const noun = lexiconOf(language).noun(word);
    if (noun === undefined) throw new Error(`${word} is not in the lexicon`);
    const grammar = grammarOf(language);
    return (['a', 'aNew', 'the', 'this', 'yourNew'] as const)
      .map((kind) => grammar.phrase(kind, noun, wordCase))
      .join(', ');
  };

  it.each([
    ['en', 'earbuds', 'nom', 'earbuds, new earbuds, the earbuds, these earbuds, your new earbuds'],
    ['en', 'umbrella', 'nom', 'an umbrella, a new umbrella, the umbrella, this umbrella, your new umbrella'],
    [
      'de',
      'Schreibtischlampe',
      'nom',
      'eine Schreibtischlampe, eine neue Schreibtischlampe, die Schreibtischlampe, diese Schreibtischlampe, deine neue Schreibtischlampe',
    ],
    [
      'de',
      'Rucksack',
      'acc',
      'einen Rucksack, einen neuen Rucksack, den Rucksack, diesen Rucksack, deinen neuen Rucksack',
    ],
    ['de', 'Kleid', 'dat', 'einem Kleid, einem neuen Kleid, dem Kleid, diesem Kleid, deinem neuen Kleid'],
    ['de', 'Schuhe', 'dat', 'Schuhen, neuen Schuhen, den Schuhen, diesen Schuhen, deinen neuen Schuhen'],
    [
      'fr',
      'ordinateur',
      'nom',
      'un ordinateur, un nouvel ordinateur, l’ordinateur, cet ordinateur, votre nouvel ordinateur',
    ],
    ['fr', 'lampes', 'nom', 'des lampes, de nouvelles lampes, les lampes, ces lampes, vos nouvelles lampes'],
    ['fr', 'yaourt', 'nom', 'un yaourt, un nouveau yaourt, le yaourt, ce yaourt, votre nouveau yaourt'],
    ['es', 'agua', 'nom', 'un agua, una nueva agua, el agua, esta agua, tu nueva agua'],
    ['es', 'lámpara', 'nom', 'una lámpara, una nueva lámpara, la lámpara, esta lámpara, tu nueva lámpara'],
    [
      'es',
      'gafas de sol',
      'nom',
      'unas gafas de sol, unas nuevas gafas de sol, las gafas de sol, estas gafas de sol, tus nuevas gafas de sol',
    ],
    ['it', 'zaino', 'nom', 'uno zaino, un nuovo zaino, lo zaino, questo zaino, il tuo nuovo zaino'],
    [
      'it',
      'lenzuola',
      'nom',
      'lenzuola, nuove lenzuola, le lenzuola, queste lenzuola, le tue nuove lenzuola',
    ],
    [
      'it',
      'occhiali',
      'nom',
      'occhiali, nuovi occhiali, gli occhiali, questi occhiali, i tuoi nuovi occhiali',
    ],
    [
      'nl',
      'bureaulamp',
      'nom',
      'een bureaulamp, een nieuwe bureaulamp, de bureaulamp, deze bureaulamp, je nieuwe bureaulamp',
    ],
    ['nl', 'horloge', 'nom', 'een horloge, een nieuw horloge, het horloge, dit horloge, je nieuwe horloge'],
  ] as const)('in %s puts words before %j (%s)', (language, word, wordCase, expected) => {
    expect(phrase(language, word, wordCase)).toBe(expected);
  });

  it('knows Dutch plurals by their syllables', () => {
    const words = ['luiers', 'grasmaaiers', 'adapters', 'schoenen', 'stoelen', 'koptelefoons', 'potloden'];
    expect(words.filter((word) => lexiconOf('nl').noun(word)?.plural !== true)).toEqual([]);
  });

  it('opens a sentence with a capital where the article is elided', () => {
    expect(upperFirst('l’horloge Nord')).toBe('L’horloge Nord');
  });

  it('has French words after `nouveau` begin with a consonant', () => {
    const picks = Object.values(vocabularyOf('fr').categories).flatMap((words) => words.picks);
    expect(picks.filter((pick) => /^[aeiouhâàéèêîôûœ]/iu.test(pick))).toEqual([]);
  });

  it.each([
    ['en', '$1,299.50'],
    ['de', '1.299,50 $'],
    ['fr', '1 299,50 $US'],
    ['es', '1299,50 US$'],
    ['it', '1299,50 USD'],
    ['nl', 'US$ 1.299,50'],
  ] as const)('in %s writes a price as %j', (language, expected) => {
    expect(formatPrice(1299.5, 'USD', language).replaceAll(/[\u00a0\u202f]/gu, ' ')).toBe(expected);
  });
});

describe('copy in the language of its record', () => {
  const copywriter = createCopywriter({ channels: loadChannels() });
  const write = async (request: CopyRequest) =>
    copywriter.choose(await copywriter.propose({ count: 1, ...request }), []);

  it('says nothing in English, and has no note', async () => {
    const copy = await write({ ...german, channels: copywriter.channelNames });
    expect(copy.notes).toBeUndefined();
    expect(JSON.stringify([copy.social_media_caption, copy.ad_copy, copy.channels])).not.toMatch(
      /\b(?:meet|with|your|the|new|discover|look|made)\b/iu,
    );
    expect(copy.hashtags).toContain('#Schreibtischlampe');
  });

  it('follows what the record says of its language before what it looks like', async () => {
    const copy = await write({ title: 'Mira 200', description: '', recordLanguage: 'fr-CH' });
    expect(copy.social_media_caption).toMatch(/Voici|Découvrez|connaissez|Faites|votre|Mira 200 :/u);
  });

  it('gives a reason where it is asked for in another language, and quotes nothing then', async () => {
    const copy = await write({ ...german, language: 'en' });
    expect(copy.notes).toEqual([expect.stringMatching(/do not seem to be in English/)]);
    expect(JSON.stringify(copy.alternatives)).not.toContain('Leuchte');
    const russian = await write({
      title: 'Лампа',
      description: 'Настольная лампа с мягким светом для маленького стола',
    });
    expect(russian.notes).toEqual([expect.stringMatching(/copy is written in English/)]);
    const unknown = await write({ title: 'Zorvex Quimbra', description: '' });
    expect(unknown.notes).toEqual([expect.stringMatching(/do not tell their language; .* in English/)]);
    for (const request of [{ language: 'en' as const }, { recordLanguage: 'en' }])
      expect(await write({ title: 'Zorvex Quimbra', description: '', ...request })).not.toHaveProperty(
        'notes',
      );
    expect(await write({ title: 'Zorvex Mug', description: '' })).not.toHaveProperty('notes');
    expect(await write({ title: 'Lamp', description: 'A soft light for the desk.' })).not.toHaveProperty(
      'notes',
    );
  });
});
