import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import { resolveRunOptions, type RunRequest } from '../../src/queues/index.ts';

const { config } = loadConfig({ env: {} });

describe('the options of a run', () => {
  it('are those of the configuration when nothing is asked for', () => {
    expect(resolveRunOptions(config, {}, false)).toEqual({
      data: config.data,
      candidates: config.pipeline.candidates,
      model: config.model,
      gate: config.gate,
      sourceNamedBy: 'operator',
      remember: false,
    });
  });

  it('send the credentials of the configured address to no other', () => {
    const source = { ...config.data.source, url: 'https://a.example/', credentialsFile: '/run/secrets/feed' };
    const named = { ...config, data: { ...config.data, source } };
    const fileOf = (request: RunRequest) =>
      resolveRunOptions(named, request, true).data.source.credentialsFile;
    expect(fileOf({ source: { kind: 'http' } })).toBe('/run/secrets/feed');
    expect(fileOf({ source: { url: 'https://b.example/' } })).toBeNull();
  });

  it('take over what is asked for and leave the rest', () => {
    const { data } = resolveRunOptions(config, { source: { count: 5 }, label: { threshold: 4 } }, false);
    expect(data.source).toEqual({ ...config.data.source, count: 5 });
    expect(data.label).toEqual({ threshold: 4, column: null });
  });

  it.each([
    [{ path: 'a.csv' }, 'file'],
    [{ url: 'http://localhost/records' }, 'http'],
    [{ uri: 's3://feeds/products.csv' }, 's3'],
    [{ count: 3 }, 'synthetic'],
  ] as const)('know from %j that the source is %s', (source, kind) => {
    expect(resolveRunOptions(config, { source }, false).data.source.kind).toBe(kind);
  });

  it('keep the file of the configuration where a request says nothing of the source', () => {
    const source = { ...config.data.source, kind: 'file' as const, path: 'products.csv' };
    const named = { ...config, data: { ...config.data, source } };
    for (const request of [{}, { source: {} }, { source: { seed: 7 } }])
      expect(resolveRunOptions(named, request, false).data.source).toMatchObject({
        kind: 'file',
        path: 'products.csv',
      });
  });

  it('remember an address that an outsider named, and only that', () => {
    const request = { source: { url: 'http://records.example/' } };
    expect(resolveRunOptions(config, request, true).sourceNamedBy).toBe('http');
    expect(resolveRunOptions(config, request, false).sourceNamedBy).toBe('operator');
    expect(resolveRunOptions(config, { source: { count: 5 } }, true).sourceNamedBy).toBe('operator');
  });

  it('make one candidate of each recipe', () => {
    expect(resolveRunOptions(config, { recipes: ['head', 'full'] }, false).candidates).toEqual([
      { name: 'head', recipe: 'head', seed: 1, settings: {} },
      { name: 'full', recipe: 'full', seed: 1, settings: {} },
    ]);
  });

  it('take 200 candidates, and no more', () => {
    const candidates = Array.from({ length: 201 }, (_, at) => ({ name: `c-${at}`, recipe: 'head' }));
    expect(resolveRunOptions(config, { candidates: candidates.slice(1) }, true).candidates).toHaveLength(200);
    expect(() => resolveRunOptions(config, { candidates }, true)).toThrow(/candidates: .*200/);
  });

  const refused: [string, unknown, string][] = [
    ['an unknown key', { sauce: {} }, 'sauce'],
    ['a file source without a path', { source: { kind: 'file' } }, 'data.source.path'],
    ['a count out of range', { source: { count: 0 } }, 'source.count'],
    ['an address that is not http', { source: { url: 'file:///etc/passwd' } }, 'source.url'],
    ['two candidates of one name', { recipes: ['head', 'head'] }, 'candidates'],
    [
      'recipes and candidates at once',
      { recipes: ['head'], candidates: [{ name: 'a', recipe: 'head' }] },
      'recipes',
    ],
    ['something that is no object', 'now', ''],
  ];
  it.each(refused)('refuse %s and name the field', (_what, request, named) => {
    expect(() => resolveRunOptions(config, request as RunRequest, false)).toThrow(
      expect.objectContaining({ code: 'invalid-input', message: expect.stringContaining(named) }),
    );
  });
});
