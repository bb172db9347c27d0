/** The committed versions: looking them up and reading their rows. */
import type { Selectable } from 'kysely';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { AppError } from '../../core/errors.ts';
import { sha256File } from '../../core/ids.ts';
import type { Db, DbTransaction, Schema } from '../../db/index.ts';
import type { Split } from './content.ts';
import { readRows, type DatasetRow } from './dataset-row.ts';
import { profileSchema, type Profile } from './profile.ts';
import { manifestSchema, type DatasetManifest } from './manifest.ts';

export interface DatasetVersion {
  /** 1, 2, 3, ... without gaps. */
  version: number;
  runId: string;
  parentVersion: number | null;
  digest: string;
  /**
   * Folder of the artifact store: manifest.json, profile.json and a folder with training_data.csv per split.
   */
  keyPrefix: string;
  rows: number;
  manifest: DatasetManifest;
  createdAt: Date;
}

/** @throws AppError `not-found` */
export async function getDatasetVersion(db: Db | DbTransaction, version: number): Promise<DatasetVersion> {
  const row = await db
    .selectFrom('dataset_versions')
    .selectAll()
    .where('version', '=', version)
    .executeTakeFirst();
  if (row === undefined) throw new AppError('not-found', `there is no dataset version ${version}`);
  return toVersion(row);
}

/** The version that a pipeline run made, if it has come so far. */
export async function findDatasetVersionOfRun(
  db: Db | DbTransaction,
  runId: string,
): Promise<DatasetVersion | undefined> {
  const row = await db
    .selectFrom('dataset_versions')
    .selectAll()
    .where('run_id', '=', runId)
    .executeTakeFirst();
  return row === undefined ? undefined : toVersion(row);
}

export async function findLatestDatasetVersion(db: Db | DbTransaction): Promise<DatasetVersion | undefined> {
  return (await listDatasetVersions(db, { limit: 1 }))[0];
}

/** Newest first; `before` pages on from a version number. */
export async function listDatasetVersions(
  db: Db | DbTransaction,
  page: { limit: number; before?: number },
): Promise<DatasetVersion[]> {
  let query = db.selectFrom('dataset_versions').selectAll().orderBy('version', 'desc').limit(page.limit);
  if (page.before !== undefined) query = query.where('version', '<', page.before);
  return (await query.execute()).map(toVersion);
}

/** The rows of one split, streamed, in the order of their content hash. */
export async function* openSplit(
  store: ArtifactStore,
  version: DatasetVersion,
  split: Split,
): AsyncGenerator<DatasetRow> {
  const { key } = version.manifest.splits[split];
  yield* readRows(await store.get(key), key);
}

/**
 * Copies training_data.csv of one split to `file`, for a training process or another program.
 * @throws AppError `bad-data` when it is not what the manifest says
 */
export async function fetchSplitFile(
  store: ArtifactStore,
  version: DatasetVersion,
  split: Split,
  file: string,
): Promise<void> {
  const { key, sha256 } = version.manifest.splits[split];
  await store.fetchFile(key, file);
  const found = await sha256File(file);
  if (found !== sha256) {
    throw new AppError(
      'bad-data',
      `${key} was changed after dataset version ${version.version} was made: its sha256 is ${found}, the manifest says ${sha256}`,
    );
  }
}

function toVersion(row: Selectable<Schema['dataset_versions']>): DatasetVersion {
  return {
    version: row.version,
    runId: row.run_id,
    parentVersion: row.parent_version,
    digest: row.digest,
    keyPrefix: row.key_prefix,
    rows: row.row_count,
    manifest: manifestSchema.parse(row.manifest),
    createdAt: row.created_at,
  };
}

/** What its distribution is compared by. */
export async function readProfile(store: ArtifactStore, version: DatasetVersion): Promise<Profile> {
  return profileSchema.parse(JSON.parse(await store.readText(`${version.keyPrefix}/profile.json`)));
}
