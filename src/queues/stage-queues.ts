/** The queues of all stages and of `start-run`, and the only place that adds queue jobs to them. */
import type { FlowNestedLeafJob, FlowProducer, JobState, Queue } from 'bullmq';
import type { Config } from '../core/config/index.ts';
import { AppError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { QueueBackend } from './backend.ts';
import {
  BACKOFF_TYPE,
  parentOf,
  payloadOf,
  queueJobId,
  stageSettings,
  type Flow,
  type WorkKey,
} from './flow.ts';
import { flowOf, FLOWS, stageNames } from './flows.ts';

/** The internal queue that the schedule feeds. */
export const START_RUN_QUEUE = 'start-run';

export interface StageQueues {
  readonly backend: QueueBackend;
  readonly flows: readonly Flow[];
  /** By name, for Bull Board and for counting. */
  readonly queues: ReadonlyMap<string, Queue>;
  enqueue(work: WorkKey): Promise<void>;
  /**
   * One queue job of the stage after it, which waits for one of each part; each may fail without the others.
   */
  enqueueFanOut(ownerId: string, stage: string, parts: readonly string[]): Promise<void>;
  stateOf(work: WorkKey): Promise<JobState | 'unknown'>;
  /** Takes a queue job away, so that its id can be used again. Nothing happens when it is running or gone. */
  remove(work: WorkKey): Promise<void>;
  /** Whether any process works on the queue. */
  hasWorkers(stage: string): Promise<boolean>;
  close(): Promise<void>;
}

/** @throws AppError `invalid-config` for settings of a stage that there is not */
export function openStageQueues(options: {
  backend: QueueBackend;
  config: Config['queues'];
  log: Logger;
  flows?: readonly Flow[];
}): StageQueues {
  const { backend, config, log, flows = FLOWS } = options;
  refuseUnknownStages(flows, config);
  const onError = (name: string) => (error: Error) => log.warn({ err: error, queue: name }, 'queue error');
  const queues = new Map<string, Queue>();
  for (const name of [START_RUN_QUEUE, ...stageNames(flows)]) {
    const queue = backend.openQueue(name);
    queue.on('error', onError(name));
    queues.set(name, queue);
  }
  const producer: FlowProducer = backend.openFlowProducer();
  producer.on('error', onError('flows'));

  const flowJob = (work: WorkKey): FlowNestedLeafJob => {
    const flow = flowOf(flows, work.stage);
    return {
      name: work.stage,
      queueName: work.stage,
      data: payloadOf(flow, work),
      opts: {
        attempts: stageSettings(flow, work.stage, config).attempts,
        backoff: { type: BACKOFF_TYPE },
        removeOnComplete: { count: config.keepCompleted },
        removeOnFail: { count: config.keepFailed },
        jobId: queueJobId(work),
      },
    };
  };
  const queueOf = (stage: string): Queue => {
    const queue = queues.get(stage);
    if (queue === undefined) throw new AppError('internal', `there is no queue ${stage}`);
    return queue;
  };

  return {
    backend,
    flows,
    queues,
    enqueue: async (work) => {
      await producer.add(flowJob(work));
    },
    enqueueFanOut: async (ownerId, stage, parts) => {
      const parent = parentOf(flowOf(flows, stage), stage);
      if (parent === undefined) throw new AppError('internal', `${stage} is no listed fan-out`);
      const children = parts.map((part): FlowNestedLeafJob => {
        const job = flowJob({ ownerId, stage, part });
        return { ...job, opts: { ...job.opts, ignoreDependencyOnFailure: true } };
      });
      await producer.add({ ...flowJob({ ownerId, stage: parent, part: '' }), children });
    },
    stateOf: (work) => queueOf(work.stage).getJobState(queueJobId(work)),
    remove: async (work) => {
      await queueOf(work.stage).remove(queueJobId(work), { removeChildren: false });
    },
    hasWorkers: async (stage) => {
      const workers: { db?: string }[] = await queueOf(stage).getWorkers();
      const ours = backend.databaseNumber === null ? undefined : String(backend.databaseNumber);
      return workers.some(({ db }) => ours === undefined || db === undefined || db === ours);
    },
    close: async () => {
      await producer.close();
      for (const queue of queues.values()) await queue.close();
    },
  };
}

function refuseUnknownStages(flows: readonly Flow[], config: Config['queues']): void {
  const known = stageNames(flows);
  for (const key of ['timeoutsMs', 'concurrency'] as const) {
    const unknown = Object.keys(config[key]).find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new AppError(
        'invalid-config',
        `queues.${key} names "${unknown}"; the stages are ${known.join(', ')}`,
      );
  }
}
