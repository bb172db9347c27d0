/**
 * Aliases and their history. Every move locks the model's row, writes the history and announces itself in one
 * transaction, so that who hears the announcement finds the move done.
 */
import { sql } from 'kysely';
import { AppError } from '../../core/errors.ts';
import type { Db, DbTransaction } from '../../db/index.ts';
import type { AliasMove, ModelVersion } from '../entities.ts';
import { findFormerVersion, movedAway } from '../alias-history.ts';
import { checkAlias } from '../limits.ts';
import type { AliasReason, RegistryStore } from '../tracking-store.ts';
import { recordEvent } from '../webhooks/outbox.ts';
import { noModel, noVersion, toVersion, VERSION_COLUMNS, type VersionRow } from './registry-rows.ts';

/**
 * NOTIFY channel; the payload is `{"name", "alias", "version"}`, version null when the alias was taken away.
 */
export const ALIAS_CHANNEL = 'copyloop_alias';

type AliasMethods = Pick<
  RegistryStore,
  'setAlias' | 'deleteAlias' | 'findAlias' | 'rollbackAlias' | 'aliasHistory'
>;

interface Move {
  name: string;
  alias: string;
  from: number | null;
  to: number | null;
  kind: AliasMove['kind'];
  why: AliasReason;
}

export function createAliasStore(db: Db): AliasMethods {
  const findAlias: AliasMethods['findAlias'] = async (name, alias) => {
    const { rows } = await sql<VersionRow>`
      SELECT ${VERSION_COLUMNS} FROM model_aliases AS at
      JOIN model_versions AS v ON v.name = at.name AND v.version = at.version
      WHERE at.name = ${name} AND at.alias = ${alias}`.execute(db);
    const [row] = rows;
    return row === undefined ? undefined : toVersion(row);
  };

  return {
    findAlias,
    setAlias: async (name, alias, version, why, onlyFrom) => {
      checkAlias(alias);
      await db.transaction().execute(async (trx) => {
        await lockModel(trx, name);
        await requireVersion(trx, name, version);
        const from = await currentVersion(trx, name, alias);
        if (from === version) return;
        if (onlyFrom !== undefined && from !== onlyFrom) throw movedAway(name, alias, from, onlyFrom);
        await move(trx, { name, alias, from, to: version, kind: 'set', why });
      });
    },
    deleteAlias: async (name, alias, why) => {
      checkAlias(alias);
      await db.transaction().execute(async (trx) => {
        await lockModel(trx, name);
        await takeAlias(trx, name, alias, why);
      });
    },
    rollbackAlias: async (name, alias, why) => {
      await db.transaction().execute(async (trx) => {
        await lockModel(trx, name);
        const from = await currentVersion(trx, name, alias);
        const to = await findFormer(trx, name, alias, from);
        if (to === undefined)
          throw new AppError('conflict', `alias ${alias} of ${name} has no earlier version to go back to`);
        await move(trx, { name, alias, from, to, kind: 'rollback', why });
      });
      const version: ModelVersion | undefined = await findAlias(name, alias);
      if (version === undefined)
        throw new AppError('conflict', `alias ${alias} of ${name} was moved again at once`);
      return version;
    },
    aliasHistory: async (name, alias) => {
      const rows = await db
        .selectFrom('model_alias_history')
        .selectAll()
        .where('name', '=', name)
        .$if(alias !== undefined, (query) => query.where('alias', '=', alias ?? ''))
        .orderBy('history_id', 'desc')
        .execute();
      return rows.map((row) => ({
        name: row.name,
        alias: row.alias,
        fromVersion: row.from_version,
        toVersion: row.to_version,
        movedAt: row.moved_at,
        movedBy: row.moved_by,
        kind: row.kind,
        reason: row.reason,
        pipelineRunId: row.pipeline_run_id,
      }));
    },
  };
}

/** Takes the alias away, if it is there. The caller holds the model's lock. */
export async function takeAlias(
  trx: DbTransaction,
  name: string,
  alias: string,
  why: AliasReason,
): Promise<void> {
  const from = await currentVersion(trx, name, alias);
  if (from !== null) await move(trx, { name, alias, from, to: null, kind: 'delete', why });
}

export async function lockModel(trx: DbTransaction, name: string): Promise<void> {
  const row = await trx
    .selectFrom('registered_models')
    .select('name')
    .where('name', '=', name)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw noModel(name);
}

async function move(trx: DbTransaction, { name, alias, from, to, kind, why }: Move): Promise<void> {
  if (to === null)
    await trx.deleteFrom('model_aliases').where('name', '=', name).where('alias', '=', alias).execute();
  else
    await trx
      .insertInto('model_aliases')
      .values({ name, alias, version: to })
      .onConflict((conflict) => conflict.columns(['name', 'alias']).doUpdateSet({ version: to }))
      .execute();
  await trx
    .insertInto('model_alias_history')
    .values({
      name,
      alias,
      from_version: from,
      to_version: to,
      moved_by: why.movedBy,
      kind,
      reason: why.reason,
      pipeline_run_id: why.pipelineRunId ?? null,
    })
    .execute();
  if (to === null) await recordEvent(trx, 'model_version_alias.deleted', { name, alias });
  else await recordEvent(trx, 'model_version_alias.created', { name, alias, version: String(to) });
  const payload = JSON.stringify({ name, alias, version: to });
  await sql`SELECT pg_notify(${ALIAS_CHANNEL}, ${payload})`.execute(trx);
}

async function findFormer(
  trx: DbTransaction,
  name: string,
  alias: string,
  current: number | null,
): Promise<number | undefined> {
  const moves = await trx
    .selectFrom('model_alias_history')
    .select(['kind', 'to_version as toVersion'])
    .where('name', '=', name)
    .where('alias', '=', alias)
    .orderBy('history_id')
    .execute();
  const versions = await trx
    .selectFrom('model_versions')
    .select('version')
    .where('name', '=', name)
    .execute();
  return findFormerVersion(moves, new Set(versions.map((row) => row.version)), current);
}

async function currentVersion(trx: DbTransaction, name: string, alias: string): Promise<number | null> {
  const row = await trx
    .selectFrom('model_aliases')
    .select('version')
    .where('name', '=', name)
    .where('alias', '=', alias)
    .executeTakeFirst();
  return row?.version ?? null;
}

async function requireVersion(trx: DbTransaction, name: string, version: number): Promise<void> {
  const row = await trx
    .selectFrom('model_versions')
    .select('version')
    .where('name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst();
  if (row === undefined) throw noVersion(name, version);
}
