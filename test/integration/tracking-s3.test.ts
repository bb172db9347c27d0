/** The S3 store against a real S3-compatible server: moto's (`pip install "moto[server]"`), started here. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import { createBackup, openSeal, restoreBackup, verifyBackup } from '../../src/backup/index.ts';
import { sleep, systemClock } from '../../src/core/clock.ts';
import { packageRoot } from '../../src/core/paths.ts';
import { inspectSource } from '../../src/data/index.ts';
import { createApiKey, listApiKeys } from '../../src/server/index.ts';
import { createArtifactStore, getObject } from '../../src/tracking/index.ts';
import { createS3Store } from '../../src/tracking/artifacts/s3-store.ts';
import { readAll } from '../../src/tracking/artifacts/checked-bytes.ts';
import { openTestDatabase } from './databases.ts';
import { describeArtifactStore } from '../tracking/artifact-store-cases.ts';

const program = [path.join(packageRoot, 'var', 'clients-venv', 'bin', 'moto_server'), 'moto_server'].find(
  (name) => spawnSync(name, ['--help']).status === 0,
);
const why = program === undefined ? ' (SKIPPED: no moto_server; pip install "moto[server]")' : '';

describe.skipIf(program === undefined)(`the S3 store${why}`, () => {
  let server: ChildProcess;
  let endpoint: string;
  let client: S3;
  const openClient = () => Promise.resolve(client);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

  beforeAll(async () => {
    server = spawn(program ?? '', ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    server.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    server.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    while (!/Running on http:\/\/127.0.0.1:\d+/.test(output)) {
      if (server.exitCode !== null) throw new Error(`moto_server ended: ${output}`);
      await sleep(20);
    }
    endpoint = /http:\/\/127.0.0.1:\d+/.exec(output)?.[0] ?? '';
    client = new S3({ region: 'us-east-1', endpoint, forcePathStyle: true, credentials });
    await client.send(new CreateBucketCommand({ Bucket: 'models' }));
  });
  afterAll(async () => {
    client.destroy();
    const exited = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await exited;
  });

  it('gives the records of an object by its address, and says what is not there', async () => {
    const { config } = loadConfig({
      env: {},
      overrides: {
        'storage.artifacts.endpoint': endpoint,
        'storage.artifacts.forcePathStyle': true,
        'storage.artifacts.accessKeyId': 'test',
        'storage.artifacts.secretAccessKey': 'test',
      },
    });
    const body = 'title,rating\nLamp,5\nTray,1\n';
    await client.send(new PutObjectCommand({ Bucket: 'models', Key: 'feeds/products.csv', Body: body }));
    const inspect = (uri: string) =>
      inspectSource({
        source: { ...config.data.source, kind: 's3', uri },
        map: {},
        refusedKept: 10,
        getObject: (address) => getObject(address, config.storage),
      });
    expect(await inspect('s3://models/feeds/products.csv')).toMatchObject({ accepted: 2, refused: 0 });
    await expect(inspect('s3://models/feeds/other.csv')).rejects.toMatchObject({ code: 'not-found' });
  });

  describe('opened from the configuration', () => {
    describeArtifactStore(async () => {
      const { config } = loadConfig({
        env: {},
        overrides: {
          'storage.artifacts.kind': 's3',
          'storage.artifacts.bucket': 'models',
          'storage.artifacts.endpoint': endpoint,
          'storage.artifacts.forcePathStyle': true,
          'storage.artifacts.accessKeyId': 'test',
          'storage.artifacts.secretAccessKey': 'test',
        },
      });
      return createArtifactStore(config.storage);
    });
  });

  // S3 takes no part below 5 MiB but the last, so a stream of 12 MB makes three.
  describe('sending long bodies in parts', () => {
    describeArtifactStore(async () =>
      createS3Store({ openClient, bucket: 'models', prefix: '/in/parts/', partBytes: 5 * 1024 * 1024 }),
    );
  });

  it('says which bucket is not there', async () => {
    const store = createS3Store({ openClient, bucket: 'nowhere', prefix: 'backups' });
    await expect(store.list('chunks')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('there is no s3://nowhere/backups/'),
    });
  });

  it('keeps a backup and gives it back', async () => {
    const [from, to] = [await openTestDatabase(), await openTestDatabase()];
    const storeAt = (prefix: string) => createS3Store({ openClient, bucket: 'models', prefix });
    const [place, live, copy] = [storeAt('backups/nightly'), storeAt('live'), storeAt('copy')];
    const seal = await openSeal(undefined);
    await live.put('runs/one/report.txt', Buffer.from('all is well'));
    const { id } = await createApiKey(from.db, { name: 'kept', role: 'reader' });
    await createBackup({ databaseUrl: from.url, artifacts: live }, { place, seal, clock: systemClock });
    expect(await verifyBackup({ place, seal })).toMatchObject({ faults: [] });
    await restoreBackup({ databaseUrl: to.url, artifacts: copy }, { place, seal });
    expect((await listApiKeys(to.db)).map((key) => key.id)).toEqual([id]);
    expect(String(await readAll(await copy.get('runs/one/report.txt')))).toBe('all is well');
    await from.close();
    await to.close();
  });

  it('reports bytes that were changed behind its back', async () => {
    const store = createS3Store({ openClient, bucket: 'models', prefix: 'damage' });
    const { sha256 } = await store.put('x', 'as written');
    const Metadata = { 'copyloop-sha256': sha256 };
    await client.send(
      new PutObjectCommand({ Bucket: 'models', Key: 'damage/files/x', Body: 'as changed', Metadata }),
    );
    await expect(store.readText('x')).rejects.toMatchObject({ code: 'bad-data' });
  });

  it('deletes the digest of a long artifact with it', async () => {
    const store = createS3Store({
      openClient,
      bucket: 'models',
      prefix: 'digested',
      partBytes: 5 * 1024 * 1024,
    });
    await store.put('long', sixMebibytes());
    const count = async () =>
      (await client.send(new ListObjectsV2Command({ Bucket: 'models', Prefix: 'digested/' }))).KeyCount;
    expect(await count()).toBe(2);
    await store.delete('long');
    expect(await count()).toBe(0);
  });
});

async function* sixMebibytes() {
  for (let i = 0; i < 6; i += 1) yield Buffer.alloc(1024 * 1024, i);
}
