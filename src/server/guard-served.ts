/**
 * Who may change what answers: aliases of the served model that have traffic, and the files behind them, are
 * decided by the gate and by
 * admins. Names are compared as a file system may that folds case, normalises and drops dots at the end: what
 * is one file there is one here.
 */
import { decodePercent } from '../core/artifact-store.ts';
import { AppError, orMissing } from '../core/errors.ts';
import { artifactKeyOf, nameIs, type TrackingStore } from '../tracking/index.ts';

export interface Caller {
  name: string;
  isAdmin: boolean;
}

export interface ServedGuard {
  caller: Caller;
  served: {
    model: string;
    /** `champion`, and `challenger` while requests go to it or are copied to it. */
    aliasesInTraffic: () => Promise<readonly string[]>;
    /** Versions that are canaries, or wait to be; none when this is left out. */
    versionsOnTrial?: () => Promise<readonly number[]>;
  };
}

/** @throws AppError `forbidden` for an alias that has traffic, unless an admin asks */
export async function checkAliasMove(
  model: string,
  alias: string,
  { caller, served }: ServedGuard,
): Promise<void> {
  if (caller.isAdmin || fold(model) !== fold(served.model)) return;
  const inTraffic = await served.aliasesInTraffic();
  if (!inTraffic.some((one) => fold(one) === fold(alias))) return;
  throw refuse(served.model, `the alias ${alias} of ${model} cannot be moved by ${caller.name}`);
}

/** Whoever gives another model the served one's name, or takes it, decides what is served. */
export function checkRename(name: string, newName: string, { caller, served }: ServedGuard): void {
  if (caller.isAdmin || ![name, newName].some((one) => fold(one) === fold(served.model))) return;
  throw refuse(served.model, `${name} cannot be renamed to ${newName} by ${caller.name}`);
}

/** A canary is what the gate has judged, also while it waits for its share. */
export async function checkVersionChange(
  model: string,
  version: number,
  { caller, served }: ServedGuard,
): Promise<void> {
  if (caller.isAdmin || fold(model) !== fold(served.model)) return;
  if ((await served.versionsOnTrial?.())?.includes(version) !== true) return;
  throw refuse(
    served.model,
    `version ${version} of ${model} is a canary and cannot be changed by ${caller.name}`,
  );
}

/** The files of a version that an alias of the served model names are what the gate has judged. */
export async function checkFileChange(
  key: string,
  { caller, served }: ServedGuard,
  { registry }: Pick<TrackingStore, 'registry'>,
): Promise<void> {
  if (caller.isAdmin) return;
  const { items } = await registry.searchModels({ filter: nameIs(served.model), maxResults: 1 });
  const onTrial = (await served.versionsOnTrial?.()) ?? [];
  const guarded = [...(items[0]?.aliases ?? []), ...onTrial.map((version) => ({ alias: 'canary', version }))];
  for (const { alias, version } of guarded) {
    // One that waits may have been deleted by an admin.
    const found = await orMissing(registry.getVersion(served.model, version));
    if (found?.filesUri.startsWith('mlflow-artifacts:') !== true) continue;
    const [changed, root] = [`${fold(key)}/`, `${fold(artifactKeyOf(found.filesUri))}/`];
    if (changed.startsWith(root) || root.startsWith(changed))
      throw refuse(
        served.model,
        `the files of version ${version} of ${served.model}, its ${alias}, cannot be changed by ${caller.name}`,
      );
  }
}

/**
 * The pipeline's own tags say where a model comes from and whether it waits for approval; `verify`, receipts
 * and the gate believe them.
 */
const RESERVED = 'copyloop.';

/** @throws AppError `forbidden` when one of the keys is the pipeline's own, unless an admin asks */
export function checkTagKeys(
  tags: readonly { key: string }[],
  { caller }: Pick<ServedGuard, 'caller'>,
): void {
  if (caller.isAdmin) return;
  const reserved = tags.find(({ key }) => key.normalize('NFKC').trim().toLowerCase().startsWith(RESERVED));
  if (reserved === undefined) return;
  throw new AppError(
    'forbidden',
    `the tag ${reserved.key} cannot be changed by ${caller.name}: tags that begin with "${RESERVED}" are the pipeline's own; take another key, or ask with an admin key`,
  );
}

/**
 * One spelling for all that some file system, or the database of some MLflow server, takes for the same name.
 */
function fold(name: string): string {
  return decodePercent(name)
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('\\', '/')
    .split('/')
    .map(withoutEnd)
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

/** Windows drops dots and spaces at the end of a name. */
function withoutEnd(name: string): string {
  let end = name.length;
  while (name[end - 1] === '.' || name[end - 1] === ' ') end -= 1;
  return name.slice(0, end).trimStart();
}

function refuse(model: string, what: string): AppError {
  return new AppError(
    'forbidden',
    `${what}: what answers for ${model} is decided by the gate; run the pipeline, or ask with an admin key`,
  );
}
