import { describe, expect, it } from 'vitest';
import { isTooDeep, MAX_JSON_DEPTH, parseJson } from '../../src/core/json-depth.ts';

const nested = (depth: number, inner = ''): string => `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`;

describe('the depth of JSON from outside', () => {
  it('takes the limit and refuses one level more, of lists and of objects', () => {
    expect(parseJson(nested(MAX_JSON_DEPTH), 'the row')).toBeInstanceOf(Array);
    expect(() => parseJson(nested(MAX_JSON_DEPTH + 1), 'the row')).toThrow(
      /the row nests .* more than 100 levels deep/,
    );
    expect(isTooDeep('{"a":'.repeat(101) + '1' + '}'.repeat(101))).toBe(true);
    expect(isTooDeep('[{"a":'.repeat(50) + '1' + '}]'.repeat(50))).toBe(false);
  });

  it('counts no bracket that stands in a text, however the text is escaped', () => {
    for (const text of [
      '['.repeat(500),
      '\\'.repeat(7) + '['.repeat(500),
      '"['.repeat(500),
      '\\"['.repeat(500),
    ]) {
      expect(isTooDeep(JSON.stringify({ text }))).toBe(false);
      expect(isTooDeep(JSON.stringify({ text, deep: JSON.parse(nested(100)) as unknown }))).toBe(true);
    }
  });

  it('leaves what is no JSON to the parser, which names it', () => {
    expect(() => parseJson('{"a": ', 'the body')).toThrow('the body is not JSON');
    expect(() => parseJson('"' + '['.repeat(500), 'the body')).toThrow('the body is not JSON');
  });
});
