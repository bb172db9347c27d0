/**
 * A backup of an installation that goes on working: first the tables of one snapshot, then the artifacts. A
 * row is committed after what it names was stored, so everything that the snapshot names is there; what comes
 * after it lies in the backup without a row and does no harm.
 */
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { Clock } from '../core/clock.ts';
import { orMissing } from '../core/errors.ts';
import { randomSlug } from '../core/ids.ts';
import { readPackageVersion } from '../core/paths.ts';
import { CHUNKS_FOLDER } from './place.ts';
import { chunkKey, createContentWriter, listChunks } from './content.ts';
import { deleteManifest, listBackups, readManifest, writeManifest, type Manifest } from './manifest.ts';
import type { Seal } from './seal.ts';
import {
  beginSnapshot,
  holdBackupLock,
  listSequences,
  listTables,
  openClient,
  readMigrations,
  readTable,
} from './tables.ts';

/** What is being done, and how far it is. */
export interface Progress {
  what: 'table' | 'artifact';
  name: string;
  done: number;
  total: number;
}

export interface BackupSource {
  databaseUrl: string;
  artifacts: ArtifactStore;
}

export interface BackupReport {
  manifest: Manifest;
  bytes: number;
  /** What the place had not held yet, as it is kept there. */
  newBytes: number;
}

export interface BackupOptions {
  place: ArtifactStore;
  seal: Seal;
  clock: Clock;
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
  /** Once, when older backups are just being deleted, or for `keepNewest` while another is being made. */
  onWait?: () => void;
}

/** @throws AppError `bad-data` when an artifact is damaged; nothing that was there before is touched */
export async function createBackup(source: BackupSource, options: BackupOptions): Promise<BackupReport> {
  const { signal, onWait } = options;
  return await holdBackupLock(
    { url: source.databaseUrl, how: 'shared', signal, onWait },
    async (assertHeld) => await copyAll(source, options, assertHeld),
  );
}

async function copyAll(
  { databaseUrl, artifacts }: BackupSource,
  { place, seal, clock, onProgress = () => undefined, signal }: BackupOptions,
  assertHeld: () => Promise<void>,
): Promise<BackupReport> {
  const createdAt = clock.now();
  const writer = createContentWriter(place, seal, await listChunks(place));
  let database = await copyTables();
  // A table that a migration writes anew is empty to those who began before it.
  while ((await readSchema()).join() !== database.migrations.join()) database = await copyTables();

  const entries = await artifacts.list('');
  const stored: Manifest['artifacts'] = [];
  const gone: string[] = [];
  for (const [index, { key }] of entries.entries()) {
    signal?.throwIfAborted();
    const body = await orMissing(artifacts.get(key));
    if (body === undefined) gone.push(key);
    else stored.push({ key, content: await writer.write(body) });
    onProgress({ what: 'artifact', name: key, done: index + 1, total: entries.length });
  }
  const manifest: Manifest = {
    format: 1,
    id: createBackupId(createdAt),
    createdAt: createdAt.toISOString(),
    copyloop: readPackageVersion(),
    ...database,
    artifacts: stored,
    gone,
  };
  await assertHeld();
  await writeManifest(place, seal, manifest);
  return { manifest, ...writer.totals() };

  async function readSchema(): Promise<string[]> {
    const client = await openClient(databaseUrl);
    try {
      return await readMigrations(client);
    } finally {
      await client.end();
    }
  }

  async function copyTables(): Promise<Pick<Manifest, 'migrations' | 'tables' | 'sequences'>> {
    const client = await openClient(databaseUrl);
    try {
      await beginSnapshot(client);
      const migrations = await readMigrations(client);
      const shapes = await listTables(client);
      const tables: Manifest['tables'] = [];
      for (const [index, shape] of shapes.entries()) {
        signal?.throwIfAborted();
        let rows = 0;
        const content = await writer.write(
          countLines(readTable(client, shape), (count) => {
            rows += count;
          }),
        );
        tables.push({ ...shape, rows, content });
        onProgress({ what: 'table', name: shape.name, done: index + 1, total: shapes.length });
      }
      // After the tables: what a sequence gave out since then is only left unused.
      return { migrations, tables, sequences: await listSequences(client) };
    } finally {
      await client.end();
    }
  }
}

/** Sorts by time to the millisecond, since the newest is found by its id: `20261130-150821-042-k3v9`. */
function createBackupId(now: Date): string {
  const digits = now.toISOString().replaceAll(/\D/g, '');
  return `${digits.slice(0, 8)}-${digits.slice(8, 14)}-${digits.slice(14)}-${randomSlug(4)}`;
}

/**
 * Deletes all but the newest backups, and the chunks that none of the kept ones names; waits for backups that
 * are being made.
 * @returns ids of what was deleted
 */
export async function keepNewest(
  { databaseUrl }: Pick<BackupSource, 'databaseUrl'>,
  { place, seal, signal, onWait }: Omit<BackupOptions, 'clock' | 'onProgress'>,
  count: number,
): Promise<string[]> {
  return await holdBackupLock({ url: databaseUrl, how: 'alone', signal, onWait }, async (assertHeld) => {
    const ids = await listBackups(place);
    const old = ids.slice(0, Math.max(0, ids.length - count));
    if (old.length === 0) return [];
    const needed = new Set<string>();
    for (const id of ids.slice(old.length))
      for (const name of chunksOf(await readManifest(place, seal, id))) needed.add(chunkKey(name));
    await assertHeld();
    // The list goes before what it names: a backup that is half deleted is none.
    for (const id of old) await deleteManifest(place, seal, id);
    for (const { key } of await place.list(CHUNKS_FOLDER)) if (!needed.has(key)) await place.delete(key);
    return old;
  });
}

function chunksOf({ tables, artifacts }: Manifest): string[] {
  return [...tables, ...artifacts].flatMap(({ content }) => content.chunks);
}

async function* countLines(
  source: AsyncIterable<Uint8Array>,
  onLines: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const part of source) {
    onLines(countNewlines(part));
    yield part;
  }
}

/** COPY writes a line end within a value as `\n`, so each byte of this value ends a row. */
export function countNewlines(part: Uint8Array): number {
  let count = 0;
  for (let at = part.indexOf(10); at !== -1; at = part.indexOf(10, at + 1)) count += 1;
  return count;
}
