/**
 * Compares the active run in PostgreSQL with its jobs in the queues, at start-up and again and again, and repairs what a crash has left:
 * jobs that never reached their queue, or that the queues have lost, are added; runs that nothing can finish are closed, so that no dead
 * run holds the slot.
 */
import { sleep } from '../../core/clock.ts';
import type { Stage } from '../../core/config/index.ts';
import { toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Database, Db, StageStatus, StoredError } from '../../db/index.ts';
import { runOptionsSchema, type StageQueues } from '../../queues/index.ts';
import { decideRepair, type JobPlace, type Repair, type RunFacts } from './reconcile-decision.ts';

/** Any constant: of all processes that reconcile, one does at a time. */
const LOCK_KEY = 7_265_003;
/** Attempts of an ended run that nobody has ended by then belonged to a worker that died. */
const LOST_AFTER = '1 minute';

interface ActiveRun {
  id: string;
  options: unknown;
  enqueued_at: Date | null;
  losses: number;
}

export interface ReconcilerDeps {
  database: Database;
  queues: StageQueues;
  log: Logger;
}

/** One pass over all active runs (there is at most one). Does nothing while another process is at it. */
export async function reconcile(deps: ReconcilerDeps): Promise<void> {
  const { db, locks } = deps.database;
  await locks.tryHold(LOCK_KEY, async () => {
    const runs = await db
      .selectFrom('pipeline_runs')
      .select(['id', 'options', 'enqueued_at', 'losses'])
      .where('status', '=', 'active')
      .execute();
    for (const run of runs) await repairRun(deps, run);
    await markLostAttempts(deps);
  });
}

/** Makes every pass now and then every `intervalMs` until it is closed; one that fails keeps none of the others. */
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

async function repairRun(deps: ReconcilerDeps, run: ActiveRun): Promise<void> {
  const { database, queues, log } = deps;
  const candidates = runOptionsSchema.parse(run.options).candidates.map(({ name }) => name);
  const decide = async (): Promise<{ repair: Repair; picture: string }> => {
    const statuses = await readStatuses(database.db, run.id);
    const facts: RunFacts = {
      wasEnqueued: run.enqueued_at !== null,
      losses: run.losses,
      candidates,
      statusOf: (stage, candidate = '') => statuses.get(`${stage}/${candidate}`),
      jobOf: async (stage, candidate): Promise<JobPlace> => await queues.stateOf(stage, run.id, candidate),
    };
    return { repair: await decideRepair(facts), picture: [...statuses].map(String).toSorted().join() };
  };

  const first = await decide();
  if (first.repair.kind === 'nothing') return;
  // The picture of PostgreSQL was taken before that of the queues and may have been overtaken: act on what still holds.
  const second = await decide();
  if (first.picture !== second.picture || JSON.stringify(first.repair) !== JSON.stringify(second.repair))
    return;
  const { repair } = second;
  log.warn({ run: run.id, repair }, 'an active run needs repair');

  switch (repair.kind) {
    case 'nothing':
      return;
    case 'enqueue':
      if (repair.isLoss) await countLoss(database, run.id);
      await queues.enqueueStage(repair.stage, run.id);
      await database.db
        .updateTable('pipeline_runs')
        .set({ enqueued_at: new Date() })
        .where('id', '=', run.id)
        .where('enqueued_at', 'is', null)
        .execute();
      return;
    case 'enqueue-training':
      if (repair.isLoss) {
        await countLoss(database, run.id);
        // One that has ended would leave the new parent waiting; what it brought is in PostgreSQL.
        for (const candidate of candidates) await queues.removeJob('train-model', run.id, candidate);
      }
      await queues.enqueueTraining(run.id, candidates);
      return;
    case 'requeue':
      await queues.removeJob(repair.stage, run.id);
      await queues.enqueueStage(repair.stage, run.id);
      return;
    case 'fail-candidates':
      for (const { candidate, reason } of repair.candidates) {
        await failCandidate(database, run.id, candidate, reason);
      }
      return;
    case 'close':
      await closeRun(database, run.id, { code: 'internal', message: repair.reason, stage: repair.stage });
      return;
    default:
      repair satisfies never;
  }
}

/** Counted first: a count that is too high ends a loop sooner, one that is missing would never end it. */
async function countLoss(database: Database, runId: string): Promise<void> {
  await database.pool.query('UPDATE pipeline_runs SET losses = losses + 1 WHERE id = $1', [runId]);
}

async function readStatuses(db: Db, runId: string): Promise<Map<string, StageStatus>> {
  const states = await db
    .selectFrom('stage_states')
    .select(['stage', 'candidate', 'status'])
    .where('run_id', '=', runId)
    .execute();
  return new Map(states.map((row) => [`${row.stage}/${row.candidate}`, row.status]));
}

async function failCandidate(
  database: Database,
  runId: string,
  candidate: string,
  reason: string,
): Promise<void> {
  const stage: Stage = 'train-model';
  const error: StoredError = { code: 'internal', message: reason, stage, candidate };
  await database.pool.query(
    `INSERT INTO stage_states (run_id, stage, candidate, status, attempts, worker_id, error, finished_at)
     VALUES ($1, $2, $3, 'failed', 0, 'reconciler', $4::jsonb, now())
     ON CONFLICT (run_id, stage, candidate) DO UPDATE
       SET status = 'failed', error = EXCLUDED.error, finished_at = now(), progress = NULL
       WHERE stage_states.status IN ('running', 'retrying')`,
    [runId, stage, candidate, JSON.stringify(error)],
  );
}

async function closeRun(database: Database, runId: string, error: StoredError): Promise<void> {
  await database.pool.query(
    `WITH run AS (
       UPDATE pipeline_runs SET status = 'failed', finished_at = now(), error = $2::jsonb
       WHERE id = $1 AND status = 'active' RETURNING id
     )
     UPDATE stage_states SET status = 'failed', error = $2::jsonb, finished_at = now(), progress = NULL
     FROM run WHERE stage_states.run_id = run.id AND stage_states.status IN ('running', 'retrying')`,
    [runId, JSON.stringify(error)],
  );
}

async function markLostAttempts(deps: ReconcilerDeps): Promise<void> {
  await deps.database.pool.query(
    `UPDATE stage_attempts SET outcome = 'lost', finished_at = now()
     FROM pipeline_runs AS run
     WHERE run.id = stage_attempts.run_id AND stage_attempts.outcome = 'running'
       AND run.finished_at < now() - $1::interval`,
    [LOST_AFTER],
  );
}
