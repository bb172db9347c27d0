/** Dataset versions on a real PostgreSQL and a real folder of artifacts. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../src/core/artifact-store.ts';
import { systemClock } from '../../src/core/clock.ts';
import { sha256File } from '../../src/core/ids.ts';
import {
  createDatasetVersion,
  fetchSplitFile,
  getDatasetVersion,
  hashContent,
  ingestRecords,
  listDatasetVersions,
  openSplit,
  SPLITS,
  splitOf,
  type DatasetVersion,
  type IngestResult,
  type VersionContext,
  type VersionOptions,
  type VersionRequest,
} from '../../src/data/index.ts';
import type { Database } from '../../src/db/index.ts';
import { createFolderStore } from '../../src/tracking/artifacts/folder-store.ts';
import { openTestDatabase } from './databases.ts';

const OPTIONS: VersionOptions = {
  split: { holdoutFraction: 0.2, validationFraction: 0.2 },
  joinParent: false,
  drift: { psiWarn: 0.1, psiAlert: 0.25 },
};

let database: Database;
let folder: string;
let store: ArtifactStore;
let context: VersionContext;

beforeAll(async () => {
  database = await openTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-datasets-'));
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await database.db.deleteFrom('dataset_versions').execute();
  const root = await mkdtemp(path.join(folder, 'store-'));
  store = createFolderStore(root);
  context = { db: database.db, store, workDir: path.join(root, 'tmp'), clock: systemClock };
});

async function ingest(seed: number, count = 400): Promise<IngestResult> {
  return await ingestRecords(
    {
      source: { kind: 'synthetic', count, seed, path: null, url: null, timeoutMs: 1000, maxBytes: 1e6 },
      map: {},
      label: { threshold: 3.5, column: null },
      refusedKept: 10,
    },
    { store, keyPrefix: `runs/seed-${seed}-${count}/raw` },
  );
}

async function create(
  runId: string,
  raw: IngestResult,
  change: Partial<VersionRequest> = {},
): Promise<DatasetVersion> {
  return await createDatasetVersion({ runId, raw, options: OPTIONS, ...change }, context);
}

async function readAll(version: DatasetVersion) {
  const rows = [];
  for (const split of SPLITS) {
    for await (const row of openSplit(store, version, split)) rows.push({ split, ...row });
  }
  return rows;
}

describe('a dataset version', () => {
  it('has a file per split that is what its manifest says, and the same manifest beside them', async () => {
    const version = await create('run-a', await ingest(1));
    expect(version).toMatchObject({ version: 1, runId: 'run-a', parentVersion: null, rows: 400 });
    const { manifest } = version;
    expect(SPLITS.reduce((sum, split) => sum + manifest.splits[split].rows, 0)).toBe(400);
    expect(manifest.labelBalance.positives + manifest.labelBalance.negatives).toBe(400);
    expect(manifest.bayes?.accuracy).toBeGreaterThan(0.8);
    expect(manifest.drift).toBeNull();
    for (const split of SPLITS) {
      const file = path.join(folder, `${split}.csv`);
      await fetchSplitFile(store, version, split, file);
      expect(await sha256File(file)).toBe(manifest.splits[split].sha256);
      expect((await readFile(file, 'utf8')).split('\n')[0]).toBe(
        'id,title,category,description,price,rating,timestamp,label,weight,origin',
      );
    }
    expect(JSON.parse(await store.readText(`${version.keyPrefix}/manifest.json`))).toEqual(manifest);
    expect(await getDatasetVersion(database.db, 1)).toEqual(version);
  });

  it('gives back every record as it came, each in the split of its content', async () => {
    const raw = await ingest(2);
    const rows = await readAll(await create('run-a', raw));
    const records = (await store.readText(raw.rawKey))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string });
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const record of records) expect(byId.get(record.id)).toMatchObject(record);
    for (const row of rows) {
      expect(row.split).toBe(splitOf(hashContent(row.title, row.description), OPTIONS.split));
    }
  });

  it('keeps records whose texts hold line and paragraph separators, which JSON does not escape', async () => {
    const file = path.join(folder, 'separators.jsonl');
    const records = Array.from({ length: 120 }, (_, i) => ({
      id: `r${i}`,
      title: `Mug\u2028number ${i}`,
      description: `Holds tea.\u2029Holds coffee, ${i} times.\u0085`,
      rating: (i % 5) + 1,
    }));
    await writeFile(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const raw = await ingestRecords(
      {
        source: { kind: 'file', count: 1, seed: 1, path: file, url: null, timeoutMs: 1000, maxBytes: 1e6 },
        map: {},
        label: { threshold: 3.5, column: null },
        refusedKept: 10,
      },
      { store, keyPrefix: 'runs/separators/raw' },
    );
    const rows = await readAll(await create('run-a', raw));
    expect(rows).toHaveLength(raw.accepted);
    expect(raw.accepted).toBe(120);
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const line of (await store.readText(raw.rawKey)).trimEnd().split('\n')) {
      const record = JSON.parse(line) as { id: string; title: string };
      expect(record.title).toContain('\u2028');
      expect(byId.get(record.id)).toMatchObject(record);
    }
  });

  it('leaves no temporary file behind', async () => {
    await create('run-a', await ingest(1));
    expect(await readdir(context.workDir)).toEqual([]);
  });

  it('has the digest of its content: equal for the same records, another for others', async () => {
    const first = await create('run-a', await ingest(1));
    const same = await create('run-b', await ingest(1));
    const other = await create('run-c', await ingest(2));
    expect(same.digest).toBe(first.digest);
    expect(other.digest).not.toBe(first.digest);
    expect(same.manifest.splits.train.sha256).toBe(first.manifest.splits.train.sha256);
  });

  it('is refused when its training records carry one label only', async () => {
    const raw = await ingestRecords(
      {
        source: { kind: 'synthetic', count: 200, seed: 1, path: null, url: null, timeoutMs: 1, maxBytes: 1 },
        map: {},
        label: { threshold: 1, column: null },
        refusedKept: 0,
      },
      { store, keyPrefix: 'runs/one-label/raw' },
    );
    await expect(create('run-a', raw)).rejects.toMatchObject({ code: 'bad-data' });
    expect(await listDatasetVersions(database.db, { limit: 10 })).toEqual([]);
  });

  it('is refused when a split would be empty', async () => {
    const raw = await ingest(1, 3);
    await expect(create('run-a', raw)).rejects.toMatchObject({ code: 'bad-data' });
  });
});

describe('numbering', () => {
  it('has no gaps and no double under concurrent runs, and one version per run', async () => {
    const raw = await ingest(1, 120);
    const runs = Array.from({ length: 8 }, (_, i) => `run-${i}`);
    const versions = await Promise.all([...runs, ...runs].map((run) => create(run, raw)));
    const listed = await listDatasetVersions(database.db, { limit: 100 });
    expect(listed.map((version) => version.version)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    for (const version of versions) {
      expect(listed.find((one) => one.runId === version.runId)?.version).toBe(version.version);
    }
  });

  it('returns what was committed when a run asks again, even with other data', async () => {
    const first = await create('run-a', await ingest(1));
    const again = await create('run-a', await ingest(2));
    expect(again).toEqual(first);
  });

  it('commits after a crash at any point before: the files are written again', async () => {
    const raw = await ingest(1);
    const puts: string[] = [];
    // A store that dies at the n-th write stands for a process that does.
    for (let survives = 0; survives < 5; survives += 1) {
      let left = survives;
      const dying: ArtifactStore = {
        ...store,
        put: async (key, body) => {
          if (left-- <= 0) throw new Error('killed');
          puts.push(key);
          return await store.put(key, body);
        },
        putFile: async (key, file) => {
          if (left-- <= 0) throw new Error('killed');
          puts.push(key);
          return await store.putFile(key, file);
        },
      };
      const attempt = createDatasetVersion(
        { runId: 'run-a', raw, options: OPTIONS },
        { ...context, store: dying },
      );
      await expect(attempt).rejects.toThrow('killed');
      expect(await listDatasetVersions(database.db, { limit: 10 })).toEqual([]);
    }
    expect(puts.length).toBeGreaterThan(5);
    expect((await create('run-a', raw)).version).toBe(1);
    expect(await readdir(context.workDir)).toEqual([]);
  });
});

describe('what a version is made of', () => {
  it('joins the parent when told to, without its duplicates', async () => {
    const parent = await create('run-a', await ingest(1));
    const child = await create('run-b', await ingest(2), { options: { ...OPTIONS, joinParent: true } });
    expect(child.parentVersion).toBe(parent.version);
    expect(child.rows).toBe(800);
    const again = await create('run-c', await ingest(2), { options: { ...OPTIONS, joinParent: true } });
    expect(again.rows).toBe(800);
    expect(again.manifest.duplicates).toBe(400);
    expect(again.digest).toBe(child.digest);
    expect(again.manifest.bayes).toEqual(parent.manifest.bayes);
  });

  it('lets feedback decide the label of a text, now and when it is inherited, and keeps its split', async () => {
    const raw = await ingest(1);
    const before = await readAll(await create('run-a', raw));
    const target = before[0];
    if (target === undefined) throw new Error('no rows');
    const label = target.label === 1 ? 0 : 1;
    const feedbackRows = [
      { title: target.title, description: ` ${target.description.toUpperCase()}`, label, weight: 3 },
    ] as const;
    const corrected = await create('run-b', raw, { feedbackRows });
    const row = (await readAll(corrected)).find((one) => one.origin === 'feedback');
    expect(row).toMatchObject({ label, weight: 3, split: target.split });
    expect(corrected.manifest).toMatchObject({
      rows: 400,
      relabelled: 1,
      bayes: null,
      feedback: { accepted: 1 },
    });

    const inherited = await create('run-c', raw, { options: { ...OPTIONS, joinParent: true } });
    expect((await readAll(inherited)).filter((one) => one.origin === 'feedback')).toHaveLength(1);
    expect(inherited.digest).toBe(corrected.digest);
    expect(inherited.manifest.bayes).toBeNull();
  });

  it('counts feedback that breaks the schema and goes on', async () => {
    const version = await create('run-a', await ingest(1), {
      feedbackRows: [{ title: 'nul \u0000', description: '', label: 1, weight: 1 }],
    });
    const nothing = { accepted: 0, open: 0, weight: 0, usualRates: {} };
    expect(version.manifest.feedback).toEqual({ ...nothing, refused: 1 });
  });

  it('reports drift against the parent, and none where there is none', async () => {
    await create('run-a', await ingest(1, 2000));
    const same = await create('run-b', await ingest(2, 2000));
    expect(same.manifest.drift).toMatchObject({ parentVersion: 1, rows: 2000, verdict: 'none' });

    const raw = await ingest(3, 2000);
    const records = (await store.readText(raw.rawKey)).trimEnd().split('\n');
    const shifted = records
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .map((record) => ({ ...record, category: 'Garden', price: Number(record['price']) * 3 }));
    await store.put(raw.rawKey, shifted.map((record) => JSON.stringify(record)).join('\n'));
    const { manifest } = await create('run-c', raw);
    expect(manifest.drift?.verdict).toBe('large');
    const verdicts = Object.fromEntries(manifest.drift?.features.map((f) => [f.feature, f.verdict]) ?? []);
    expect(verdicts).toMatchObject({ category: 'large', price: 'large', label: 'none', titleWords: 'none' });
  });
});
