/** Both kinds of durable work, and what the queue jobs of their stages carry and leave. */
import type { z } from 'zod';
import { AppError } from '../core/errors.ts';
import type { Flow } from './flow.ts';
import { JOB, type JobPayload, type JobStage } from './job-flow.ts';
import { RUN, type RunPayload, type RunStage } from './run-flow.ts';

export const FLOWS: readonly Flow[] = [RUN, JOB];

type Stages = (typeof RUN)['stages'] & (typeof JOB)['stages'];
export type Stage = RunStage | JobStage;
export type StageResult<S extends Stage> = z.infer<Stages[S]['result']>;
export type StagePayload<S extends Stage> = S extends RunStage
  ? RunPayload<S>
  : S extends JobStage
    ? JobPayload<S>
    : never;

export function stageNames(flows: readonly Flow[] = FLOWS): readonly string[] {
  return flows.flatMap(({ names }) => names);
}

/** Each stage has a queue of its name, so no two flows share one. */
export function flowOf(flows: readonly Flow[], stage: string): Flow {
  const flow = flows.find(({ names }) => names.includes(stage));
  if (flow === undefined) throw new AppError('internal', `there is no stage ${stage}`);
  return flow;
}
