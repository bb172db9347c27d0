import { describe, expect, it } from 'vitest';
import {
  checkText,
  createBannedWords,
  createClaimSource,
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

  it('refuses emoji and exclamation marks where the field is plain', () => {
    expect(checkText('Hello!', { ...rules, plain: true })?.refusal).toBe('not-plain');
    expect(checkText('Hello 👋', { ...rules, plain: true })?.refusal).toBe('not-plain');
    expect(checkText('Hello', { ...rules, plain: true })).toBeUndefined();
  });
});

describe('sameTextKey', () => {
  it('sees through case, accents, punctuation and emoji', () => {
    expect(sameTextKey('Café, now! ☕')).toBe(sameTextKey('cafe now'));
    expect(sameTextKey('one')).not.toBe(sameTextKey('two'));
  });
});
