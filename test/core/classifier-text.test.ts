import { describe, expect, it } from 'vitest';
import { classifierText, copyRecord, copyText } from '../../src/core/classifier-text.ts';

describe('copyText', () => {
  it('is the classifier text of the record that feedback on the same text becomes', () => {
    const copy = { title: 'Desk Lamp', field: 'ad_copy', text: 'Light that stays where you put it.' };
    expect(copyText(copy)).toBe('Desk Lamp ad Light that stays where you put it.');
    expect(copyText(copy)).toBe(classifierText(copyRecord(copy)));
  });

  it.each([
    ['a long title', 'Adjustable Mid-Century Brass Desk Lamp', 'Adjustable Mid-Century'],
    ['a long title of one word', 'x'.repeat(40), 'x'.repeat(24)],
    ['an emoji at the border', `${'x'.repeat(23)}🎉🎉`, 'x'.repeat(23)],
    ['a title that just fits', 'Adjustable Brass Lamp 12', 'Adjustable Brass Lamp 12'],
  ])('names the product by the first words of %s', (_, title, expected) => {
    expect(copyRecord({ title, field: 'x.text', text: 'Soft.' }).title).toBe(`${expected} x`);
  });

  it.each([
    ['social_media_caption', 'caption'],
    ['ad_copy', 'ad'],
    ['x.text', 'x'],
    ['email.subject', 'email subject'],
    ['google_rsa.headlines', 'google rsa headlines'],
  ])('names the field %s in as few words as tell it from others: %s', (field, expected) => {
    expect(copyRecord({ title: '', field, text: 'Soft.' }).title).toBe(expected);
  });
});
