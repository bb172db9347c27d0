/**
 * Starting, cancelling and replaying runs. That at most one is active is kept by an index in PostgreSQL, not
 * by this code.
 */
import type { DatabaseError } from 'pg';
import { sleep, type Clock } from '../core/clock.ts';
import type { Config } from '../core/config/index.ts';
import { AppError, toAppError, toError } from '../core/errors.ts';
import { createRunId } from '../core/ids.ts';
import type { Database, DbTransaction, RunTrigger } from '../db/index.ts';
import { readRecipe } from '../ml/index.ts';
import type { StageQueues } from './stage-queues.ts';
import { readPause } from './schedule-state.ts';
import { enqueueDue, listDue } from './due.ts';
import { ownerOf } from './flow.ts';
import { listActive, noteEnqueued, stopOwner } from './owners.ts';
import { adoptResults, type ReplayPlan } from './replay.ts';
import { RUN, type RunStage } from './run-flow.ts';
import { resolveRunOptions, runOptionsSchema, type RunOptions, type RunRequest } from './run-options.ts';

const ACTIVE_INDEX = 'pipeline_runs_one_active';
const UNIQUE_VIOLATION = '23505';
/** Whoever asks for a run waits so long for a queue that is coming back. */
const PATIENCE_MS = 5000;
const ASK_AGAIN_MS = 200;

export interface RunStarter {
  /**
   * Starts a run; the options that the request leaves open come from the configuration.
   * @throws AppError `conflict` with `details.activeRunId` while a run is active; `invalid-input` for options
   * that cannot be used, `invalid-config` for a candidate whose settings its recipe refuses; `unavailable`
   * when the queue takes no job
   */
  startRun(start: {
    trigger: RunTrigger;
    request?: RunRequest;
    /**
     * Whether an outsider made the request: an address that it names is then held to the destination policy.
     */
    cameOverHttp?: boolean;
  }): Promise<{ runId: string }>;
  /**
   * Starts a run of a scheduled slot; a slot starts one run, however often it is asked.
   * @throws AppError `unavailable` when the queue takes no job: the run stays active, and the next call or
   *   the reconciler enqueues it
   */
  startScheduledRun(slot: Date): Promise<ScheduledStart>;
  /**
   * The same again under a new id, or as `planReplay` has planned it. @throws AppError `not-found`, and
   * whatever `startRun` throws
   */
  replayRun(runId: string, plan?: ReplayPlan): Promise<{ runId: string }>;
  /**
   * Closes the run at once; its workers stop within a second or so. @throws AppError `not-found`; `conflict`
   * when it has ended
   */
  cancelRun(runId: string): Promise<void>;
}

export type ScheduledStart = { outcome: 'started'; runId: string } | { outcome: 'skipped'; reason: string };

export function createRunStarter(deps: {
  database: Database;
  queues: StageQueues;
  config: Pick<Config, 'data' | 'pipeline' | 'model' | 'gate'>;
  clock: Clock;
}): RunStarter {
  const { database, queues, config, clock } = deps;
  const { db } = database;

  const start = async (run: {
    trigger: RunTrigger;
    options: RunOptions;
    replayOf?: string;
    adopted?: readonly RunStage[];
  }): Promise<{ runId: string }> => {
    await checkCandidates(run.options);
    const runId = createRunId(clock.now());
    const { adopted = [], replayOf } = run;
    await orActiveConflict(database, () =>
      db.transaction().execute(async (trx) => {
        await trx
          .insertInto('pipeline_runs')
          .values({
            id: runId,
            trigger: run.trigger,
            options: JSON.stringify(run.options),
            replay_of: replayOf ?? null,
          })
          .execute();
        if (replayOf !== undefined && adopted.length > 0)
          await adoptResults(trx, { runId, from: replayOf, stages: adopted });
      }),
    );
    try {
      await enqueueFirst(database, queues, runId, PATIENCE_MS);
    } catch (error) {
      // Closed again, so that the caller may simply try once more; unless the reconciler reached the queue
      // meanwhile.
      if (await closeUnqueued(database, runId, toAppError(error))) throw error;
    }
    return { runId };
  };

  return {
    startRun: async ({ trigger, request = {}, cameOverHttp = false }) =>
      await start({ trigger, options: resolveRunOptions(config, request, cameOverHttp) }),

    startScheduledRun: async (slot) => {
      const options = resolveRunOptions(config, {}, false);
      await checkCandidates(options);
      const runId = createRunId(clock.now());
      const claimed = await db.transaction().execute((trx) => claimSlot(trx, { slot, runId, options }));
      // Nobody asks again for a slot whose run was closed: a run that could not be enqueued waits for the
      // next try.
      if (claimed.outcome === 'started') await enqueueFirst(database, queues, claimed.runId);
      return claimed;
    },

    replayRun: async (runId, plan) => {
      if (plan !== undefined) return await start({ trigger: 'replay', replayOf: runId, ...plan });
      const original = await db
        .selectFrom('pipeline_runs')
        .select('options')
        .where('id', '=', runId)
        .executeTakeFirst();
      if (original === undefined) throw noSuchRun(runId);
      const options = runOptionsSchema.parse(original.options);
      return await start({ trigger: 'replay', options, replayOf: runId });
    },

    cancelRun: async (runId) => await stopOwner(RUN, database.pool, runId, noSuchRun),
  };
}

/** @param patienceMs how long a queue that refuses is asked again, as a Redis that is just coming back */
async function enqueueFirst(
  database: Database,
  queues: StageQueues,
  runId: string,
  patienceMs = 0,
): Promise<void> {
  const giveUpAt = Date.now() + patienceMs;
  const [run] = (await listActive(RUN, database.pool)).filter(({ id }) => id === runId);
  if (run === undefined) return;
  const owner = ownerOf(RUN, run.row);
  for (;;) {
    try {
      await enqueueDue(RUN, queues, owner, await listDue(RUN, database.pool, runId, owner));
      break;
    } catch (cause) {
      if (Date.now() >= giveUpAt) {
        const message = `the queue took no job (${toError(cause).message}): check that ${queues.backend.kind === 'redis' ? 'Redis' : 'PostgreSQL'} answers`;
        throw new AppError('unavailable', message, { cause });
      }
      await sleep(ASK_AGAIN_MS);
    }
  }
  await noteEnqueued(RUN, database.pool, runId);
}

/** @returns false when the first queue job has been handed over by somebody else */
async function closeUnqueued(
  database: Database,
  runId: string,
  { code, message }: AppError,
): Promise<boolean> {
  const { numUpdatedRows } = await database.db
    .updateTable('pipeline_runs')
    .set({ status: 'failed', finished_at: new Date(), error: JSON.stringify({ code, message }) as never })
    .where('id', '=', runId)
    .where('status', '=', 'active')
    .where('enqueued_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Whether candidates can be trained, asked before a run takes the slot and builds a dataset for them.
 * @throws AppError `invalid-config` naming the candidate and what its recipe refuses
 */
export async function checkCandidates({
  candidates,
  model,
}: Pick<RunOptions, 'candidates' | 'model'>): Promise<void> {
  for (const { name, recipe, settings } of candidates) {
    await readRecipe(model.recipes, recipe, settings).catch((cause: unknown) => {
      const { code, message } = toAppError(cause);
      throw new AppError(code, `the candidate "${name}" cannot be trained: ${message}`, {
        cause,
        details: { field: 'candidates', candidate: name },
      });
    });
  }
}

async function claimSlot(
  trx: DbTransaction,
  claim: { slot: Date; runId: string; options: RunOptions },
): Promise<ScheduledStart> {
  const tick = await trx
    .insertInto('schedule_ticks')
    .values({ slot: claim.slot, outcome: 'skipped', run_id: null, reason: null })
    .onConflict((conflict) => conflict.column('slot').doNothing())
    .executeTakeFirst();
  if (tick.numInsertedOrUpdatedRows === 0n) {
    const run = await trx
      .selectFrom('pipeline_runs')
      .select(['id', 'status', 'enqueued_at'])
      .where('slot', '=', claim.slot)
      .executeTakeFirst();
    // The run of this slot was made, but its maker could not enqueue it, or died before it did.
    if (run?.status === 'active' && run.enqueued_at === null) return { outcome: 'started', runId: run.id };
    return { outcome: 'skipped', reason: 'another worker has handled this slot' };
  }
  if ((await readPause(trx))?.paused === true) {
    const skipped: ScheduledStart = { outcome: 'skipped', reason: 'the schedule is paused' };
    await trx.updateTable('schedule_ticks').set(skipped).where('slot', '=', claim.slot).execute();
    return skipped;
  }
  // ON CONFLICT on the index rather than a caught error: an error would spoil the transaction.
  const inserted = await trx
    .insertInto('pipeline_runs')
    .values({
      id: claim.runId,
      trigger: 'schedule',
      options: JSON.stringify(claim.options),
      slot: claim.slot,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('number')
    .executeTakeFirst();
  const active = inserted === undefined ? await findActive(trx) : undefined;
  const decided: ScheduledStart =
    inserted === undefined
      ? { outcome: 'skipped', reason: `run ${active ?? '(just ended)'} was active` }
      : { outcome: 'started', runId: claim.runId };
  if (inserted !== undefined) await varySeed(trx, claim.runId, claim.options, inserted.number);
  await trx
    .updateTable('schedule_ticks')
    .set(
      decided.outcome === 'started'
        ? { outcome: 'started', run_id: decided.runId }
        : { outcome: 'skipped', reason: decided.reason },
    )
    .where('slot', '=', claim.slot)
    .execute();
  return decided;
}

/**
 * Every day's synthetic records would be the same ones; a scheduled run adds its number to the seed, and
 * keeps the sum for replays.
 */
async function varySeed(
  trx: DbTransaction,
  runId: string,
  options: RunOptions,
  runNumber: number,
): Promise<void> {
  const { source } = options.data;
  const seed = (source.seed + runNumber) % 2 ** 31;
  await trx
    .updateTable('pipeline_runs')
    .set({ options: JSON.stringify({ ...options, data: { ...options.data, source: { ...source, seed } } }) })
    .where('id', '=', runId)
    .execute();
}

async function orActiveConflict<T>(database: Database, insert: () => Promise<T>): Promise<T> {
  try {
    return await insert();
  } catch (cause) {
    const { code, constraint } = cause as DatabaseError;
    if (code !== UNIQUE_VIOLATION || constraint !== ACTIVE_INDEX) throw cause;
    const activeRunId = await findActive(database.db);
    throw new AppError(
      'conflict',
      activeRunId === undefined
        ? 'another run was active a moment ago: try again'
        : `run ${activeRunId} is active: wait for it, or cancel it`,
      { cause, details: { activeRunId: activeRunId ?? null } },
    );
  }
}

async function findActive(db: Pick<Database['db'], 'selectFrom'>): Promise<string | undefined> {
  const run = await db
    .selectFrom('pipeline_runs')
    .select('id')
    .where('status', '=', 'active')
    .executeTakeFirst();
  return run?.id;
}

function noSuchRun(runId: string): AppError {
  return new AppError('not-found', `there is no run ${runId}: \`copyloop runs\` lists them`);
}
