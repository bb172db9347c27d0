/** Brings a backup back into an installation that nobody has used. */
import { Readable } from 'node:stream';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { AppError } from '../core/errors.ts';
import { migrate, migrations as knownMigrations } from '../db/index.ts';
import { countNewlines, type BackupSource, type Progress } from './create-backup.ts';
import { readContent } from './content.ts';
import { readManifest, type Manifest } from './manifest.ts';
import type { Seal } from './seal.ts';
import { countRows, listTables, openClient, readMigrations, replaceTables } from './tables.ts';

export interface RestoreOptions {
  place: ArtifactStore;
  seal: Seal;
  /** undefined: the newest backup. */
  id?: string | undefined;
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

/** Tables into which the schema itself puts rows, with what is more than these. */
const SEEDED: Readonly<Record<string, string>> = {
  schema_migrations: 'false',
  serving_traffic: 'false',
  experiments: 'experiment_id <> 0',
};

/**
 * Artifacts go first and each is whole or absent, the tables follow in one transaction: a restore that was
 * broken off is started again.
 * @throws AppError `conflict` when the installation holds anything that is not of this backup, or its schema
 *   is newer than the backup's; `bad-data` when the backup is damaged
 */
export async function restoreBackup(
  { databaseUrl, artifacts }: BackupSource,
  { place, seal, id, onProgress = () => undefined, signal }: RestoreOptions,
): Promise<Manifest> {
  const manifest = await readManifest(place, seal, id);
  const unknown = manifest.migrations.filter((name) => !knownMigrations.some((known) => known.name === name));
  if (unknown.length > 0)
    throw new AppError(
      'conflict',
      `backup ${manifest.id} was made by a newer copyloop (${unknown.join(', ')}): restore it with that version or a later one`,
    );
  const client = await openClient(databaseUrl);
  try {
    await refuseUsed(manifest);
    await restoreArtifacts(manifest);
    await migrate(
      client,
      knownMigrations.filter(({ name }) => manifest.migrations.includes(name)),
    );
    signal?.throwIfAborted();
    let done = 0;
    await replaceTables(
      client,
      manifest.tables.map((table) => ({
        ...table,
        read: () => readContent(place, seal, table.content, `table ${table.name}`),
      })),
      manifest.sequences,
      (name) => onProgress({ what: 'table', name, done: (done += 1), total: manifest.tables.length }),
    );
    await migrate(client);
    return manifest;
  } finally {
    await client.end();
  }

  async function refuseUsed({ migrations, artifacts: kept }: Manifest): Promise<void> {
    const applied = await readMigrations(client);
    const later = applied.filter((name) => !migrations.includes(name));
    if (later.length > 0)
      throw new AppError(
        'conflict',
        `the database has the newer schema already (${later.join(', ')}), which the rows of backup ${manifest.id} have yet to be brought to: restore into a database on which nothing has been started`,
      );
    if (applied.length > 0)
      for (const { name } of await listTables(client)) {
        const rows = await countRows(client, name, SEEDED[name]);
        if (rows > 0) throw notEmpty(`its table ${name} has ${rows} rows`);
      }
    const ours = new Set(kept.map(({ key }) => key));
    const strange = (await artifacts.list('')).find(({ key }) => !ours.has(key));
    if (strange !== undefined) throw notEmpty(`its artifact store holds ${strange.key}`);
  }

  async function restoreArtifacts({ artifacts: kept }: Manifest): Promise<void> {
    for (const [index, { key, content }] of kept.entries()) {
      signal?.throwIfAborted();
      const bytes = readContent(place, seal, content, `artifact ${key}`);
      const { sha256 } = await artifacts.put(key, Readable.from(bytes, { objectMode: false }));
      if (sha256 !== content.sha256)
        throw new AppError('bad-data', `artifact ${key} was stored as ${sha256}, not ${content.sha256}`);
      onProgress({ what: 'artifact', name: key, done: index + 1, total: kept.length });
    }
  }
}

export interface BackupVerification {
  manifest: Manifest;
  rows: number;
  bytes: number;
  /** What is wrong, in words; none: the backup is whole. */
  faults: string[];
}

/** Reads everything that a restore would read, and writes nothing. */
export async function verifyBackup({
  place,
  seal,
  id,
  onProgress = () => undefined,
  signal,
}: RestoreOptions): Promise<BackupVerification> {
  const manifest = await readManifest(place, seal, id);
  const faults: string[] = [];
  let rows = 0;
  let bytes = 0;
  const pieces = [
    ...manifest.tables.map(({ name, content, rows: count }) => ({
      what: 'table' as const,
      name,
      content,
      count,
    })),
    ...manifest.artifacts.map(({ key, content }) => ({
      what: 'artifact' as const,
      name: key,
      content,
      count: undefined,
    })),
  ];
  for (const [index, { what, name, content, count }] of pieces.entries()) {
    signal?.throwIfAborted();
    let lines = 0;
    try {
      for await (const part of readContent(place, seal, content, `${what} ${name}`)) {
        bytes += part.byteLength;
        if (count !== undefined) lines += countNewlines(part);
      }
      if (count !== undefined && lines !== count)
        faults.push(`table ${name} has ${lines} rows instead of ${count}`);
      rows += lines;
    } catch (thrown) {
      if (!(thrown instanceof AppError) || !['bad-data', 'not-found'].includes(thrown.code)) throw thrown;
      faults.push(thrown.message);
    }
    onProgress({ what, name, done: index + 1, total: pieces.length });
  }
  return { manifest, rows, bytes, faults };
}

function notEmpty(what: string): AppError {
  return new AppError(
    'conflict',
    `this installation is not empty (${what}): restore into a new database and a new artifact store, by DATABASE_URL, --var or storage.artifacts`,
  );
}
