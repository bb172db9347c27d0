import { describe, expect, it } from 'vitest';
import { isUsable, readQuote, splitSentences } from '../../../src/copy/brief/quotes.ts';

describe('splitSentences', () => {
  it.each([
    ['It fits. It lasts! Does it? Yes', ['It fits.', 'It lasts!', 'Does it?', 'Yes']],
    ['He said "wow." The end', ['He said "wow.', 'The end']],
    ['version 2.0 of it. and so on', ['Version 2.0 of it. and so on']],
    ['soft; warm \u2022 light', ['soft', 'warm', 'light']],
    ['What?! Nothing', ['What?!', 'Nothing']],
    ['Besides, the fit is right. Moreover, it lasts.', ['The fit is right.', 'It lasts.']],
    ['', ['']],
    ['Ends. ', ['Ends.']],
  ])('cuts %j', (text, sentences) => {
    expect(splitSentences(text)).toEqual(sentences);
  });

  it('reads no more than twelve sentences', () => {
    expect(splitSentences('One more. '.repeat(40))).toHaveLength(12);
  });
});

describe('a sentence that may be repeated', () => {
  it.each([
    ['it', 'Il filtro in acciaio inox trattiene i fondi.'],
    ['fr', 'La bouilloire s’arrête d’elle-même.'],
    ['de', 'Die Creolen sind aus 925er Silber.'],
    ['de', 'Die Matte liegt vor dem Bad und trocknet her und hin.'],
    ['nl', 'De mat ligt naast het bad.'],
  ] as const)('in %s is not refused for words of another language: %s', (language, sentence) => {
    expect(isUsable(sentence, language)).toBe(true);
  });

  it.each([
    ['it', 'Io l’ho comprato due volte.'],
    ['fr', 'Il me plaît, je le garde.'],
    ['en', 'I bought it twice.'],
    ['de', 'Siehe https://example.com für mehr.'],
  ] as const)('in %s speaks for nobody and names no address: %s', (language, sentence) => {
    expect(isUsable(sentence, language)).toBe(false);
  });
});

describe('readQuote', () => {
  it.each([
    ['The Desk Lamp', 'The Desk Lamp is bright and warm.', 'It is bright and warm.'],
    ['Desk Lamp', 'The  desk LAMP has two arms and a base.', 'It has two arms and a base.'],
    ['Café Cup', 'The café cup keeps coffee warm for you.', 'It keeps coffee warm for you.'],
    ['Rug (blue)', 'Rug (blue) lasts a long time in use.', undefined],
    ['C++ Guide', 'C++ Guide offers twelve clear chapters.', 'It offers twelve clear chapters.'],
  ])('speaks of %j by a pronoun', (name, sentence, quote) => {
    expect(readQuote(sentence, 3, { name, plural: false }).quote?.text).toBe(quote);
  });

  it('knows a plural, and leaves a name alone where no verb follows it', () => {
    const product = { name: 'Lamps', plural: true };
    expect(readQuote('Lamps are for every desk and shelf.', 0, product).quote?.text).toBe(
      'They are for every desk and shelf.',
    );
    expect(readQuote('Lamps for every desk and shelf here.', 0, product)).toEqual({
      statement: { text: 'Lamps for every desk and shelf here.', sentence: 0 },
    });
  });
});
