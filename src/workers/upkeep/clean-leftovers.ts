/**
 * Removes what nobody will come back for: local folders of runs that ended without removing them, local
 * temporary folders of killed processes, dataset files of attempts that died before their commit, and
 * checkpoints in the store of trainings that never finished. A replay has a new run id, so nothing of an
 * ended run is resumed; the age leaves time to look at what a failed run left, and lets an attempt that does
 * not know yet that its run ended finish.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { Db } from '../../db/index.ts';
import type { StageServices } from '../loop/context.ts';
import { CHECKPOINTS_FOLDER } from '../stages/shared-checkpoint.ts';

/** Below `<varDir>/tmp`, made by this package. */
const TEMPORARY = /^(?:dataset|verify)-/;
/** `<run id>-<start of the digest>`, as createDatasetVersion names them. */
const DATASET_FOLDER = /^datasets\/(.+)-[0-9a-f]{12}$/;

/** @returns what was removed, as paths and keys */
export async function cleanLeftovers(
  { database, artifacts, config }: StageServices,
  clock: Clock,
): Promise<string[]> {
  const before = new Date(clock.nowMs() - config.storage.leftoverAgeMs);
  const varDir = path.resolve(config.storage.varDir);
  const removed: string[] = [];

  const work = path.join(varDir, 'work');
  const runs = await listNames(work);
  const ended = await findEndedRuns(database.db, runs, before);
  for (const name of runs) {
    const folder = path.join(work, name);
    // A folder of no run of this database is judged by its own age.
    const isLeft = ended.known.has(name) ? ended.old.has(name) : await isOlder(folder, before);
    if (isLeft) await remove(folder);
  }
  for (const name of (await listNames(path.join(varDir, 'tmp'))).filter((found) => TEMPORARY.test(found))) {
    const folder = path.join(varDir, 'tmp', name);
    if (await isOlder(folder, before)) await remove(folder);
  }

  const folders = (await artifacts.listFolder('datasets')).filter(({ isFolder }) => isFolder);
  const runOf = new Map(folders.map(({ key }) => [key, DATASET_FOLDER.exec(key)?.[1] ?? '']));
  const owners = await findEndedRuns(database.db, [...runOf.values()], before);
  const committed = await database.db.selectFrom('dataset_versions').select('key_prefix').execute();
  const kept = new Set(committed.map(({ key_prefix }) => key_prefix));
  for (const [key, run] of runOf) {
    if (kept.has(key) || !owners.old.has(run)) continue;
    await artifacts.deletePrefix(key);
    removed.push(key);
  }
  const checkpoints = (await artifacts.listFolder(CHECKPOINTS_FOLDER)).filter(({ isFolder }) => isFolder);
  const runOfCheckpoint = (key: string): string => key.slice(CHECKPOINTS_FOLDER.length + 1);
  const done = await findEndedRuns(
    database.db,
    checkpoints.map(({ key }) => runOfCheckpoint(key)),
    before,
  );
  for (const { key } of checkpoints.filter((entry) => done.old.has(runOfCheckpoint(entry.key)))) {
    await artifacts.deletePrefix(key);
    removed.push(key);
  }
  return removed;

  async function remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true });
    removed.push(folder);
  }
}

/** Of the given names those that are runs, and of these those that ended before the time. */
async function findEndedRuns(
  db: Db,
  names: readonly string[],
  before: Date,
): Promise<{ known: Set<string>; old: Set<string> }> {
  if (names.length === 0) return { known: new Set(), old: new Set() };
  const rows = await db
    .selectFrom('pipeline_runs')
    .select(['id', 'status', 'finished_at'])
    .where('id', 'in', names)
    .execute();
  const old = rows.filter(
    ({ status, finished_at }) => status !== 'active' && finished_at !== null && finished_at < before,
  );
  return { known: new Set(rows.map(({ id }) => id)), old: new Set(old.map(({ id }) => id)) };
}

async function listNames(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** By the newest of the folder and what lies directly in it. */
async function isOlder(folder: string, before: Date): Promise<boolean> {
  const names = await listNames(folder).catch(() => []);
  const times = await Promise.all(
    [folder, ...names.map((name) => path.join(folder, name))].map(async (file) =>
      stat(file).then(
        (found) => found.mtime,
        () => undefined,
      ),
    ),
  );
  return times.every((time) => time !== undefined && time < before);
}
