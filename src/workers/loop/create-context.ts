import type { Clock } from '../../core/clock.ts';
import type { Stage } from '../../core/config/index.ts';
import { AppError, toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { CATALOGUE, saveProgress, type Attempt, type StageResult } from '../../queues/index.ts';
import type { CandidateOutcome, StageContext, StageServices } from './context.ts';

/** Progress is written no more often than this. */
const PROGRESS_INTERVAL_MS = 500;

export function createStageContext(options: {
  attempt: Attempt;
  run: StageContext['run'];
  signal: AbortSignal;
  services: StageServices;
  clock: Clock;
  log: Logger;
  /** Shows the share that is done, 0 to 1, on the queue's own pages as well. */
  reportToQueue: (fraction: number) => Promise<void>;
}): StageContext {
  const { attempt, run, signal, services, clock, log } = options;
  const { db, pool } = services.database;
  let lastReportMs = 0;

  return {
    run,
    attempt: attempt.attempt,
    log,
    signal,
    clock,
    services,
    progress: (fraction, message) => {
      const now = Date.now();
      if (now - lastReportMs < PROGRESS_INTERVAL_MS && fraction < 1) return;
      lastReportMs = now;
      Promise.all([
        saveProgress(pool, attempt, { fraction, message }),
        options.reportToQueue(fraction),
      ]).catch((error: unknown) => log.debug({ err: toError(error) }, 'progress could not be written'));
    },
    resultOf: async <S extends Exclude<Stage, 'train-model'>>(stage: S) => {
      const state = await db
        .selectFrom('stage_states')
        .select('result')
        .where('run_id', '=', run.id)
        .where('stage', '=', stage)
        .where('status', '=', 'succeeded')
        .executeTakeFirst();
      if (state === undefined) throw new AppError('internal', `${stage} of run ${run.id} has left no result`);
      return CATALOGUE[stage].result.parse(state.result) as StageResult<S>;
    },
    candidates: async () => {
      const states = await db
        .selectFrom('stage_states')
        .select(['candidate', 'status', 'result', 'error'])
        .where('run_id', '=', run.id)
        .where('stage', '=', 'train-model')
        .execute();
      return run.options.candidates.map(({ name }): CandidateOutcome => {
        const state = states.find((row) => row.candidate === name);
        const ended = state?.status === 'running' || state?.status === 'retrying' ? undefined : state?.status;
        return {
          candidate: name,
          status: ended ?? 'unfinished',
          result: ended === 'succeeded' ? CATALOGUE['train-model'].result.parse(state?.result) : null,
          error: state?.error?.message ?? null,
        };
      });
    },
  };
}
