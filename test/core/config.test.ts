import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listConfig, loadConfig, maskSecret } from '../../src/core/config/index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'copyloop-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function yaml(name: string, content: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

describe('configuration', () => {
  it('is whole and frozen from the defaults alone', () => {
    const { config } = loadConfig({ env: {} });
    expect(config.server.port).toBe(8080);
    expect(config.queues.maxStalledCount).toBeGreaterThanOrEqual(10);
    expect(Object.isFrozen(config.pipeline.schedule)).toBe(true);
  });

  it('takes the user file over the default, the environment over both, the command line over all', () => {
    const file = yaml(
      'layers.yaml',
      'server: { port: 1 , host: 0.0.0.0 }\ndata: { source: { count: 7, seed: 7 } }\n',
    );
    const env = { COPYLOOP_CONFIG: file, PORT: '2', COPYLOOP_DATA__SOURCE__COUNT: '8' };
    const { config, origins } = loadConfig({ env, overrides: { 'server.port': 3 } });
    expect([
      config.server.port,
      config.server.host,
      config.data.source.count,
      config.data.source.seed,
    ]).toEqual([3, '0.0.0.0', 8, 7]);
    expect(origins.get('server.port')).toBe('command line');
    expect(origins.get('data.source.count')).toBe('environment COPYLOOP_DATA__SOURCE__COUNT');
    expect(origins.get('data.source.seed')).toBe(`file ${file}`);
  });

  it('reads camelCase and hyphenated keys from variables, words apart or together', () => {
    const env = {
      COPYLOOP_SERVING__MAX_BATCH_TOKENS: '64',
      COPYLOOP_QUEUES__TIMEOUTS_MS__TRAIN_MODEL: '5000',
    };
    const { config } = loadConfig({ env });
    expect(config.serving.maxBatchTokens).toBe(64);
    expect(config.queues.timeoutsMs['train-model']).toBe(5000);
  });

  it('replaces the column map whole', () => {
    const file = yaml('map.yaml', 'data: { map: { title: Title, description: Review Text } }\n');
    expect(loadConfig({ env: {}, file }).config.data.map).toEqual({
      title: 'Title',
      description: 'Review Text',
    });
  });

  it.each([
    ['server: { prot: 1 }', /unknown key server\.prot/],
    ['server: { port: high }', /server\.port is "high" \(from file .*\): .*number/],
    ['data: { source: { kind: file } }', /data\.source\.path is null.*must be set when kind is file/],
    ['pipeline: { schedule: { timeZone: Mars/Olympus } }', /IANA time zone/],
    ['- a list', /must hold a table/],
    ['a: [', /is not YAML/],
  ])('refuses %s with the key, the value and what is allowed', (content, message) => {
    const file = yaml('bad.yaml', content);
    expect(() => loadConfig({ env: {}, file })).toThrow(message);
  });

  it('refuses a variable that names no setting, and lists the names there are', () => {
    expect(() => loadConfig({ env: { COPYLOOP_SERVER__PROT: '1' } })).toThrow(
      /names no setting; the keys of server are host, port/,
    );
  });

  it('lists every value with its origin and masks secrets', () => {
    const env = {
      DATABASE_URL: 'postgres://me:secret@db.example:5432/x',
      COPYLOOP_COPY__OPENAI__API_KEY: 'sk-secret',
    };
    const lines = listConfig(loadConfig({ env }));
    expect(JSON.stringify(lines)).not.toContain('secret@');
    expect(JSON.stringify(lines)).not.toContain('sk-secret');
    expect(lines.find((line) => line.key === 'storage.databaseUrl')).toMatchObject({
      origin: 'environment DATABASE_URL',
    });
    expect(lines.find((line) => line.key === 'server.host')).toEqual({
      key: 'server.host',
      value: '127.0.0.1',
      origin: 'default',
    });
  });

  it('shows where the addresses of the data source, the hub and the writer lead, and nothing that they are called with', () => {
    const secret = 'http://user:hunter2@data.example/rows.csv?sig=hunter2';
    const env = {
      COPYLOOP_DATA__SOURCE__URL: secret,
      COPYLOOP_MODEL__HUB_URL: secret,
      COPYLOOP_COPY__OPENAI__BASE_URL: secret,
      COPYLOOP_TRACKING__URI: secret,
    };
    const lines = listConfig(loadConfig({ env }));
    expect(JSON.stringify(lines)).not.toContain('hunter2');
    for (const key of ['data.source.url', 'model.hubUrl', 'copy.openai.baseUrl', 'tracking.uri'])
      expect(lines.find((line) => line.key === key)?.value).toBe('http://data.example/rows.csv');
  });

  it('masks the password inside an address and keeps its host', () => {
    expect(maskSecret('redis://u:p@host:6379/0')).toBe('redis://u:********@host:6379/0');
    expect(maskSecret('plain-token')).toBe('********');
  });
});
