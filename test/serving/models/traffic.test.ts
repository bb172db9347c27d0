import { describe, expect, it } from 'vitest';
import { ALL_TO_CHAMPION, chooseAlias, trafficSchema } from '../../../src/serving/models/traffic.ts';

const keys = Array.from({ length: 4000 }, (_, index) => `customer-${index}`);

describe('the division of traffic', () => {
  it('sends the wanted share of keys to the challenger, and a key always to the same', () => {
    const traffic = { champion: 90, challenger: 10, shadow: false };
    const first = keys.map((key) => chooseAlias(traffic, key));
    const share = first.filter((alias) => alias === 'challenger').length / keys.length;
    expect(share).toBeGreaterThan(0.08);
    expect(share).toBeLessThan(0.12);
    expect(keys.map((key) => chooseAlias(traffic, key))).toEqual(first);
  });

  it('keeps those on the challenger who were there when its share grows', () => {
    const few = keys.filter(
      (key) => chooseAlias({ champion: 95, challenger: 5, shadow: false }, key) === 'challenger',
    );
    expect(
      few.every((key) => chooseAlias({ champion: 50, challenger: 50, shadow: false }, key) === 'challenger'),
    ).toBe(true);
  });

  it('is the champion alone unless told otherwise', () => {
    expect(new Set(keys.map((key) => chooseAlias(ALL_TO_CHAMPION, key)))).toEqual(new Set(['champion']));
    expect(trafficSchema.parse({ champion: 100 })).toEqual(ALL_TO_CHAMPION);
  });

  it.each([
    { champion: 90 },
    { champion: 90, challenger: 20 },
    { champion: -1, challenger: 101 },
    { champion: 99.5, challenger: 0.5 },
  ])('refuses %j', (traffic) => {
    expect(trafficSchema.safeParse(traffic).success).toBe(false);
  });
});
