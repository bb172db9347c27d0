/**
 * What `models:/name/1`, `models:/name@alias`, `models:/m-<id>` and `runs:/<run>/<path>` name, as the address
 * where the files lie.
 */
import { sql } from 'kysely';
import { AppError } from '../../core/errors.ts';
import { stripEnd } from '../../core/strip-end.ts';
import type { DbTransaction } from '../../db/index.ts';

/** @returns null where `source` says it itself; throws AppError `invalid-input` for what is not there */
export async function resolveFiles(trx: DbTransaction, source: string): Promise<string | null> {
  const [scheme = '', ...rest] = source.split(':/');
  if (scheme !== 'models' && scheme !== 'runs') return null;
  const named = stripEnd(rest.join(':/').replace(/^\/+/, ''), /\//);
  const found = scheme === 'runs' ? await findRunPath(trx, named) : await findModel(trx, named);
  if (found !== undefined) return found;
  throw new AppError(
    'invalid-input',
    `Unable to fetch model from model URI source artifact location '${source.slice(0, 200)}': it names no ${scheme === 'runs' ? 'run' : 'model version or logged model'} that is here.`,
  );
}

async function findRunPath(trx: DbTransaction, named: string): Promise<string | undefined> {
  const [runId = '', ...path] = named.split('/');
  const { rows } = await sql<{ uri: string }>`
    SELECT artifact_uri AS uri FROM tracking_runs WHERE run_id = ${runId}`.execute(trx);
  return rows[0] === undefined ? undefined : [rows[0].uri, ...path].join('/');
}

async function findModel(trx: DbTransaction, named: string): Promise<string | undefined> {
  const slash = named.indexOf('/');
  const at = named.lastIndexOf('@');
  const { rows } =
    slash === -1 && at === -1
      ? await sql<{
          uri: string;
        }>`SELECT artifact_uri AS uri FROM logged_models WHERE model_id = ${named}`.execute(trx)
      : await sql<{ uri: string }>`
          SELECT coalesce(files_uri, source) AS uri FROM model_versions AS v
          WHERE ${slash === -1 ? aliasIs(named.slice(0, at), named.slice(at + 1)) : versionIs(named.slice(0, slash), named.slice(slash + 1))}
          ORDER BY version DESC LIMIT 1`.execute(trx);
  return rows[0]?.uri;
}

function aliasIs(name: string, alias: string) {
  return sql`EXISTS (SELECT 1 FROM model_aliases AS a WHERE a.name = ${name} AND a.alias = ${alias} AND a.name = v.name AND a.version = v.version)`;
}

/** A number, `latest`, or one of MLflow's model stages. */
function versionIs(name: string, version: string) {
  if (version.toLowerCase() === 'latest') return sql`name = ${name}`;
  return /^\d{1,9}$/.test(version)
    ? sql`name = ${name} AND version = ${Number(version)}`
    : sql`name = ${name} AND lower(stage) = ${version.toLowerCase()}`;
}
