/** The stages of a pipeline run, as the attempt loop works on them. */
import type { Job, Processor } from 'bullmq';
import type { Clock } from '../../core/clock.ts';
import type { Config, Stage } from '../../core/config/index.ts';
import type { Logger } from '../../core/log.ts';
import {
  beginAttempt,
  CATALOGUE,
  commitResult,
  describeStage,
  endAttempt,
  jobId,
  nextStep,
  runOptionsSchema,
  storeError,
  type Attempt,
  type RunOptions,
  type StageKey,
  type StagePayload,
  type StageQueues,
  type StageResult,
} from '../../queues/index.ts';
import {
  createAttemptProcessor,
  parsePayload,
  type Attempting,
  type Begun,
  type Work,
} from './attempt-loop.ts';
import type { StageContext, StageHandler, StageServices } from './context.ts';
import { createStageContext } from './create-context.ts';
import type { RunningAttempts } from './running-attempts.ts';

export interface LoopDeps {
  queues: StageQueues;
  services: StageServices;
  config: Config['queues'];
  running: RunningAttempts;
  workerId: string;
  log: Logger;
  clock: Clock;
}

export function createStageProcessor<S extends Stage>(
  stage: S,
  handler: StageHandler<S>,
  deps: LoopDeps,
): Processor {
  const { queues, workerId } = deps;
  const { pool } = deps.services.database;
  // Options never change once the run is made; a worker mostly sees jobs of one run.
  let known: { runId: string; options: RunOptions } | undefined;
  const optionsOf = (runId: string, stored: unknown): RunOptions => {
    if (known?.runId !== runId) known = { runId, options: runOptionsSchema.parse(stored) };
    return known.options;
  };

  const openWork = (job: Job): Work<StageResult<S>> => {
    const payload = parsePayload(CATALOGUE[stage].payload, job) as StagePayload<S>;
    const key: StageKey = {
      runId: payload.runId,
      stage,
      candidate: 'candidate' in payload ? payload.candidate : '',
    };
    const log = deps.log.child({
      run: key.runId,
      stage,
      ...(key.candidate !== '' && { candidate: key.candidate }),
    });
    let options: RunOptions | undefined;

    const open = (attempt: Attempt, run: StageContext['run']): Attempting<StageResult<S>> => ({
      number: attempt.attempt,
      timeoutMs: deps.config.timeoutsMs[stage],
      handle: async ({ signal }) => {
        const context = createStageContext({
          attempt,
          run,
          signal,
          services: deps.services,
          clock: deps.clock,
          log,
          reportToQueue: (fraction) => job.updateProgress(Math.round(100 * fraction)),
        });
        return CATALOGUE[stage].result.parse(await handler(payload, context)) as StageResult<S>;
      },
      commit: (result) => commitResult(pool, attempt, result),
      end: ({ error, ...end }) => endAttempt(pool, attempt, { ...end, error: storeError(error, attempt) }),
    });
    const begin = async (): Promise<Begun<StageResult<S>>> => {
      const begun = await beginAttempt(pool, key, workerId);
      if (begun === undefined || begun.runStatus !== 'active')
        return { kind: 'over', status: begun?.runStatus ?? 'missing' };
      options = optionsOf(key.runId, begun.options);
      if (begun.attempt === null) {
        return begun.previous === 'succeeded'
          ? { kind: 'done', result: begun.result }
          : { kind: 'ended', status: String(begun.previous) };
      }
      const attempt: Attempt = { ...key, attempt: begun.attempt };
      const run = { id: key.runId, number: begun.runNumber, trigger: begun.trigger, options };
      return { kind: 'begun', attempt: open(attempt, run) };
    };

    return {
      subject: {
        owner: 'run',
        ownerId: key.runId,
        queueJobId: jobId(key.runId, stage, key.candidate),
        description: describeStage(key),
        timeoutSetting: `queues.timeoutsMs.${stage}`,
      },
      log,
      begin,
      handOn: async (isRepeat) => {
        if (options !== undefined) await handOn(queues, key, options, isRepeat);
      },
    };
  };
  return createAttemptProcessor(openWork, deps.running);
}

async function handOn(
  queues: StageQueues,
  key: StageKey,
  options: RunOptions,
  isRepeat: boolean,
): Promise<void> {
  const next = nextStep(key.stage);
  switch (next.kind) {
    case 'none':
      return;
    case 'stage':
      await queues.enqueueStage(next.stage, key.runId);
      return;
    case 'training':
      // A flow is added whole or not at all; adding a failed child again would leave its parent waiting for ever.
      if (isRepeat && (await queues.stateOf('register-model', key.runId)) !== 'unknown') return;
      await queues.enqueueTraining(
        key.runId,
        options.candidates.map(({ name }) => name),
      );
      return;
    default:
      next satisfies never;
  }
}
