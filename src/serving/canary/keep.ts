/**
 * A canary from its first request to its end. Each move is decided in one statement and then carried out
 * by moves that may be repeated: a process that dies in between leaves the rest to whoever looks next.
 */
import type { Clock } from '../../core/clock.ts';
import { AppError, toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { LOCK_KEYS, type CanaryOutcome, type Db, type Locks } from '../../db/index.ts';
import { CHALLENGER, CHAMPION, type AliasReason, type RegistryStore } from '../../tracking/index.ts';
import { ALL_TO_CHAMPION, readTraffic, setTraffic } from '../models/index.ts';
import { weighCanary } from './evidence.ts';
import {
  findActiveCanary,
  hasOpenCanary,
  listWaitingCanaries,
  OPEN_STATUSES,
  type Canary,
  type StoredEvidence,
} from './store.ts';

export interface CanaryDeps {
  db: Db;
  locks: Locks;
  registry: Pick<RegistryStore, 'findAlias' | 'setAlias' | 'deleteAlias' | 'aliasHistory'>;
  modelName: string;
  clock: Clock;
  log: Logger;
}

const LOOK_EVERY_MS = 30_000;
/** Moves of its own: as `moved_by` in the history of aliases. */
const CANARY = 'canary';

export interface CanaryKeeper {
  /** Looks at the evidence now, and does what follows; nothing where another process is at it. */
  look(): Promise<void>;
  close(): Promise<void>;
}

export function openCanaryKeeper(deps: CanaryDeps): CanaryKeeper {
  let looking: Promise<void> = Promise.resolve();
  // One after the other, so that who asks for a look gets one that began after they asked.
  const look = async (notWithinMs = 0): Promise<void> => {
    looking = looking.catch(() => undefined).then(() => lookAtCanary(deps, notWithinMs));
    await looking;
  };
  const timer = setInterval(() => {
    look(LOOK_EVERY_MS / 2).catch((thrown: unknown) =>
      deps.log.warn({ err: toError(thrown) }, 'the canary could not be looked at; it is tried again'),
    );
  }, LOOK_EVERY_MS);
  timer.unref();
  return {
    look: () => look(),
    close: async () => {
      clearInterval(timer);
      await looking.catch(() => undefined);
    },
  };
}

/** @param notWithinMs of the last look, whoever made it: the evidence is read whole each time */
export async function lookAtCanary(deps: CanaryDeps, notWithinMs = 0): Promise<void> {
  const { db, locks, modelName } = deps;
  if (!(await hasOpenCanary(db, modelName))) return;
  await locks.tryHold([LOCK_KEYS.canary, modelName], async () => {
    // Ending one may begin the next.
    for (
      let canary = await findActiveCanary(db, modelName);
      ;
      canary = await findActiveCanary(db, modelName)
    ) {
      if (canary === undefined) {
        if (!(await beginNext(deps))) return;
      } else if (canary.status === 'settling') await finish(deps, canary);
      else if (isFresh(canary, notWithinMs, deps.clock) || !(await decide(deps, canary))) return;
    }
  });
}

function isFresh({ evidence }: Canary, withinMs: number, clock: Clock): boolean {
  return evidence !== null && clock.nowMs() - Date.parse(evidence.lookedAt) < withinMs;
}

/** @throws AppError `not-found` when none runs or waits */
export async function stopCanary(deps: CanaryDeps, why: { by: string; reason: string }): Promise<void> {
  const { db, locks, modelName, clock } = deps;
  await locks.hold([LOCK_KEYS.canary, modelName], async () => {
    const canary = await findActiveCanary(db, modelName);
    if (canary === undefined) {
      const [waiting] = await listWaitingCanaries(db, modelName);
      if (waiting === undefined)
        throw new AppError('not-found', `no version of ${modelName} is a canary, and none waits to be one`);
      await end(db, waiting, 'stopped', { ...why, at: clock.now() });
      return;
    }
    if (canary.status === 'running')
      await settle(db, canary, 'stopped', { by: why.by, reason: `stopped: ${why.reason}` });
    const settling = await findActiveCanary(db, modelName);
    if (settling !== undefined) await finish(deps, settling);
  });
}

/** The newest that waits takes its share; those that cannot any more end. @returns whether to look again */
async function beginNext(deps: CanaryDeps): Promise<boolean> {
  const { db, registry, modelName, clock, log } = deps;
  const [next, ...older] = await listWaitingCanaries(db, modelName);
  if (next === undefined) return false;
  for (const one of older)
    await end(db, one, 'superseded', {
      by: CANARY,
      reason: `version ${next.version} has won the gate since`,
      at: clock.now(),
    });
  const champion = await registry.findAlias(modelName, CHAMPION);
  if (champion?.version !== next.champion) {
    await end(db, next, 'superseded', {
      by: CANARY,
      reason: `it was compared with version ${next.champion}, and ${nameVersion(champion?.version)} is champion now: run the gate again`,
      at: clock.now(),
    });
    return true;
  }
  const traffic = await readTraffic(db);
  // Somebody divides requests by hand: it waits until they are done.
  if (traffic.challenger > 0 || traffic.shadow) return false;
  const percent = Math.max(1, Math.round(100 * next.rules.share));
  try {
    await registry.setAlias(modelName, CHALLENGER, next.version, {
      movedBy: CANARY,
      reason: `takes ${percent} % of the traffic. ${next.reason}`,
      ...(next.pipelineRunId !== null && { pipelineRunId: next.pipelineRunId }),
    });
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'not-found') throw thrown;
    await end(db, next, 'stopped', { by: CANARY, reason: thrown.message, at: clock.now() });
    return true;
  }
  await db.transaction().execute(async (trx) => {
    await trx
      .updateTable('canaries')
      .set({ status: 'running', started_at: clock.now() })
      .where('id', '=', next.id)
      .where('status', '=', 'waiting')
      .execute();
    await setTraffic(trx, { champion: 100 - percent, challenger: percent, shadow: false });
  });
  log.info({ canary: next.id, version: next.version, percent }, 'a canary takes its share of the traffic');
  return false;
}

/** @returns whether something was decided */
async function decide(deps: CanaryDeps, canary: Canary): Promise<boolean> {
  const { db, registry, modelName, clock } = deps;
  for (const [alias, version] of [
    [CHAMPION, canary.champion],
    [CHALLENGER, canary.version],
  ] as const) {
    const named = await registry.findAlias(modelName, alias);
    if (named?.version === version) continue;
    await settle(db, canary, 'stopped', {
      by: CANARY,
      reason: `${alias} names ${nameVersion(named?.version)}, no longer version ${version}: the trial says nothing of it`,
    });
    return true;
  }
  const { evidence, outcome, reason } = await weighCanary(db, canary, clock.now());
  if (outcome !== null) {
    await settle(db, canary, outcome, { by: CANARY, reason, evidence });
    return true;
  }
  await db
    .updateTable('canaries')
    .set({ evidence: JSON.stringify(evidence) })
    .where('id', '=', canary.id)
    .where('status', '=', 'running')
    .execute();
  return false;
}

/** From here on there is no way but to the end: the moves follow from the row. */
async function settle(
  db: Db,
  { id }: Canary,
  outcome: CanaryOutcome,
  { by, reason, evidence }: { by: string; reason: string; evidence?: StoredEvidence },
): Promise<void> {
  await db
    .updateTable('canaries')
    .set({
      status: 'settling',
      outcome,
      reason,
      settled_by: by,
      ...(evidence !== undefined && { evidence: JSON.stringify(evidence) }),
    })
    .where('id', '=', id)
    .where('status', '=', 'running')
    .execute();
}

async function finish(deps: CanaryDeps, canary: Canary): Promise<void> {
  const { db, registry, modelName, clock, log } = deps;
  let { outcome, reason } = canary;
  const why: AliasReason = {
    movedBy: canary.settledBy ?? CANARY,
    reason,
    ...(canary.pipelineRunId !== null && { pipelineRunId: canary.pipelineRunId }),
  };
  if (outcome === 'promoted' && !(await wasPromoted(deps, canary))) {
    try {
      await registry.setAlias(modelName, CHAMPION, canary.version, why, canary.champion);
    } catch (thrown) {
      if (!(thrown instanceof AppError) || !['conflict', 'not-found'].includes(thrown.code)) throw thrown;
      outcome = 'stopped';
      reason = `it would have been promoted (${reason}), but ${thrown.message}`;
    }
  }
  const challenger = await registry.findAlias(modelName, CHALLENGER);
  if (challenger?.version === canary.version) await registry.deleteAlias(modelName, CHALLENGER, why);
  await db.transaction().execute(async (trx) => {
    const ended = await trx
      .updateTable('canaries')
      .set({ status: outcome ?? 'stopped', outcome, reason, ended_at: clock.now() })
      .where('id', '=', canary.id)
      .where('status', '=', 'settling')
      .executeTakeFirst();
    if (ended.numUpdatedRows > 0n) await setTraffic(trx, ALL_TO_CHAMPION);
  });
  log.info({ canary: canary.id, version: canary.version, outcome, reason }, 'a canary has ended');
}

/** Who moved the champion back since has the last word. */
async function wasPromoted({ registry, modelName }: CanaryDeps, canary: Canary): Promise<boolean> {
  const history = await registry.aliasHistory(modelName, CHAMPION);
  return history.some(
    ({ toVersion, reason, movedBy }) =>
      toVersion === canary.version && movedBy === canary.settledBy && reason === canary.reason,
  );
}

/** Of one that never had traffic. */
async function end(
  db: Db,
  { id }: Canary,
  status: 'superseded' | 'stopped',
  { by, reason, at }: { by: string; reason: string; at: Date },
): Promise<void> {
  await db
    .updateTable('canaries')
    .set({ status, reason, settled_by: by, ended_at: at })
    .where('id', '=', id)
    .where('status', 'in', OPEN_STATUSES)
    .execute();
}

function nameVersion(version: number | undefined): string {
  return version === undefined ? 'no version' : `version ${version}`;
}
