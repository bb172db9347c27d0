import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createHexId } from '../../src/core/ids.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import type { Database } from '../../src/db/index.ts';
import { openPredictionStore, type PredictionStore } from '../../src/server/predictions/index.ts';
import type { Server } from '../../src/server/index.ts';
import { openTestDatabase } from './databases.ts';
import { openServingHarness, postJson, type ServerHarness } from './server-harness.ts';

const product = { title: 'Mug', description: 'a mug of stoneware' };

describe('a store of predictions', () => {
  let database: Database;
  beforeAll(async () => {
    database = await openTestDatabase();
  });
  afterAll(() => database.close());

  it('drops the ones that PostgreSQL cannot keep, counts them, and writes all others', async () => {
    const counted: Record<string, number> = {};
    const store = openPredictionStore({
      db: database.db,
      sampleRate: 1,
      unwrittenFolder: '/nowhere/predictions',
      retentionDays: 1,
      onStored: (result, predictions) => {
        counted[result] = (counted[result] ?? 0) + predictions;
      },
      clock: systemClock,
      log: createSilentLogger(),
    });
    const bad = new Map<number, unknown>([
      [0, 'a\u0000'],
      [77, '\ud800'],
      [78, { '\u0000': 1 }],
      [600, '\u0000'],
    ]);
    const ids = Array.from({ length: 601 }, (_, at) => add(store, bad.get(at) ?? at));
    await store.close();
    expect(counted).toEqual({ written: 597, refused: 4 });
    const kept = await database.db.selectFrom('predictions').select('id').execute();
    expect(new Set(kept.map(({ id }) => id))).toEqual(new Set(ids.filter((_, at) => !bad.has(at))));
  });
});

/** @returns the id of a prediction that the store was given */
function add(store: PredictionStore, note: unknown): string {
  const id = createHexId();
  store.add({
    id,
    createdAt: new Date(),
    ...product,
    request: { note },
    responseJson: '{}',
    copyText: 'a mug',
    confidenceScore: 0.5,
    modelName: 'copy-quality',
    modelVersion: 1,
    writer: 'templates',
    requestId: 'test',
  });
  return id;
}

describe('a server that stores predictions', () => {
  let folder: string;
  let harness: ServerHarness;
  let server: Server;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'copyloop-models-'));
    ({ harness, server } = await openServingHarness(folder));
  });
  afterAll(async () => {
    await harness.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['NUL', String.raw`a\u0000`],
    ['a lone surrogate', String.raw`\ud800`],
  ])('refuses an id that holds %s', async (_name, id) => {
    const item = `{"title": "Mug", "description": "x", "count": 1, "id": "${id}"}`;
    expect(await postJson(`${server.url}/predict`, item)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid-input', field: 'id' } },
    });
    expect(await postJson(`${server.url}/batch_predict`, `[${item}]`)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid-input', field: 'items.0.id' } },
    });
  });

  it('takes price, rating and timestamp of a record whatever they hold, stores none, and takes feedback', async () => {
    const sent = `{"title": "Mug", "description": "x", "count": 1, "id": 7, "price": "\\u0000", "rating": ["\\ud800"], "timestamp": {"\\u0000": 1}}`;
    const { status, body } = await postJson(`${server.url}/predict`, sent);
    expect(status).toBe(200);
    const feedback = { prediction_id: body['prediction_id'], outcome: 'accepted' };
    expect((await postJson(`${server.url}/feedback`, feedback)).status).toBe(200);
    const stored = await fetch(`${server.url}/predictions/${String(body['prediction_id'])}`);
    expect(await stored.json()).toMatchObject({ prediction: { request: { count: 1, id: 7 } } });
    const { request } = await harness.database.db
      .selectFrom('predictions')
      .select('request')
      .executeTakeFirstOrThrow();
    expect(request).toEqual({ count: 1, id: 7 });
  });
});
