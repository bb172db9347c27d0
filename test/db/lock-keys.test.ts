import { expect, it } from 'vitest';
import { LOCK_KEYS } from '../../src/db/index.ts';

it('no two advisory locks share a number', () => {
  const numbers = Object.values(LOCK_KEYS);
  expect(new Set(numbers).size).toBe(numbers.length);
});
