/**
 * Compares active runs and prediction jobs in PostgreSQL with their jobs in the queues, at start-up and again
 * and again, and repairs what a crash has left: queue jobs that never reached their queue, or that the queues
 * have lost, are added; what nothing can finish is closed, so that no dead run holds the slot.
 */
import { sleep } from '../../core/clock.ts';
import { toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { LOCK_KEYS, type Database, type StoredError } from '../../db/index.ts';
import {
  countLoss,
  failOwner,
  failPart,
  listActive,
  markLostAttempts,
  noteEnqueued,
  ownerOf,
  partsOf,
  readNumbered,
  readStatuses,
  type ActiveOwner,
  type Flow,
  type StageQueues,
} from '../../queues/index.ts';
import { decideRepairs, type Repair } from './reconcile-decision.ts';

/** Attempts of an ended run that nobody has ended by then belonged to a worker that died. */
const LOST_AFTER = '1 minute';

export interface ReconcilerDeps {
  database: Database;
  queues: StageQueues;
  log: Logger;
}

/** One pass over all that is active. Does nothing while another process is at it. */
export async function reconcile(deps: ReconcilerDeps): Promise<void> {
  const { pool, locks } = deps.database;
  await locks.tryHold(LOCK_KEYS.reconcile, async () => {
    for (const flow of deps.queues.flows) {
      for (const active of await listActive(flow, pool)) await repairOwner(deps, flow, active);
      await markLostAttempts(flow, pool, LOST_AFTER);
    }
  });
}

/**
 * Makes every pass now and then every `intervalMs` until it is closed; one that fails keeps none of the
 * others.
 */
export function openReconciler(options: {
  passes: readonly (() => Promise<void>)[];
  log: Logger;
  intervalMs: number;
}): { close(): Promise<void> } {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      for (const pass of options.passes) {
        try {
          await pass();
        } catch (thrown) {
          options.log.warn({ err: toError(thrown) }, 'reconciling or upkeep failed; it is tried again');
        }
      }
      await sleep(options.intervalMs, stopping.signal).catch(() => undefined);
    }
  };
  const running = run();
  return {
    close: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function repairOwner(deps: ReconcilerDeps, flow: Flow, active: ActiveOwner): Promise<void> {
  const { queues, log } = deps;
  const { pool } = deps.database;
  const { id: ownerId } = active;
  const owner = ownerOf(flow, active.row);
  const decide = async (): Promise<{ repairs: Repair[]; picture: string }> => {
    const statuses = await readStatuses(flow, pool, ownerId);
    const open: string[] = [];
    const repairs = await decideRepairs({
      flow,
      ownerId,
      owner,
      statuses,
      wasEnqueued: active.wasEnqueued,
      losses: active.losses,
      numbered: async (stage, window) => {
        const parts = await readNumbered(flow, pool, { ownerId, stage, window });
        open.push(...parts.map(({ part, status }) => `${stage}/${part},${status}`));
        return parts;
      },
      placeOf: (work) => queues.stateOf(work),
    });
    return { repairs, picture: [...[...statuses].map(String), ...open].toSorted().join() };
  };

  const first = await decide();
  if (first.repairs.length === 0) return;
  // The picture of PostgreSQL was taken before that of the queues and may have been overtaken: act on what
  // still holds.
  const second = await decide();
  if (first.picture !== second.picture || JSON.stringify(first.repairs) !== JSON.stringify(second.repairs))
    return;
  log.warn({ [flow.name]: ownerId, repairs: second.repairs }, `an active ${flow.name} needs repair`);
  // Counted first: a count that is too high ends a loop sooner, one that is missing would never end it.
  if (second.repairs.some((repair) => 'isLoss' in repair && repair.isLoss))
    await countLoss(flow, pool, ownerId);
  for (const repair of second.repairs) await makeRepair(deps, { flow, ownerId, owner }, repair);
}

async function makeRepair(
  { database: { pool }, queues }: ReconcilerDeps,
  { flow, ownerId, owner }: { flow: Flow; ownerId: string; owner: unknown },
  repair: Repair,
): Promise<void> {
  const { stage } = repair;
  const part = 'part' in repair ? repair.part : '';
  const work = { ownerId, stage, part };
  const errorOf = (message: string, of: string): StoredError => ({
    code: 'internal',
    message,
    stage,
    ...(of !== '' && { [flow.tables.part]: of }),
  });
  switch (repair.kind) {
    case 'enqueue':
      await queues.enqueue(work);
      await noteEnqueued(flow, pool, ownerId);
      return;
    case 'enqueue-fan-out': {
      const parts = partsOf(flow, stage, owner);
      if (repair.isLoss) {
        // One that has ended would leave the new parent waiting; what it brought is in PostgreSQL.
        for (const one of parts) await queues.remove({ ...work, part: one });
      }
      await queues.enqueueFanOut(ownerId, stage, parts);
      return;
    }
    case 'requeue':
      await queues.remove(work);
      await queues.enqueue(work);
      return;
    case 'fail-parts':
      for (const lost of repair.parts)
        await failPart(flow, pool, { ...work, part: lost.part }, errorOf(lost.reason, lost.part));
      return;
    case 'close':
      await failOwner(flow, pool, ownerId, errorOf(repair.reason, part));
      return;
    default:
      repair satisfies never;
  }
}
