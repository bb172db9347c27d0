import { describe, expect, it } from 'vitest';
import { classifierText, copyRecord, copyText } from '../../src/core/classifier-text.ts';

describe('copyText', () => {
  it('is the classifier text of the record that feedback on the same text becomes', () => {
    const copy = { title: 'Desk Lamp', text: 'Light that stays where you put it.' };
    expect(copyText(copy)).toBe('Desk Lamp Light that stays where you put it.');
    expect(copyText(copy)).toBe(classifierText(copyRecord(copy)));
  });

  it.each([
    ['a long title', 'Adjustable Mid-Century Brass Desk Lamp', 'Adjustable Mid-Century'],
    ['a long title of one word', 'x'.repeat(40), 'x'.repeat(24)],
    ['an emoji at the border', `${'x'.repeat(23)}🎉🎉`, 'x'.repeat(23)],
    ['a title that just fits', 'Adjustable Brass Lamp 12', 'Adjustable Brass Lamp 12'],
  ])('names the product by the first words of %s', (_, title, expected) => {
    expect(copyRecord({ title, text: 'Soft.' }).title).toBe(expected);
  });
});
