/** The queues of the five stages, of `start-run` and of the steps of prediction jobs, and the only place that adds jobs to them. */
import type { FlowNestedLeafJob, FlowProducer, JobState, Queue } from 'bullmq';
import type { Config, Stage, WorkStage } from '../core/config/index.ts';
import type { Logger } from '../core/log.ts';
import type { QueueBackend } from './backend.ts';
import { CATALOGUE, jobId, jobOptions, QUEUE_NAMES, type QueueName, type StagePayload } from './run-flow.ts';
import { JOB_STEPS, NO_SHARD, stepJobId, type StepKey } from './job-flow.ts';

export interface StageQueues {
  readonly backend: QueueBackend;
  /** For Bull Board and for counting. */
  readonly queues: ReadonlyMap<QueueName, Queue>;
  enqueueStage(stage: Exclude<Stage, 'train-model'>, runId: string): Promise<void>;
  /** One `register-model` job that waits for one `train-model` job per candidate; each candidate may fail without the others. */
  enqueueTraining(runId: string, candidates: readonly string[]): Promise<void>;
  stateOf(stage: Stage, runId: string, candidate?: string): Promise<JobState | 'unknown'>;
  /** Takes a job out of its queue, so that its id can be used again. Nothing happens when it is running or gone. */
  removeJob(stage: Stage, runId: string, candidate?: string): Promise<void>;
  enqueueStep(step: StepKey): Promise<void>;
  stateOfStep(step: StepKey): Promise<JobState | 'unknown'>;
  /** As `removeJob`. */
  removeStep(step: StepKey): Promise<void>;
  /** Whether any process works on the queue. */
  hasWorkers(stage: WorkStage): Promise<boolean>;
  close(): Promise<void>;
}

export function openStageQueues(options: {
  backend: QueueBackend;
  config: Config['queues'];
  log: Logger;
}): StageQueues {
  const { backend, config, log } = options;
  const onError = (name: string) => (error: Error) => log.warn({ err: error, queue: name }, 'queue error');
  const queues = new Map<QueueName, Queue>();
  for (const name of QUEUE_NAMES) {
    const queue = backend.openQueue(name);
    queue.on('error', onError(name));
    queues.set(name, queue);
  }
  const flows: FlowProducer = backend.openFlowProducer();
  flows.on('error', onError('flows'));
  const common = jobOptions(config);

  const flowJob = <S extends Stage>(
    stage: S,
    payload: StagePayload<S>,
    candidate = '',
  ): FlowNestedLeafJob => ({
    name: stage,
    queueName: stage,
    data: CATALOGUE[stage].payload.parse(payload),
    opts: { ...common, jobId: jobId(payload.runId, stage, candidate) },
  });
  const queueOf = (stage: WorkStage): Queue => queues.get(stage) as Queue;

  return {
    backend,
    queues,
    enqueueStage: async (stage, runId) => {
      await flows.add(flowJob(stage, { runId }));
    },
    enqueueTraining: async (runId, candidates) => {
      const children = candidates.map((candidate): FlowNestedLeafJob => {
        const job = flowJob('train-model', { runId, candidate }, candidate);
        return { ...job, opts: { ...job.opts, ignoreDependencyOnFailure: true } };
      });
      await flows.add({ ...flowJob('register-model', { runId }), children });
    },
    stateOf: (stage, runId, candidate) => queueOf(stage).getJobState(jobId(runId, stage, candidate)),
    removeJob: async (stage, runId, candidate) => {
      await queueOf(stage).remove(jobId(runId, stage, candidate), { removeChildren: false });
    },
    enqueueStep: async (step) => {
      const { jobId, stage, shard } = step;
      await flows.add({
        name: stage,
        queueName: stage,
        data: JOB_STEPS[stage].payload.parse(shard === NO_SHARD ? { jobId } : { jobId, shard }),
        opts: { ...common, jobId: stepJobId(step) },
      });
    },
    stateOfStep: (step) => queueOf(step.stage).getJobState(stepJobId(step)),
    removeStep: async (step) => {
      await queueOf(step.stage).remove(stepJobId(step));
    },
    hasWorkers: async (stage) => (await queueOf(stage).getWorkersCount()) > 0,
    close: async () => {
      await flows.close();
      for (const queue of queues.values()) await queue.close();
    },
  };
}
