import { expect, it } from 'vitest';
import { needsKeys } from '../../../src/server/keys/index.ts';

it.each([
  ['auto', '127.0.0.1', false],
  ['auto', '::1', false],
  ['auto', 'localhost', false],
  ['auto', '0.0.0.0', true],
  ['auto', '::', true],
  ['auto', '10.0.0.5', true],
  ['auto', '127.evil.example', true],
  ['required', '127.0.0.1', true],
  ['off', '0.0.0.0', false],
] as const)('asks for keys under %s at %s: %s', (apiKeys, host, expected) => {
  expect(needsKeys({ apiKeys, host })).toBe(expected);
});
