import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
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

  it('takes a secret from the file that <VARIABLE>_FILE names, without its last line end', () => {
    const file = yaml('secret', ' s3cret #1\n');
    const url = yaml('url', 'postgres://u:p@db/copyloop\r\n');
    const env = { COPYLOOP_TRACKING__PASSWORD_FILE: file, DATABASE_URL_FILE: url };
    const { config, origins } = loadConfig({ env });
    expect(config.tracking.password).toBe(' s3cret #1');
    expect(config.storage.databaseUrl).toBe('postgres://u:p@db/copyloop');
    expect(origins.get('storage.databaseUrl')).toBe('environment DATABASE_URL_FILE');
    expect(() => loadConfig({ env: { REDIS_URL: 'redis://a', REDIS_URL_FILE: file } })).toThrow(
      'REDIS_URL and REDIS_URL_FILE are both set',
    );
    expect(() => loadConfig({ env: { REDIS_URL_FILE: '/nowhere' } })).toThrow(
      /cannot read the file of REDIS_URL_FILE: ENOENT/,
    );
    expect(() => loadConfig({ env: { REDIS_URL_FILE: path.dirname(file) } })).toThrow(
      /cannot read the file of REDIS_URL_FILE: EISDIR/,
    );
    // An empty one must not choose the embedded server.
    for (const text of ['', '\n'])
      expect(() => loadConfig({ env: { DATABASE_URL_FILE: yaml('empty', text) } })).toThrow(
        /the file of DATABASE_URL_FILE is empty: .*empty/,
      );
    // Of secrets alone: other settings are no files.
    expect(() => loadConfig({ env: { COPYLOOP_MODEL__NAME_FILE: file } })).toThrow('names no setting');
  });

  it('reads single keys of a section that is null by default, and their secrets from files', () => {
    const file = yaml(
      'oidc.yaml',
      'server: { oidc: { issuer: https://login.example, clientId: copyloop, roles: { reader: ["*"] } } }\n',
    );
    const env = {
      COPYLOOP_SERVER__OIDC__CLIENT_SECRET_FILE: yaml('client', '007\n'),
      COPYLOOP_SERVER__OIDC__COOKIE_SECRET: 'c'.repeat(32),
      COPYLOOP_SERVER__OIDC__SESSION_HOURS: '8',
    };
    expect(loadConfig({ env, file }).config.server.oidc).toMatchObject({
      issuer: 'https://login.example',
      clientSecret: '007',
      cookieSecret: 'c'.repeat(32),
      sessionHours: 8,
    });
    expect(() => loadConfig({ env })).toThrow(/server\.oidc\.issuer is undefined/);
    expect(() => loadConfig({ env: { COPYLOOP_SERVER__OIDC__SECRET: 'x' } })).toThrow(
      /the keys of server\.oidc are issuer, clientId, clientSecret/,
    );
  });

  it('takes the text of a variable as it stands where the setting is text', () => {
    const texts = ['s3cret #1', '20261128', 'true', '{a: b}', '"quoted"', ' spaced ', 'a: [', '- x', '0x1F'];
    for (const text of texts) {
      const env = { COPYLOOP_TRACKING__PASSWORD: text, COPYLOOP_DATA__MAP__TITLE: text };
      const { config } = loadConfig({ env });
      expect([config.tracking.password, config.data.map.title]).toEqual([text, text]);
    }
  });

  it('reads an empty variable, or `null`, as none where the setting may be none', () => {
    for (const text of ['', 'null'])
      expect(loadConfig({ env: { COPYLOOP_TRACKING__PASSWORD: text } }).config.tracking.password).toBeNull();
  });

  it('still reads numbers, switches and lists from variables by the rules of YAML', () => {
    const { config } = loadConfig({
      env: {
        COPYLOOP_TRACKING__RETRIES: '2 # tries',
        COPYLOOP_DATA__JOIN_PARENT: 'true',
        COPYLOOP_OUTBOUND__ALLOW_HOSTS: '[a.example, b.example]',
        COPYLOOP_DATA__MAP: '{title: Title}',
      },
    });
    expect(config.tracking.retries).toBe(2);
    expect(config.data.joinParent).toBe(true);
    expect(config.outbound.allowHosts).toEqual(['a.example', 'b.example']);
    expect(config.data.map).toEqual({ title: 'Title' });
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
    [
      'pipeline: { schedule: { cron: "61 * * * *" } }',
      /schedule\.cron is "61 \* \* \* \*" \(from file .*\): cannot be used \(.*61.*\): five fields, as in '0 0/,
    ],
    ['pipeline: { schedule: { cron: "0 0 31 2 *" } }', /schedule\.cron is "0 0 31 2 \*" .*cannot be used/],
    ['pipeline: { schedule: { cron: daily } }', /schedule\.cron is "daily" .*cannot be used/],
    ['- a list', /must be a map of sections/],
    ['a: [', /is not YAML/],
  ])('refuses %s with the key, the value and what is allowed', (content, message) => {
    const file = yaml('bad.yaml', content);
    expect(() => loadConfig({ env: {}, file })).toThrow(message);
  });

  it('takes the cron patterns that BullMQ takes, seconds and names among them', () => {
    for (const cron of ['0 0 * * *', '*/5 * * * * *', '0 9 * * MON-FRI', '@hourly', '0 0 29 2 *']) {
      const { config } = loadConfig({ env: {}, overrides: { 'pipeline.schedule.cron': cron } });
      expect(config.pipeline.schedule.cron).toBe(cron);
    }
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

  it.each([
    ['webhooks: { secretKey: hunter2 }', /webhooks\.secretKey is "\*+" \(from file .*\): .*32/],
    ['tracking: { password: 770077 }', /tracking\.password is "\*+"/],
    ['tracking: hunter2', /tracking is "\*+"/],
    ['storage: { databaseUrl: "mysql://me:hunter2@db.example/x" }', /databaseUrl is "mysql:.*@db\.example/],
    ['tracking: { password: "hunter2', /is not YAML: .* at line 1/],
  ])('refuses a secret of %s without showing it', (content, message) => {
    const file = yaml('secret.yaml', content);
    let thrown: unknown;
    try {
      loadConfig({ env: {}, file });
    } catch (error) {
      thrown = error;
    }
    expect(String(thrown)).toMatch(message);
    expect(inspect(thrown)).not.toMatch(/hunter2|770077/);
  });

  it('masks a password that looks like an address too', () => {
    const lines = listConfig(loadConfig({ env: { COPYLOOP_TRACKING__PASSWORD: 'hunter2:abc' } }));
    expect(lines.find((line) => line.key === 'tracking.password')?.value).toBe('********');
  });

  it('masks the password inside an address and keeps its host', () => {
    expect(maskSecret('redis://u:p@host:6379/0')).toBe('redis://u:********@host:6379/0');
    expect(maskSecret('plain-token')).toBe('********');
  });
});
