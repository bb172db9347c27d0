/** What to do about one active run, from what PostgreSQL knows and where its jobs are. Pure, so that every case can be told by a test. */
import type { JobState } from 'bullmq';
import type { Stage } from '../../core/config/index.ts';
import type { StageStatus } from '../../db/index.ts';

export type JobPlace = JobState | 'unknown';
type SingleStage = Exclude<Stage, 'train-model'>;

export interface RunFacts {
  /** Whether the first job is known to have reached its queue. */
  wasEnqueued: boolean;
  /** How often jobs of the run were brought back already. */
  losses: number;
  candidates: readonly string[];
  /** Status of a stage that some worker has begun. */
  statusOf(stage: Stage, candidate?: string): StageStatus | undefined;
  /** Where its job is. */
  jobOf(stage: Stage, candidate?: string): Promise<JobPlace>;
}

export type Repair =
  | { kind: 'nothing' }
  /** The job never was in its queue: a worker died between commit and enqueue. Or, `isLoss`, it was there and the queue has lost it. */
  | { kind: 'enqueue'; stage: SingleStage; isLoss: boolean }
  | { kind: 'enqueue-training'; isLoss: boolean }
  /** The job is there but will never run again: take it out and add it anew. */
  | { kind: 'requeue'; stage: SingleStage }
  | { kind: 'fail-candidates'; candidates: { candidate: string; reason: string }[] }
  | { kind: 'close'; stage: Stage; reason: string };

/** A queue that loses jobs more often than this is not being restored; something empties it. */
const MOST_LOSSES = 5;
const NOTHING: Repair = { kind: 'nothing' };
const ORDER = ['generate-data', 'version-data', 'register-model', 'summarize-run'] as const;

export async function decideRepair(facts: RunFacts): Promise<Repair> {
  const current = ORDER.find((stage) => facts.statusOf(stage) !== 'succeeded');
  if (current === undefined) return NOTHING;
  if (facts.statusOf(current) === 'failed') {
    return { kind: 'close', stage: current, reason: `${current} has failed` };
  }
  if (current === 'register-model' && facts.statusOf(current) === undefined)
    return await decideTraining(facts);
  return await decideSingle(facts, current);
}

async function decideSingle(facts: RunFacts, stage: SingleStage): Promise<Repair> {
  const place = await facts.jobOf(stage);
  switch (place) {
    case 'completed':
      return { kind: 'requeue', stage };
    case 'failed':
      return { kind: 'close', stage, reason: `the job of ${stage} has used up its attempts` };
    case 'unknown':
      if (facts.statusOf(stage) === undefined && !(await wasHandedOn(facts, stage))) {
        return { kind: 'enqueue', stage, isLoss: false };
      }
      return isLostForGood(facts)
        ? closeLost(stage, `the job of ${stage} is`)
        : { kind: 'enqueue', stage, isLoss: true };
    case 'active':
    case 'waiting':
    case 'delayed':
    case 'prioritized':
    case 'waiting-children':
      return NOTHING;
    default:
      return place satisfies never;
  }
}

/** A job completes only after it has handed on, so a completed (or vanished) predecessor means that the job was there once. */
async function wasHandedOn(facts: RunFacts, stage: SingleStage): Promise<boolean> {
  if (stage === 'generate-data') return facts.wasEnqueued;
  const before = ORDER[ORDER.indexOf(stage) - 1] ?? 'generate-data';
  const place = await facts.jobOf(before);
  return place === 'completed' || place === 'unknown';
}

async function decideTraining(facts: RunFacts): Promise<Repair> {
  const parent = await facts.jobOf('register-model');
  if (parent === 'unknown') {
    if (!(await wasHandedOn(facts, 'register-model'))) return { kind: 'enqueue-training', isLoss: false };
    return isLostForGood(facts)
      ? closeLost('register-model', 'the jobs of the training are')
      : { kind: 'enqueue-training', isLoss: true };
  }
  const lost: { candidate: string; reason: string }[] = [];
  let anyJobLeft = false;
  for (const candidate of facts.candidates) {
    const place = await facts.jobOf('train-model', candidate);
    const ended = ['succeeded', 'failed', 'cancelled'].includes(
      facts.statusOf('train-model', candidate) ?? '',
    );
    if (place !== 'completed' && place !== 'failed' && place !== 'unknown') anyJobLeft = true;
    else if (!ended) lost.push({ candidate, reason: describeLoss(place) });
  }
  if (lost.length > 0) return { kind: 'fail-candidates', candidates: lost };
  // All children have ended and yet the parent waits for them: their release was lost.
  if (parent === 'waiting-children')
    return anyJobLeft ? NOTHING : { kind: 'requeue', stage: 'register-model' };
  return await decideSingle(facts, 'register-model');
}

function isLostForGood({ losses }: RunFacts): boolean {
  return losses >= MOST_LOSSES;
}

function closeLost(stage: Stage, subject: string): Repair {
  const reason = `${subject} gone from the queues again, after jobs of this run were brought back ${MOST_LOSSES} times: find what empties the queues, then replay the run`;
  return { kind: 'close', stage, reason };
}

function describeLoss(place: 'completed' | 'failed' | 'unknown'): string {
  switch (place) {
    case 'completed':
      return 'its job ended without leaving a result';
    case 'failed':
      return 'its job has used up its attempts';
    case 'unknown':
      return 'its job is gone from the queue';
    default:
      return place satisfies never;
  }
}
