import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { createLogger } from '../../../src/core/log.ts';
import type { Schema } from '../../../src/db/index.ts';
import { openPredictionStore } from '../../../src/server/predictions/prediction-store.ts';
import { keepUnwritten, takeUnwritten, type WaitingRow } from '../../../src/server/predictions/unwritten.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-unwritten-'));
});
afterAll(() => rm(folder, { recursive: true }));

const rows: WaitingRow[] = Array.from({ length: 10 }, (_each, index) => ({ id: `p${index}`, json: '{}' }));

it('predictions are kept up to the limit of the folder, the first ones first, and taken once', async () => {
  const place = path.join(folder, 'limit');
  const lineBytes = `${JSON.stringify(rows[0])}\n`.length;
  expect(await keepUnwritten(place, rows.slice(0, 3), 5 * lineBytes)).toBe(3);
  expect(await keepUnwritten(place, rows.slice(3), 5 * lineBytes)).toBe(2);
  expect(await keepUnwritten(place, rows.slice(5), 5 * lineBytes)).toBe(0);
  const taken: string[] = [];
  const write = (kept: readonly WaitingRow[]): Promise<void> => {
    taken.push(...kept.map(({ id }) => id));
    return Promise.resolve();
  };
  expect(await takeUnwritten(place, write)).toBe(5);
  expect(taken).toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
  expect(await readdir(place)).toEqual([]);
});

it('a full folder of predictions loses what has no room, and says how many', async () => {
  const place = path.join(folder, 'full');
  await keepUnwritten(place, rows.slice(0, 1));
  const file = path.join(place, '0-full.jsonl');
  await writeFile(file, '');
  await truncate(file, 64 * 1024 * 1024);
  const logFile = path.join(folder, 'log');
  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool: new Pool({ host: '127.0.0.1', port: 1 }) }),
  });
  let dropped = 0;
  const store = openPredictionStore({
    db,
    sampleRate: 1,
    retentionDays: 1,
    unwrittenFolder: place,
    onStored: (result, count) => {
      if (result === 'dropped') dropped += count;
    },
    clock: systemClock,
    log: createLogger({ level: 'info', format: 'json', destination: logFile }),
  });
  for (const id of ['x', 'y']) {
    store.add({
      id,
      createdAt: new Date(),
      title: 'Mug',
      description: '',
      request: {},
      responseJson: '{}',
      copyText: 'a mug',
      confidenceScore: 0.5,
      modelName: 'copy-quality',
      modelVersion: 1,
      writer: 'templates',
      requestId: 'test',
    });
  }
  await store.close();
  await db.destroy();
  expect(dropped).toBe(2);
  const said = (await readFile(logFile, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(said.at(-1)).toMatchObject({
    level: 50,
    kept: 0,
    lost: 2,
    msg: expect.stringContaining('2 are lost'),
  });
});
