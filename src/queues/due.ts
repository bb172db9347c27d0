/** Which steps of a job ought to be in their queues now, by PostgreSQL alone. Workers, the reconciler and a resumed job go by it. */
import { assertNever } from '../core/errors.ts';
import type { Db, StageStatus } from '../db/index.ts';
import type { StageQueues } from './stage-queues.ts';
import { NO_SHARD, type StepKey } from './job-flow.ts';

export interface DueStep extends StepKey {
  status: StageStatus | 'waiting';
}

/** The split until it has succeeded; then the unfinished shards whose turn it is; the join when there are none left. */
export async function listDueSteps(db: Db, jobId: string, shardsInFlight: number): Promise<DueStep[]> {
  const single = await db
    .selectFrom('prediction_job_steps')
    .select(['stage', 'status'])
    .where('job_id', '=', jobId)
    .where('shard', '=', NO_SHARD)
    .execute();
  const statusOf = (stage: string): DueStep['status'] | undefined =>
    single.find((row) => row.stage === stage)?.status;
  if (statusOf('split-catalogue') !== 'succeeded') {
    const status = statusOf('split-catalogue') ?? 'waiting';
    return [{ jobId, stage: 'split-catalogue', shard: NO_SHARD, status }];
  }
  const shards = await db
    .selectFrom('prediction_job_steps as step')
    .leftJoin('prediction_job_steps as before', (join) =>
      join
        .onRef('before.job_id', '=', 'step.job_id')
        .on('before.stage', '=', 'predict-shard')
        .on((eb) => eb('before.shard', '=', eb('step.shard', '-', shardsInFlight))),
    )
    .select(['step.shard', 'step.status'])
    .where('step.job_id', '=', jobId)
    .where('step.stage', '=', 'predict-shard')
    .where('step.status', '!=', 'succeeded')
    .where((eb) => eb.or([eb('before.status', '=', 'succeeded'), eb('before.status', 'is', null)]))
    .orderBy('step.shard')
    .execute();
  if (shards.length > 0) return shards.map((row) => ({ jobId, stage: 'predict-shard', ...row }));
  return [{ jobId, stage: 'join-shards', shard: NO_SHARD, status: statusOf('join-shards') ?? 'waiting' }];
}

/**
 * Puts a due step into its queue unless it is there. The picture of PostgreSQL may be overtaken meanwhile: a step that has ended since
 * is taken by a worker, which sees so and hands on again.
 * @returns `lost` when the queue gave the step up without a worker having said why: it must not run for ever
 */
export async function ensureEnqueued(
  queues: StageQueues,
  step: DueStep,
): Promise<'there' | 'added' | 'lost'> {
  const state = await queues.stateOfStep(step);
  switch (state) {
    case 'active':
    case 'waiting':
    case 'delayed':
    case 'prioritized':
    case 'waiting-children':
      return 'there';
    case 'failed':
      if (step.status !== 'waiting') return 'lost';
      break;
    case 'completed':
    case 'unknown':
      break;
    default:
      return assertNever(state);
  }
  if (state !== 'unknown') await queues.removeStep(step);
  await queues.enqueueStep(step);
  return 'added';
}
