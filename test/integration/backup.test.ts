/** Backup of an installation under load, its restore elsewhere, and what both refuse. */
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackup, keepNewest, openSeal, restoreBackup, verifyBackup } from '../../src/backup/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { randomSlug } from '../../src/core/ids.ts';
import { migrate, migrations } from '../../src/db/index.ts';
import { createFolderStore } from '../../src/tracking/index.ts';
import { createInstallation, runCopyloop, startCopyloop, type Installation } from './copyloop-process.ts';
import { postJson } from './server-harness.ts';

const product = { title: 'Premium Headphones', description: 'Crystal clear sound, all-day comfort.' };

let work: string;
let place: string;
let source: Installation;
const made: string[] = [];
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'copyloop-backup-'));
  place = path.join(work, 'backups');
  source = await createInstallation();
});
afterAll(async () => {
  for (const name of made) await query(source.databaseUrl, `DROP DATABASE ${name} WITH (FORCE)`);
  await source.close();
  await rm(work, { recursive: true, force: true });
});

async function run(
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ code: number | null; said: string }> {
  const { ended, output } = runCopyloop(args, env);
  return { code: await ended, said: output() };
}

/** A database without a schema and a folder that does not exist yet, on the suite's server. */
async function makeEmptyPlace(): Promise<{ databaseUrl: string; varDir: string }> {
  const name = `restored_${randomSlug(8)}`;
  await query(source.databaseUrl, `CREATE DATABASE ${name} TEMPLATE template1`);
  made.push(name);
  const url = new URL(source.databaseUrl);
  url.pathname = `/${name}`;
  return { databaseUrl: url.href, varDir: path.join(work, name) };
}

const partsOf = (where: { databaseUrl: string; varDir: string }) => ({
  databaseUrl: where.databaseUrl,
  artifacts: createFolderStore(path.join(where.varDir, 'artifacts')),
});
const backUp = async (folder: string, keyFile?: string, from = partsOf(source)) =>
  await createBackup(from, {
    place: createFolderStore(folder),
    seal: await openSeal(keyFile),
    clock: systemClock,
  });
const restore = async (folder: string, to: { databaseUrl: string; varDir: string }, keyFile?: string) =>
  await restoreBackup(partsOf(to), { place: createFolderStore(folder), seal: await openSeal(keyFile) });
const verify = async (folder: string, keyFile?: string) =>
  await verifyBackup({ place: createFolderStore(folder), seal: await openSeal(keyFile) });

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Every row of every table as text, with the sequences, foreign keys and triggers that are switched off. */
async function dump(url: string): Promise<Record<string, unknown>> {
  const tables = await query(
    url,
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
  );
  const found: Record<string, unknown> = {
    sequences: await query(
      url,
      `SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1`,
    ),
    constraints: await query(
      url,
      `SELECT conname, pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
    ),
    silent: await query(url, `SELECT tgname FROM pg_trigger WHERE tgenabled = 'D' AND NOT tgisinternal`),
  };
  for (const { name } of tables) {
    const table = String(name);
    const [row] = await query(
      url,
      `SELECT string_agg(t::text, E'\\n' ORDER BY t::text) AS text FROM ${table} AS t`,
    );
    found[table] = row?.['text'];
  }
  return found;
}

it('a backup that a migration overtakes has the rows of the tables that were written anew', async () => {
  const from = await makeEmptyPlace();
  const client = new Client({ connectionString: from.databaseUrl });
  await client.connect();
  await migrate(client);
  await client.query("INSERT INTO pipeline_runs (id, trigger, options) VALUES ('one', 'manual', '{}')");
  const folder = createFolderStore(path.join(work, 'overtaken'));
  let isMigrated = false;
  const { manifest } = await createBackup(partsOf(from), {
    place: {
      ...folder,
      // The first table that has rows comes before the runs.
      put: async (key, body) => {
        if (!isMigrated) {
          isMigrated = true;
          await client.query(`
            ALTER TABLE pipeline_runs ADD COLUMN length int GENERATED ALWAYS AS (length(id)) STORED;
            INSERT INTO schema_migrations (name) VALUES ('999-later')`);
        }
        return await folder.put(key, body);
      },
    },
    seal: await openSeal(undefined),
    clock: systemClock,
  });
  await client.end();
  expect(manifest.migrations).toContain('999-later');
  expect(manifest.tables.find(({ name }) => name === 'pipeline_runs')).toMatchObject({ rows: 1 });
});

describe('copyloop backup', () => {
  let target: Awaited<ReturnType<typeof makeEmptyPlace>>;

  it('takes a consistent copy while predictions and feedback come in', async () => {
    const server = await startCopyloop(['server'], source.env);
    const loading = new AbortController();
    let answered = 0;
    const load = (async () => {
      while (!loading.signal.aborted) {
        const { body } = await postJson(`${server.url}/predict`, product);
        const fed = await postJson(`${server.url}/feedback`, {
          prediction_id: body['prediction_id'],
          outcome: 'accepted',
        });
        expect(fed.status).toBe(200);
        answered += 1;
      }
    })();
    while (answered < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    const { code, said } = await run(['backup', '--out', place], source.env);
    loading.abort();
    await load;
    server.child.kill('SIGTERM');
    await server.ended;
    expect(said).toMatch(/table \d+ of \d+/);
    expect(said).toMatch(/backup \S+: \d+ tables with \d+ rows, \d+ artifacts/);
    expect(code).toBe(0);
  });

  it('is restored elsewhere: the champion serves and receipts of earlier predictions resolve', async () => {
    target = await makeEmptyPlace();
    const env = { ...source.env, DATABASE_URL: target.databaseUrl, COPYLOOP_VAR_DIR: target.varDir };
    expect(await run(['restore', '--from', place], env)).toEqual({
      code: 0,
      said: expect.stringContaining('is restored'),
    });
    const rows = await query(target.databaseUrl, 'SELECT id FROM predictions ORDER BY created_at LIMIT 3');
    expect(rows).toHaveLength(3);
    const server = await startCopyloop(['server'], env);
    for (const { id } of rows)
      expect((await fetch(`${server.url}/predictions/${String(id)}/receipt`)).status).toBe(200);
    const { status, body } = await postJson(`${server.url}/predict`, product);
    expect({ status, body }).toMatchObject({ status: 200, body: { status: 'success' } });
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });

  it('is not restored into an installation that holds something, and says what', async () => {
    await expect(restore(place, target)).rejects.toThrow(/not empty \(its table \w+ has \d+ rows\)/);
  });

  it('writes again only what changed', async () => {
    await backUp(place);
    const { bytes, newBytes } = await backUp(place);
    expect(bytes).toBeGreaterThan(100_000);
    expect(newBytes).toBeLessThan(bytes / 20);
  });

  it('deletes older ones and the content that only they had', async () => {
    const store = createFolderStore(place);
    await query(
      source.databaseUrl,
      `INSERT INTO api_keys (id, name, role, key_sha256) VALUES ('one', repeat('x', 100), 'reader', sha256('a'))`,
    );
    const { manifest } = await backUp(place);
    const before = await store.list('chunks');
    const deleted = await keepNewest(source, { place: store, seal: await openSeal(undefined) }, 1);
    expect(deleted.length).toBeGreaterThan(1);
    expect(await store.list('backups')).toMatchObject([{ key: `backups/${manifest.id}.json` }]);
    expect((await store.list('chunks')).length).toBeLessThan(before.length);
    expect(await verify(place)).toMatchObject({ faults: [], manifest: { id: manifest.id } });
  });

  it('deletes nothing that a backup counts on which is just being made', async () => {
    const shared = path.join(work, 'shared-chunks');
    const options = { place: createFolderStore(shared), seal: await openSeal(undefined) };
    const rename = async (name: string) =>
      await query(source.databaseUrl, `UPDATE api_keys SET name = '${name}' WHERE id = 'one'`);
    await rename('before');
    await backUp(shared);
    await rename('between');
    await backUp(shared);
    // The same rows as in the first, whose chunks it does not write again.
    await rename('before');
    const { artifacts } = partsOf(source);
    const [tablesRead, waiting] = [new EventEmitter(), new EventEmitter()];
    const listLater = async (prefix: string) => {
      const goOn = once(waiting, 'so');
      tablesRead.emit('so');
      await goOn;
      return await artifacts.list(prefix);
    };
    const reached = once(tablesRead, 'so');
    const slow = backUp(shared, undefined, {
      ...partsOf(source),
      artifacts: { ...artifacts, list: listLater },
    });
    await reached;
    const deleted = keepNewest(source, { ...options, onWait: () => void waiting.emit('so') }, 1);
    const { manifest } = await slow;
    expect(await deleted).toHaveLength(2);
    expect(await verify(shared)).toMatchObject({ faults: [], manifest: { id: manifest.id } });
    // As the backup has it that is restored below.
    await rename('x'.repeat(100));
  });
});

describe('a restore', () => {
  it('brings back every row, sequence and constraint', async () => {
    const empty = await makeEmptyPlace();
    await restore(place, empty);
    expect(await dump(empty.databaseUrl)).toEqual(await dump(source.databaseUrl));
  });

  it('that was broken off among the artifacts goes on', async () => {
    const empty = await makeEmptyPlace();
    const stopping = new AbortController();
    const broken = restoreBackup(partsOf(empty), {
      place: createFolderStore(place),
      seal: await openSeal(undefined),
      onProgress: () => stopping.abort(new Error('broken off')),
      signal: stopping.signal,
    });
    await expect(broken).rejects.toThrow('broken off');
    await restore(place, empty);
    expect(await dump(empty.databaseUrl)).toEqual(await dump(source.databaseUrl));
  });

  it('brings rows of an earlier schema to the newest, and refuses a schema that is ahead of them', async () => {
    const earlier = await makeEmptyPlace();
    const client = new Client({ connectionString: earlier.databaseUrl });
    await client.connect();
    await migrate(
      client,
      migrations.filter(({ name }) => name < '030'),
    );
    await client.query(`
      INSERT INTO predictions (id, title, description, request, response, copy_text, confidence_score, model_name, model_version, writer, request_id)
        VALUES (repeat('a', 32), 't', 'd', '{}', '{}', 'c', 0.5, 'm', 1, 'templates', 'r');
      INSERT INTO feedback (prediction_id, outcome) VALUES (repeat('a', 32), 'accepted')`);
    await client.end();
    const older = path.join(work, 'older');
    await backUp(older, undefined, partsOf(earlier));
    const empty = await makeEmptyPlace();
    await restore(older, empty);
    expect(await query(empty.databaseUrl, 'SELECT field, place FROM feedback')).toEqual([
      { field: 'ad_copy', place: 0 },
    ]);
    expect(await query(empty.databaseUrl, 'SELECT name FROM schema_migrations')).toHaveLength(
      migrations.length,
    );
    const ahead = await makeEmptyPlace();
    const ready = new Client({ connectionString: ahead.databaseUrl });
    await ready.connect();
    await migrate(ready);
    await ready.end();
    await expect(restore(older, ahead)).rejects.toThrow(/has the newer schema already \(030-text-feedback/);
  });
});

describe('an encrypted backup', () => {
  it('shows nothing without its key, and comes back with it', async () => {
    const keyFile = path.join(work, 'key');
    const otherKey = path.join(work, 'other-key');
    await writeFile(keyFile, `${randomBytes(32).toString('base64')}\n`);
    await writeFile(otherKey, randomBytes(32).toString('hex'));
    const sealed = path.join(work, 'sealed');
    await backUp(sealed, keyFile);
    const names = await readdir(path.join(sealed, 'files'), { recursive: true, withFileTypes: true });
    for (const entry of names.filter((one) => one.isFile())) {
      const bytes = await readFile(path.join(entry.parentPath, entry.name));
      expect(bytes.includes('Premium Headphones')).toBe(false);
      expect(bytes.includes('predictions')).toBe(false);
    }
    await expect(verify(sealed)).rejects.toThrow('is encrypted: --key-file');
    await expect(verify(sealed, otherKey)).rejects.toThrow('the key is not the one');
    await writeFile(otherKey, 'short');
    await expect(verify(sealed, otherKey)).rejects.toThrow('does not hold 32 bytes');
    const empty = await makeEmptyPlace();
    await restore(sealed, empty, keyFile);
    expect(await dump(empty.databaseUrl)).toEqual(await dump(source.databaseUrl));
  });
});

describe('verify-backup', () => {
  it('finds a chunk that was changed and one that is gone, and such a backup leaves the database empty', async () => {
    const chunks = path.join(place, 'files', 'chunks');
    const files = (await readdir(chunks, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
    const [changed = '', gone = ''] = files;
    const bytes = await readFile(changed);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(changed, bytes);
    await rm(gone);
    const { faults } = await verify(place);
    expect(faults.join()).toContain('is damaged');
    expect(faults.join()).toContain(path.relative(path.join(place, 'files'), changed));
    expect(faults.join()).toContain(path.basename(gone));
    const empty = await makeEmptyPlace();
    await expect(restore(place, empty)).rejects.toThrow(/damaged|no artifact/);
    const tables = await query(empty.databaseUrl, `SELECT to_regclass('predictions') AS name`);
    if (tables[0]?.['name'] !== null)
      expect(await query(empty.databaseUrl, 'SELECT 1 FROM predictions')).toEqual([]);
  });

  it('tells of a list that was cut short, and of one that a newer version wrote', async () => {
    const folder = path.join(work, 'lists');
    const { manifest } = await backUp(folder);
    const store = createFolderStore(folder);
    const key = `backups/${manifest.id}.json`;
    const whole = JSON.stringify(manifest);
    for (const cut of [0, 1, 200, whole.length - 1]) {
      await store.put(key, Buffer.from(whole.slice(0, cut)));
      await expect(verify(folder)).rejects.toThrow(
        `the list of backup ${manifest.id} is damaged or cut short`,
      );
    }
    const migrations = [...manifest.migrations, '999-of-tomorrow'];
    await store.put(key, Buffer.from(JSON.stringify({ ...manifest, migrations })));
    const empty = await makeEmptyPlace();
    await expect(restore(folder, empty)).rejects.toThrow(
      /was made by a newer copyloop \(999-of-tomorrow\): restore it with that version/,
    );
    await store.put(key, Buffer.from(JSON.stringify({ ...manifest, format: 2 })));
    await expect(verify(folder)).rejects.toThrow('of a form that this version cannot read');
  });
});
