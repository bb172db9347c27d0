/**
 * Aliases of a remote MLflow server, with the history that it does not keep (alias-moves.ts). The protocol
 * has no transactions: a move that may only be made from a certain version is checked and then made, and
 * another client can come in between.
 */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { AliasMove, ModelVersion } from '../entities.ts';
import { findFormerVersion, movedAway } from '../alias-history.ts';
import { checkAlias } from '../limits.ts';
import type { AliasReason, RegistryStore } from '../tracking-store.ts';
import { readMoves, renderMove } from './alias-moves.ts';
import type { RemoteModels } from './model-requests.ts';

type AliasMethods = Pick<
  RegistryStore,
  'setAlias' | 'deleteAlias' | 'findAlias' | 'rollbackAlias' | 'aliasHistory'
>;

export function createRemoteAliases(models: RemoteModels, clock: Clock): AliasMethods {
  /**
   * Writes the history, then moves. A move that an earlier attempt recorded and could not finish is not
   * recorded again.
   */
  const move = async (
    name: string,
    alias: string,
    kind: AliasMove['kind'],
    toVersion: number | null,
    why: AliasReason,
    onlyFrom?: number | null,
  ): Promise<void> => {
    const { tags, aliases } = await models.get(name);
    const fromVersion = aliases.find((one) => one.alias === alias)?.version ?? null;
    if (fromVersion === toVersion) return;
    if (onlyFrom !== undefined && fromVersion !== onlyFrom)
      throw movedAway(name, alias, fromVersion, onlyFrom);
    const pipelineRunId = why.pipelineRunId ?? null;
    const last = readMoves(name, tags).findLast((one) => one.alias === alias);
    const isRecorded =
      last !== undefined &&
      last.kind === kind &&
      last.fromVersion === fromVersion &&
      last.toVersion === toVersion &&
      last.pipelineRunId === pipelineRunId;
    if (!isRecorded) {
      const { movedBy, reason } = why;
      const recorded = { alias, kind, fromVersion, toVersion, movedAt: clock.now(), movedBy, reason };
      await models.setTag(name, renderMove(tags, { ...recorded, pipelineRunId }));
    }
    if (toVersion === null) await models.removeAlias(name, alias);
    else await models.putAlias(name, alias, toVersion);
  };

  const findAlias = async (name: string, alias: string): Promise<ModelVersion | undefined> =>
    await models.findAlias(name, alias);

  return {
    findAlias,
    setAlias: async (name, alias, version, why, onlyFrom) => {
      checkAlias(alias);
      await models.getVersion(name, version);
      await move(name, alias, 'set', version, why, onlyFrom);
    },
    deleteAlias: async (name, alias, why) => {
      checkAlias(alias);
      await move(name, alias, 'delete', null, why);
    },
    rollbackAlias: async (name, alias, why) => {
      const { tags, aliases } = await models.get(name);
      const current = aliases.find((one) => one.alias === alias)?.version ?? null;
      const moves = readMoves(name, tags).filter((one) => one.alias === alias);
      const former = findFormerVersion(moves, await models.versionNumbers(name), current);
      if (former === undefined)
        throw new AppError('conflict', `alias ${alias} of ${name} has no earlier version to go back to`);
      await move(name, alias, 'rollback', former, why);
      return await models.getVersion(name, former);
    },
    aliasHistory: async (name, alias) => {
      const { tags } = await models.get(name);
      return readMoves(name, tags)
        .filter((one) => alias === undefined || one.alias === alias)
        .toReversed();
    },
  };
}
