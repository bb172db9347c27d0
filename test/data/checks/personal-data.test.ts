import { describe, expect, it } from 'vitest';
import { findPersonalData, maskPersonalData } from '../../../src/data/checks/personal-data.ts';

describe('personal data', () => {
  it.each([
    ['Write to jane.doe+shop@mail.example.co.uk today.', 'Write to [e-mail] today.'],
    ['Call +49 (30) 1234 5678 or 0044 20 7946 0958.', 'Call [phone] or [phone].'],
    ['(555) 123-4567, 555-123-4567', '[phone], [phone]'],
    ['Phone: 030 1234567', 'Phone: [phone]'],
    ['Card 4111 1111 1111 1111 was charged', 'Card [card] was charged'],
    ['5500005555555559', '[card]'],
  ])('is masked: %s', (text, masked) => {
    expect(maskPersonalData(text)).toBe(masked);
  });

  it.each([
    'EAN 4077855400282, 12.50 EUR, 30 x 40 x 50 cm',
    'A battery of 10000 mAh at 5-12 V, 4.5 of 5, model XY-2000-300',
    'From 2020-01-01 to 2021-12-31, sizes 36 38 40 42 44',
    '4111 1111 1111 1112',
    '0000000000000000',
    '@home with us',
  ])('is not what goods say: %s', (text) => {
    expect(findPersonalData(text)).toEqual([]);
  });
});
