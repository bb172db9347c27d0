/**
 * Keeps those who may not move the champion from doing so by a side door: its model's name, its version, its
 * files.
 */
import { AppError } from '../../core/errors.ts';
import { artifactKeyOf, type TrackingStore } from '../../tracking/index.ts';
import type { ProtectedAlias, RouteContext } from './route.ts';

type Guard = Pick<RouteContext, 'caller' | 'champion'>;

/** @throws AppError `forbidden` for the protected alias, unless the caller may move it */
export function checkAliasMove(model: string, alias: string, { caller, champion }: Guard): void {
  if (caller.isAdmin || model !== champion.model || alias !== champion.alias) return;
  throw refuse(champion, `the alias ${alias} of ${model} cannot be moved by ${caller.name}`);
}

/** Whoever gives another model the served one's name, or takes it, decides what is served. */
export function checkRename(name: string, newName: string, { caller, champion }: Guard): void {
  if (caller.isAdmin || (name !== champion.model && newName !== champion.model)) return;
  throw refuse(champion, `${name} cannot be renamed to ${newName} by ${caller.name}`);
}

/** The files of a version that an alias of the served model names are what the gate has judged. */
export async function checkFileChange(
  key: string,
  { caller, champion }: Guard,
  tracking: TrackingStore,
): Promise<void> {
  if (caller.isAdmin) return;
  const { items } = await tracking.registry.searchModels({
    filter: `name = '${champion.model.replaceAll("'", "''")}'`,
    maxResults: 1,
  });
  for (const { alias, version } of items[0]?.aliases ?? []) {
    const { source } = await tracking.registry.getVersion(champion.model, version);
    if (!source.startsWith('mlflow-artifacts:')) continue;
    const root = artifactKeyOf(source);
    if (`${key}/`.startsWith(`${root}/`) || `${root}/`.startsWith(`${key}/`))
      throw refuse(
        champion,
        `the files of version ${version} of ${champion.model}, its ${alias}, cannot be changed by ${caller.name}`,
      );
  }
}

function refuse(champion: ProtectedAlias, what: string): AppError {
  return new AppError(
    'forbidden',
    `${what}: what ${champion.alias} of ${champion.model} names is decided by the gate; run the pipeline, or ask with an admin key`,
  );
}
