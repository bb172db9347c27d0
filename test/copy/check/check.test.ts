import { describe, expect, it } from 'vitest';
import { foldText } from '../../../src/copy/brief/index.ts';
import { createRandom } from '../../../src/core/random.ts';
import {
  checkText,
  createBannedWords,
  createClaimSource,
  findClaims,
  findUnsupportedClaim,
  sameTextKey,
} from '../../../src/copy/check/index.ts';

const input = [
  'Steel Kettle 1.7 L',
  'Boils 1,000 ml in four minutes at 50% less noise. Now $49. Not waterproof. Award winning design. It is an oak-handled kettle.',
];
const source = createClaimSource(input);

describe('findUnsupportedClaim', () => {
  it.each([
    'A 1.7 L steel kettle.',
    'Boils 1000 ml.',
    'Just $49.',
    '50 % less noise.',
    'Ready in four minutes, in 4 minutes.',
    'An award-winning kettle.',
    'An oak handle.',
  ])('lets %j pass', (text) => {
    const spelled = createClaimSource([...input, '4']);
    expect(findUnsupportedClaim(text, text.includes(' 4 ') ? spelled : source)).toBeUndefined();
  });

  it.each([
    ['Holds 2 L.', 'the number 2 is'],
    ['Only €49.', 'the number €49 is'],
    ['Only 49% left.', 'the number 49% is'],
    ['The #1 kettle', 'the number 1 is'],
    ['Boils in ٣ minutes', 'the number 3 is'],
    ['Boils in seven minutes', 'the number "seven" is'],
    ['A copper kettle', 'the material "copper" is'],
    ['A waterproof kettle', 'the claim "waterproof" is'],
    ['Clinically proven warmth', 'the claim "clinically" is'],
    ['The world’s best kettle', 'the claim "world\'s best" is'],
    ['Free shipping!', 'the claim "free shipping" is'],
    ['Ｇｕａｒａｎｔｅｅｄ', 'the claim "guaranteed" is'],
  ])('refuses %j', (text, reason) => {
    expect(findUnsupportedClaim(text, source)).toContain(reason);
  });
});

describe('checkText', () => {
  const rules = {
    fits: (text: string) => text.length <= 40,
    plain: false,
    banned: createBannedWords(['cheap', 'best deal']),
    source,
  };

  it.each([
    ['', 'empty'],
    ['🎉 !', 'empty'],
    ['a\u0000b', 'invalid-text'],
    ['half \ud83d', 'invalid-text'],
    ['x'.repeat(41), 'over-limit'],
    ['Not CHÉAP at all', 'banned-word'],
    ['The best  deal', 'banned-word'],
    ['Look #CheapKettle', 'banned-word'],
    ['Gold inside', 'unsupported-claim'],
  ])('refuses %j as %s', (text, refusal) => {
    expect(checkText(text, rules)?.refusal).toBe(refusal);
  });

  it('takes banned words as words, not as parts of words', () => {
    expect(checkText('A cheaper word, best dealt quickly', rules)).toBeUndefined();
  });

  it('names the first of several bans, in the order of the list', () => {
    const banned = createBannedWords(['deal', 'best', 'best deal']);
    expect(banned('the best deal')).toBe('deal');
    expect(banned('the best #bigdeals')).toBe('deal');
    expect(banned('best dealt')).toBe('best');
  });

  it('finds the bans that a pattern for each would find, however alike they are', () => {
    const random = createRandom(5);
    const draw = (most: number): string =>
      Array.from({ length: 1 + random.below(most) }, () => random.pick(['a', 'b', ' ', '!', '🎉', 'ж']))
        .join('')
        .trim();
    for (let round = 0; round < 60; round += 1) {
      const words = Array.from({ length: 8 }, () => draw(5).replaceAll(/\s+/gu, ' ')).filter(Boolean);
      const text = draw(40);
      const byPattern = words.find((word) =>
        new RegExp(`(?<![\\p{L}\\p{N}])${word.replaceAll(' ', '\\s+')}(?![\\p{L}\\p{N}])`, 'u').test(text),
      );
      expect(createBannedWords(words)(text), JSON.stringify([words, text])).toBe(byPattern);
    }
  });

  it('refuses emoji and exclamation marks where the field is plain', () => {
    expect(checkText('Hello!', { ...rules, plain: true })?.refusal).toBe('not-plain');
    expect(checkText('Hello 👋', { ...rules, plain: true })?.refusal).toBe('not-plain');
    expect(checkText('Hello', { ...rules, plain: true })).toBeUndefined();
  });
});

describe('a German word in -ste', () => {
  const finding = (text: string) =>
    findUnsupportedClaim(text, createClaimSource(['Die Lampe steht auf dem Tisch.'], 'de'));

  it.each([
    'Liste',
    'Weste',
    'Kiste',
    'Küste',
    'Bürste',
    'Leiste',
    'Taste',
    'Paste',
    'Büste',
    'Zahnbürste',
    'Strickweste',
  ])('is a noun and claims nothing: die %s', (noun) => {
    expect(finding(`Schau dir die ${noun} an.`)).toBeUndefined();
  });

  it.each(['schnellste', 'leichteste', 'schönste', 'robusteste'])('is a superlative: die %s', (word) => {
    expect(finding(`Schau dir die ${word} Lampe an.`)).toContain(foldText(word));
  });
});

describe('sameTextKey', () => {
  it('sees through case, accents, punctuation and emoji', () => {
    expect(sameTextKey('Café, now! ☕')).toBe(sameTextKey('cafe now'));
    expect(sameTextKey('one')).not.toBe(sameTextKey('two'));
  });
});

describe('findClaims', () => {
  const said = (text: string): [claim: string, source: string | null][] =>
    findClaims(text, input).map(({ start, end, source: found }) => [
      text.slice(start, end),
      found === null ? null : (input[found.part] ?? '').slice(found.start, found.end),
    ]);

  it('names the words of the record that carry each claim, where they stand', () => {
    expect(said('A steel kettle: 1.7 L in four minutes, award-winning.')).toEqual([
      ['steel', 'Steel'],
      ['1.7 L', '1.7 L'],
      ['four', 'four'],
      ['award-winning', 'Award winning'],
      ['award', 'Award'],
    ]);
    expect(said('50% less noise, boils 1000 ml for $49')).toEqual([
      ['50%', '50%'],
      ['1000 ml', '1,000 ml'],
      ['$49', '$49'],
    ]);
  });

  it('finds no words for what the record denies or does not say', () => {
    expect(said('Waterproof copper, only €49')).toEqual([
      ['Waterproof', null],
      ['copper', null],
      ['€49', null],
    ]);
  });

  it('counts places in the text as it was written, also behind letters that folding takes apart', () => {
    expect(said('Café ﬁlter ½: a STEEL one')).toContainEqual(['STEEL', 'Steel']);
  });

  it('leaves no claim without a source exactly where the check lets the text pass', () => {
    for (const text of [
      'A 1.7 L steel kettle.',
      'Holds 2 L.',
      'Just $49.',
      'Only 49% left.',
      'A copper kettle',
    ])
      expect([text, findClaims(text, input).some(({ source: found }) => found === null)]).toEqual([
        text,
        findUnsupportedClaim(text, source) !== undefined,
      ]);
  });
});
