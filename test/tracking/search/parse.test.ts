import { describe, expect, it } from 'vitest';
import { parseFilter, parseOrder } from '../../../src/tracking/search/parse.ts';

const one = (text: string) => {
  const [condition] = parseFilter(text);
  return condition;
};
const string = (text: string) => ({ kind: 'string', text });
const number = (text: string) => ({ kind: 'number', text });

describe('the filter parser', () => {
  it('reads nothing from nothing', () => {
    expect(parseFilter('')).toEqual([]);
    expect(parseFilter('  \n ')).toEqual([]);
    expect(parseFilter(undefined)).toEqual([]);
  });

  it.each([
    ['metrics.loss', { prefix: 'metrics', name: 'loss' }],
    ['tags.mlflow.parentRunId', { prefix: 'tags', name: 'mlflow.parentRunId' }],
    ['tags.`mlflow.user`', { prefix: 'tags', name: 'mlflow.user' }],
    ['params."with space"', { prefix: 'params', name: 'with space' }],
    ['metrics.val/loss', { prefix: 'metrics', name: 'val/loss' }],
    ['params."a ""quoted"" key"', { prefix: 'params', name: 'a "quoted" key' }],
    ['status', { prefix: undefined, name: 'status' }],
    ['"run name"', { prefix: undefined, name: 'run name' }],
  ])('reads the key %s', (text, key) => {
    expect(one(`${text} = 'x'`)).toEqual({ key, comparator: '=', values: [string('x')] });
  });

  it.each(['=', '!=', '<', '<=', '>', '>='])(
    'reads the comparator %s, with and without spaces',
    (comparator) => {
      expect(one(`metrics.m ${comparator} 1`)).toMatchObject({ comparator, values: [number('1')] });
      expect(one(`metrics.m${comparator}1`)).toMatchObject({ comparator, values: [number('1')] });
    },
  );

  it.each(['1', '-1', '+2', '0.5', '.5', '5.', '1e-3', '-2.5E+10'])('reads the number %s', (text) => {
    expect(one(`metrics.m > ${text}`)?.values).toEqual([number(text)]);
  });

  it('reads texts in either quote, with the quote doubled inside', () => {
    expect(one(`params.p = "it's"`)?.values).toEqual([string("it's")]);
    expect(one(`params.p = 'it''s'`)?.values).toEqual([string("it's")]);
    expect(one(`params.p = 'a AND b = ''c'''`)?.values).toEqual([string("a AND b = 'c'")]);
    expect(one(`params.p = ''`)?.values).toEqual([string('')]);
  });

  it('reads LIKE, IN and IS NULL in either case', () => {
    expect(one("params.p like '%x'")?.comparator).toBe('LIKE');
    expect(one("params.p ILIKE '%x'")?.comparator).toBe('ILIKE');
    expect(one("run_id in ('a', 'b',)")).toMatchObject({
      comparator: 'IN',
      values: [string('a'), string('b')],
    });
    expect(one("run_id NOT IN ('a')")).toMatchObject({ comparator: 'NOT IN', values: [string('a')] });
    expect(one('tags.t IS NULL')).toMatchObject({ comparator: 'IS NULL', values: [] });
    expect(one('tags.t is not null')).toMatchObject({ comparator: 'IS NOT NULL', values: [] });
  });

  it('joins conditions by AND', () => {
    expect(parseFilter("metrics.a > 1 and params.b = 'c' AND tags.d != 'e'")).toHaveLength(3);
  });

  it.each([
    ["params.p = 'open", 'cannot read "\'open"'],
    ['metrics.m > 1 OR metrics.m < 0', 'expected AND'],
    ['metrics.m > 1;', 'cannot read ";"'],
    ['metrics.m', 'expected a comparator'],
    ['metrics.m >', 'expected a quoted string or a number'],
    ['metrics.m > x', 'expected a quoted string or a number'],
    ['metrics. > 1', 'expected a key after metrics.'],
    ['(metrics.m > 1)', 'expected a key'],
    ['run_id IN ()', 'expected a quoted string'],
    ["run_id IN ('a'", "expected ',' or ')'"],
    ['metrics.m > 1 AND', 'expected a key'],
    ['tags.t IS 5', 'expected NULL'],
    ['metrics.m > 1.2.3', 'cannot read'],
    ['-- comment', 'cannot read'],
  ])('refuses %s and says why', (text, message) => {
    expect(() => parseFilter(text)).toThrow(message);
  });
});

describe('the order parser', () => {
  it.each([
    ['metrics.loss DESC', { key: { prefix: 'metrics', name: 'loss' }, isAscending: false }],
    ['metrics.`val loss` asc', { key: { prefix: 'metrics', name: 'val loss' }, isAscending: true }],
    ['start_time', { key: { prefix: undefined, name: 'start_time' }, isAscending: true }],
    [
      'attributes.start_time  desc',
      { key: { prefix: 'attributes', name: 'start_time' }, isAscending: false },
    ],
  ])('reads %s', (text, order) => {
    expect(parseOrder(text)).toEqual(order);
  });

  it.each(['', 'metrics.loss UP', 'metrics.loss DESC, x', 'metrics.loss DESC; DELETE'])(
    'refuses %j',
    (text) => {
      expect(() => parseOrder(text)).toThrow();
    },
  );
});
