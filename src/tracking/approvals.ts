/**
 * A person's word on a version that has won the gate. It is kept in tags of the version, so that it is the
 * same on either tracking backend and webhooks hear of it; one at a time decides about a model, by a lock of
 * our own database that all processes share.
 */
import { AppError } from '../core/errors.ts';
import { nameIs } from './filters.ts';
import { LOCK_KEYS, type Locks } from '../db/index.ts';
import type { ModelVersion } from './entities.ts';
import { CHALLENGER, CHAMPION } from './models.ts';
import type { RegistryStore } from './tracking-store.ts';

export const APPROVAL_STATES = ['pending', 'approved', 'rejected', 'superseded'] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

const STATE_TAG = 'copyloop.approval';
/** The version that was champion when the gate compared; `none` without one. */
const AGAINST_TAG = 'copyloop.approval.against';
const BY_TAG = 'copyloop.approval.by';
const REASON_TAG = 'copyloop.approval.reason';
const NONE = 'none';

export interface ApprovalDesk {
  locks: Locks;
  registry: RegistryStore;
}

/** Who decides and why. */
export interface ApprovalReason {
  by: string;
  reason: string;
}

/** To be given to a version when it is registered. */
export function pendingTags(against: number | null): Record<string, string> {
  return { [STATE_TAG]: 'pending', [AGAINST_TAG]: against === null ? NONE : String(against) };
}

/** null for a version that nobody has to approve. */
export function approvalOf({ tags }: Pick<ModelVersion, 'tags'>): ApprovalState | null {
  return APPROVAL_STATES.find((state) => state === tags[STATE_TAG]) ?? null;
}

/**
 * Makes a pending version the challenger, in place of those that waited before it. Does nothing about one
 * that was decided on.
 */
export async function awaitApproval(
  desk: ApprovalDesk,
  version: ModelVersion,
  why: { reason: string; pipelineRunId: string },
): Promise<void> {
  await withLock(desk, version.name, async () => {
    const { registry } = desk;
    const { name, version: number } = version;
    if (approvalOf(await registry.getVersion(name, number)) !== 'pending') return;
    const { items } = await registry.searchVersions({
      filter: `${nameIs(name)} AND tags.\`${STATE_TAG}\` = 'pending'`,
      maxResults: 1000,
    });
    for (const older of items.filter((one) => one.version < number)) {
      await registry.setVersionTag(
        name,
        older.version,
        REASON_TAG,
        `version ${number} has won the gate since`,
      );
      await registry.setVersionTag(name, older.version, BY_TAG, 'gate');
      await registry.setVersionTag(name, older.version, STATE_TAG, 'superseded');
    }
    await registry.setAlias(name, CHALLENGER, number, { movedBy: 'gate', ...why });
  });
}

/**
 * Makes a pending version the champion.
 * @throws AppError `conflict` when it is not pending, or the champion is no longer the one that the gate
 *   compared it with
 */
export async function approveVersion(
  desk: ApprovalDesk,
  target: { name: string; version: number },
  why: ApprovalReason,
): Promise<ModelVersion> {
  return await withLock(desk, target.name, async () => {
    const { registry } = desk;
    const version = await requirePending(registry, target);
    const against = version.tags[AGAINST_TAG] ?? NONE;
    const champion = await registry.findAlias(target.name, CHAMPION);
    // Of an approval that was cut short after the move only the tags are missing.
    const isMoved = champion?.version === version.version;
    if (!isMoved && String(champion?.version ?? NONE) !== against)
      throw new AppError(
        'conflict',
        `version ${version.version} of ${version.name} was compared with ${nameChampion(against)}, but the champion is ${nameChampion(String(champion?.version ?? NONE))} now: run the gate again ("copyloop runs ${version.pipelineRunId ?? '<run>'} --replay"), or reject it`,
      );
    if (!isMoved)
      await registry.setAlias(
        version.name,
        CHAMPION,
        version.version,
        {
          movedBy: why.by,
          reason: `approved: ${why.reason}`,
          pipelineRunId: version.pipelineRunId ?? undefined,
        },
        champion?.version ?? null,
      );
    return await settle(registry, version, 'approved', why);
  });
}

/** @throws AppError `conflict` when it is not pending */
export async function rejectVersion(
  desk: ApprovalDesk,
  target: { name: string; version: number },
  why: ApprovalReason,
): Promise<ModelVersion> {
  return await withLock(desk, target.name, async () => {
    const version = await requirePending(desk.registry, target);
    return await settle(desk.registry, version, 'rejected', why);
  });
}

async function requirePending(
  registry: RegistryStore,
  { name, version: number }: { name: string; version: number },
): Promise<ModelVersion> {
  const version = await registry.getVersion(name, number);
  const state = approvalOf(version);
  if (state === 'pending') return version;
  const by = version.tags[BY_TAG];
  throw new AppError(
    'conflict',
    state === null
      ? `version ${number} of ${name} waits for nobody's approval: only a version that won the gate under gate.approval does`
      : `version ${number} of ${name} is ${state} already${by === undefined ? '' : ` (by ${by})`}`,
  );
}

async function settle(
  registry: RegistryStore,
  version: ModelVersion,
  state: 'approved' | 'rejected',
  { by, reason }: ApprovalReason,
): Promise<ModelVersion> {
  const { name, version: number } = version;
  await registry.setVersionTag(name, number, BY_TAG, by);
  await registry.setVersionTag(name, number, REASON_TAG, reason);
  if ((await registry.findAlias(name, CHALLENGER))?.version === number)
    await registry.deleteAlias(name, CHALLENGER, {
      movedBy: by,
      reason: `${state}: ${reason}`,
      pipelineRunId: version.pipelineRunId ?? undefined,
    });
  // Last: while it is missing, the decision can be made again.
  await registry.setVersionTag(name, number, STATE_TAG, state);
  return await registry.getVersion(name, number);
}

function nameChampion(version: string): string {
  return version === NONE ? 'no version' : `version ${version}`;
}

async function withLock<T>({ locks }: ApprovalDesk, model: string, body: () => Promise<T>): Promise<T> {
  return await locks.hold([LOCK_KEYS.approval, model], body);
}
