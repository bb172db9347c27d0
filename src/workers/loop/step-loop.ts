/** The steps of a prediction job, as the attempt loop works on them. */
import type { Job, Processor } from 'bullmq';
import type { JobStage } from '../../core/config/index.ts';
import { toError } from '../../core/errors.ts';
import type { CatalogueSource } from '../../data/index.ts';
import {
  beginStep,
  commitStep,
  describeStep,
  endStep,
  ensureEnqueued,
  JOB_STEPS,
  listDueSteps,
  NO_SHARD,
  predictOptionsSchema,
  saveRowsDone,
  stepJobId,
  type PredictJobOptions,
  type StageQueues,
  type StepAttempt,
  type StepBegin,
  type StepKey,
  type StepPayload,
  type StepResult,
} from '../../queues/index.ts';
import {
  createAttemptProcessor,
  parsePayload,
  type Attempting,
  type Begun,
  type Work,
} from './attempt-loop.ts';
import type { LoopDeps } from './stage-loop.ts';
import type { StepContext, StepHandler } from './step-context.ts';

/** Progress is written no more often than this. */
const PROGRESS_INTERVAL_MS = 500;

export function createStepProcessor<S extends JobStage>(
  stage: S,
  handler: StepHandler<S>,
  deps: LoopDeps,
): Processor {
  const { queues, services, workerId } = deps;
  const { db, pool } = services.database;

  const openWork = (job: Job): Work<StepResult<S>> => {
    const payload = parsePayload(JOB_STEPS[stage].payload, job) as StepPayload<S>;
    const key: StepKey & { stage: S } = {
      jobId: payload.jobId,
      stage,
      shard: 'shard' in payload ? payload.shard : NO_SHARD,
    };
    const log = deps.log.child({
      job: key.jobId,
      stage,
      ...(key.shard !== NO_SHARD && { shard: key.shard }),
    });
    let options: PredictJobOptions | undefined;

    const open = (
      attempt: StepAttempt & { stage: S },
      begun: StepBegin,
      options: PredictJobOptions,
    ): Attempting<StepResult<S>> => ({
      number: attempt.attempt,
      timeoutMs: deps.config.timeoutsMs[stage],
      handle: async ({ signal }) => {
        const context: StepContext = {
          job: {
            id: key.jobId,
            source: begun.source as CatalogueSource,
            options,
            model: { name: begun.modelName, version: begun.modelVersion },
            shards: begun.shards,
          },
          input: begun.input,
          attempt: attempt.attempt,
          log,
          signal,
          services,
          progress: createProgress(deps, attempt, job),
        };
        return JOB_STEPS[stage].result.parse(await handler(payload, context)) as StepResult<S>;
      },
      commit: (result) => commitStep(pool, attempt, result),
      end: (end) => endStep(pool, attempt, end),
    });
    const begin = async (): Promise<Begun<StepResult<S>>> => {
      const begun = await beginStep(pool, key, workerId);
      if (begun === undefined || begun.jobStatus !== 'active')
        return { kind: 'over', status: begun?.jobStatus ?? 'missing' };
      options = predictOptionsSchema.parse(begun.options);
      if (begun.attempt === null) {
        return begun.previous === 'succeeded'
          ? { kind: 'done', result: begun.result }
          : { kind: 'ended', status: String(begun.previous) };
      }
      return { kind: 'begun', attempt: open({ ...key, attempt: begun.attempt }, begun, options) };
    };

    return {
      subject: {
        owner: 'job',
        ownerId: key.jobId,
        queueJobId: stepJobId(key),
        description: describeStep(key),
        timeoutSetting: `queues.timeoutsMs.${stage}`,
      },
      log,
      begin,
      handOn: async () => {
        if (options !== undefined && stage !== 'join-shards')
          await handOn(db, queues, key, options.shardsInFlight);
      },
    };
  };
  return createAttemptProcessor(openWork, deps.running);
}

/** The split enqueues the first shards, a shard the one that its end makes due; the last one finds nothing but the join. */
async function handOn(
  db: LoopDeps['services']['database']['db'],
  queues: StageQueues,
  { jobId, stage, shard }: StepKey,
  shardsInFlight: number,
): Promise<void> {
  const due = await listDueSteps(db, jobId, shardsInFlight);
  const next = stage === 'predict-shard' ? shard + shardsInFlight : undefined;
  for (const step of due) {
    const isOurs = step.stage !== 'predict-shard' || next === undefined || step.shard === next;
    if (isOurs) await ensureEnqueued(queues, step);
  }
}

function createProgress(deps: LoopDeps, attempt: StepAttempt, job: Job): StepContext['progress'] {
  let lastMs = 0;
  return (rowsDone, rows) => {
    const now = Date.now();
    if (now - lastMs < PROGRESS_INTERVAL_MS) return;
    lastMs = now;
    Promise.all([
      saveRowsDone(deps.services.database.pool, attempt, rowsDone),
      job.updateProgress(rows === undefined ? { rows: rowsDone } : Math.round((100 * rowsDone) / rows)),
    ]).catch((error: unknown) => deps.log.debug({ err: toError(error) }, 'progress could not be written'));
  };
}
