/** Dataset versions on a real PostgreSQL and a real folder of artifacts. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../src/core/artifact-store.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { sha256File } from '../../src/core/ids.ts';
import {
  findRememberedMap,
  rememberMap,
  type FieldMap,
  createDatasetVersion,
  diffVersions,
  fetchSplitFile,
  getDatasetVersion,
  hashContent,
  ingestRecords,
  listDatasetVersions,
  listRowsAside,
  openSplit,
  returnRow,
  setRowsAside,
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

const { checks: CHECKS, source: SOURCE } = loadConfig({ env: {} }).config.data;

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
  await database.db.deleteFrom('dataset_rows_aside').execute();
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

  it('is checked before it is made: near duplicates share a split, and what is found is named', async () => {
    const raw = await checkable('checked');
    const version = await create('run-a', raw, { options: { ...OPTIONS, checks: CHECKS } });
    const rows = await readAll(version);
    const splits = new Map<string, Set<string>>();
    for (const { id, split } of rows) {
      const [pair = ''] = /^p\d+/u.exec(id) ?? [];
      splits.set(pair, (splits.get(pair) ?? new Set()).add(split));
    }
    splits.delete('');
    expect(splits.size).toBe(20);
    expect([...splits.values()].filter(({ size }) => size > 1)).toEqual([]);
    const found = Object.fromEntries(version.manifest.checks.map((check) => [check.name, check.found]));
    expect(found).toMatchObject({ nearDuplicates: 20, conflictingLabels: 1, lengths: 3, personalData: 2 });
    expect(version.manifest.checks.find(({ name }) => name === 'personalData')).toMatchObject({
      passed: true,
      severity: 'warn',
      examples: [{ detail: 'holds e-mail' }, {}],
    });
    const findings = (await store.readText(version.manifest.findingsKey)).trimEnd().split('\n');
    expect(findings.length).toBeGreaterThanOrEqual(24);

    // What the parent has stays where it is though more rows say nearly the same, and these follow it.
    const joined = { options: { ...OPTIONS, joinParent: true, checks: CHECKS } };
    const later = await create(
      'run-b',
      await checkable('later', [
        'Sold since last year.',
        'Sold since last spring.',
        'Sold since this autumn.',
      ]),
      joined,
    );
    const splitOfId = new Map(rows.map(({ title, description, split }) => [title + description, split]));
    const laterRows = await readAll(later);
    for (const row of laterRows)
      expect(splitOfId.get(row.title + row.description) ?? row.split).toBe(row.split);
    const followers = laterRows.filter(({ description }) => FOLLOWS.test(description));
    expect(followers).toHaveLength(40);
    for (const { title, description, split } of followers)
      expect(splitOfId.get(title + description.replace(FOLLOWS, ''))).toBe(split);
  });

  it('are read by the map that was kept for their header, unless another is given', async () => {
    const keep = (columns: readonly string[], map: FieldMap) =>
      rememberMap(database.db, columns, map, 'a test');
    const maps = { find: (columns: readonly string[]) => findRememberedMap(database.db, columns) };
    const run = async (header: string, map: FieldMap, kept = {}) => {
      const file = path.join(folder, 'kept.csv');
      await writeFile(file, `${header}\nWarm light.,Lamp,5\nIt bent.,Tray,1\n`);
      const raw = await ingestRecords(
        {
          source: { ...SOURCE, kind: 'file', path: file },
          map,
          label: { threshold: 3.5, column: null },
          refusedKept: 10,
        },
        { store, keyPrefix: 'runs/kept/raw', maps: { ...maps, ...kept } },
      );
      return JSON.parse((await store.readText(raw.rawKey)).split('\n')[0] ?? '') as unknown;
    };
    const map = { title: 'Was', description: 'Wie', rating: 'Punkte' };
    await expect(run('Wie,Was,Punkte', {})).rejects.toThrow('neither title nor description has a column');
    await run('Wie,Was,Punkte', map, { keep });
    expect(await run('Wie,Was,Punkte', {})).toMatchObject({
      title: 'Lamp',
      description: 'Warm light.',
    });
    expect(await run('Wie,Was,Punkte', { ...map, title: 'Wie', description: 'Was' })).toMatchObject({
      title: 'Warm light.',
    });
    await expect(run('Wie,Was,Noten', {})).rejects.toThrow('neither title nor description has a column');
  });

  it('may come from a query, which can read and nothing else', async () => {
    const databaseUrlFile = path.join(folder, 'address');
    await writeFile(databaseUrlFile, `${database.url}\n`);
    const run = (query: string) =>
      ingestRecords(
        {
          source: { ...SOURCE, kind: 'postgres', databaseUrlFile, query },
          map: {},
          label: { threshold: 3.5, column: null },
          refusedKept: 10,
        },
        { store, keyPrefix: 'runs/query/raw' },
      );
    const query = `SELECT 'p' || i AS id, 'Lamp ' || i AS title, 'Bright, ' || i AS description,
      (1 + i % 5)::numeric AS rating, timestamptz '2026-01-01' + i * interval '1 day' AS timestamp
      FROM generate_series(1, 2500) AS i`;
    const raw = await run(query);
    expect(raw).toMatchObject({ accepted: 2500, refused: 0 });
    expect(JSON.parse((await store.readText(raw.rawKey)).split('\n')[1] ?? '')).toMatchObject({
      id: 'p2',
      rating: 3,
      timestamp: '2026-01-03T00:00:00.000Z',
    });
    for (const writing of [
      `WITH gone AS (DELETE FROM dataset_rows_aside RETURNING reason AS title) SELECT * FROM gone`,
      `SELECT nextval('prediction_jobs_number_seq')::text AS title, 5 AS rating`,
      `SELECT 'x' AS title, 5 AS rating; COMMIT; CREATE TABLE taken_over (i int)`,
      'DROP TABLE dataset_versions',
    ])
      await expect(run(writing)).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(run(`SELECT setval('x', 1)`)).rejects.toThrow(/data\.source\.query is refused/u);
  });

  it('is not made where a check stops it, and masks personal data where it shall', async () => {
    const raw = await checkable('stopped');
    const personalData = { ...CHECKS.personalData, severity: 'stop', mostly: 1 } as const;
    await expect(
      create('run-a', raw, { options: { ...OPTIONS, checks: { ...CHECKS, personalData } } }),
    ).rejects.toThrow(/checks stop the version\. personalData: 2 of 4\d\d rows, such as "Contact/u);
    const masked = await create('run-a', raw, {
      options: { ...OPTIONS, checks: { ...CHECKS, personalData: { ...personalData, mask: true } } },
    });
    expect(masked.manifest.masked).toBe(2);
    const texts = (await readAll(masked)).map(({ description }) => description);
    expect(texts.filter((text) => /\[(?:e-mail|phone)\]/u.test(text))).toHaveLength(2);
    expect(texts.join(' ')).not.toContain('jane@example.com');
  });

  it('leaves out what people set aside, and takes it in again when it comes back', async () => {
    const raw = await ingest(1);
    const version = await create('run-a', raw);
    const [row] = await readAll(version);
    if (row === undefined) throw new Error('the version is empty');
    const content = hashContent(row.title, row.description).toString('hex');
    await setRowsAside({ db: database.db, store }, version, [content], 'a wrong label');
    expect(await listRowsAside(database.db, 10)).toMatchObject([
      { content, title: row.title, label: row.label, reason: 'a wrong label', datasetVersion: 1 },
    ]);
    const without = await create('run-b', raw, { options: { ...OPTIONS, joinParent: true } });
    // Of the parent and of the source.
    expect(without.manifest).toMatchObject({ rows: 399, setAside: 2 });
    const diff = await diffVersions(store, version, without, OPTIONS.drift);
    expect(diff).toMatchObject({ same: 399, rows: { removed: 1, added: 0, relabelled: 0, moved: 0 } });
    expect(diff.examples).toMatchObject([{ change: 'removed', content, split: row.split }]);

    await returnRow(database.db, content);
    const again = await create('run-c', await ingest(2, 50), { options: { ...OPTIONS, joinParent: true } });
    expect((await readAll(again)).filter(({ id }) => id === row.id)).toMatchObject([{ title: row.title }]);
    const back = await diffVersions(store, without, again, OPTIONS.drift);
    expect(back.rows).toMatchObject({ removed: 0, added: again.rows - 399 });
    expect(back.distribution.features.map(({ feature }) => feature)).toContain('price');
    await expect(returnRow(database.db, content)).rejects.toThrow(/no row [0-9a-f]{64} is set aside/u);
    await expect(setRowsAside({ db: database.db, store }, version, ['0'.repeat(64)], 'x')).rejects.toThrow(
      /version 1 holds no row 0{64}/u,
    );
  });
});

const FOLLOWS = / Sold since (last spring|this autumn)\.$/u;

/**
 * 380 synthetic records, 20 of them once more in nearly the same words; a conflict, addresses, a long text.
 */
async function checkable(
  name: string,
  additions: readonly string[] = ['Sold since last year.'],
): Promise<IngestResult> {
  const file = path.join(folder, `${name}.jsonl`);
  const { rawKey } = await ingest(5, 380);
  const records = (await store.readText(rawKey))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { title: string; description: string; rating: number });
  const pairs = additions.flatMap((addition, time) =>
    records.slice(0, 20).map((record, i) => ({
      ...record,
      id: `p${i}-again${time}`,
      description: `${record.description} ${addition}`,
      rating: i === 0 ? (record.rating >= 3.5 ? 1 : 5) : record.rating,
    })),
  );
  const odd = [
    { title: 'Contact', description: 'Ask jane@example.com for the manual of this thing.', rating: 4 },
    {
      title: 'Support',
      description: 'It squeaks all day; +49 30 1234567 is where they say sorry.',
      rating: 2,
    },
    { title: 'Endless', description: 'far too long a text, it goes on '.repeat(200), rating: 2 },
  ];
  const all = [
    ...records.slice(0, 20).map((record, i) => ({ ...record, id: `p${i}` })),
    ...records.slice(20),
    ...pairs,
    ...odd,
  ];
  await writeFile(file, all.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return await ingestRecords(
    {
      source: { kind: 'file', count: 1, seed: 1, path: file, url: null, timeoutMs: 1000, maxBytes: 1e6 },
      map: {},
      label: { threshold: 3.5, column: null },
      refusedKept: 10,
    },
    { store, keyPrefix: `runs/${name}/raw` },
  );
}
