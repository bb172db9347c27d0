import { describe, expect, it } from 'vitest';
import { parseRunRequest } from '../../src/cli/run-request.ts';

describe('the options of a run', () => {
  it('become a request that leaves open what was not given', () => {
    expect(parseRunRequest({})).toEqual({ source: {} });
    expect(
      parseRunRequest({ source: 'synthetic', count: '200', seed: '7', recipe: ['head', 'full'] }),
    ).toEqual({
      source: { kind: 'synthetic', count: 200, seed: 7 },
      recipes: ['head', 'full'],
    });
  });

  it('take files and addresses as sources, and a column per field', () => {
    expect(
      parseRunRequest({
        source: 'reviews.csv',
        map: ['title=Title', 'description=Review Text'],
        'label-threshold': '4',
      }),
    ).toEqual({
      source: { kind: 'file', path: 'reviews.csv' },
      map: { title: 'Title', description: 'Review Text' },
      label: { threshold: 4 },
    });
    expect(parseRunRequest({ source: 'http://127.0.0.1:9/data' }).source).toEqual({
      kind: 'http',
      url: 'http://127.0.0.1:9/data',
    });
  });

  it.each([
    [{ map: ['title'] }, /FIELD=COLUMN is needed/],
    [{ map: ['name=Title'] }, /there is no field "name"; the fields are id, title/],
    [{ recipe: ['../fast'] }, /"\.\.\/fast" is no name of a recipe/],
    [{ count: 'many' }, /--count is "many"/],
    [{ 'label-threshold': '3', 'label-column': 'good' }, /not both/],
  ])('%j is refused', (options, message) => {
    expect(() => parseRunRequest(options)).toThrow(message);
  });
});
