/**
 * What to do about an active run or prediction job whose queue jobs do not match its state: a function of
 * what both know.
 */
import type { JobState } from 'bullmq';
import {
  chooseDue,
  childrenOf,
  declarationOf,
  parentOf,
  partsOf,
  statusKey,
  type DueWork,
  type Flow,
  type Statuses,
  type WorkKey,
} from '../../queues/index.ts';

export type JobPlace = JobState | 'unknown';

export interface OwnerFacts<O> {
  flow: Flow<O>;
  ownerId: string;
  owner: O;
  /** Whether the first queue job was handed over. */
  wasEnqueued: boolean;
  /** How often lost queue jobs were brought back so far. */
  losses: number;
  statuses: Statuses;
  /** Open parts of a numbered fan-out whose turn it is. */
  numbered(stage: string, window: number): Promise<DueWork[]>;
  placeOf(work: WorkKey): Promise<JobPlace>;
}

/** `isLoss`: it was in its queue before; such repairs are counted and come to an end. */
export type Repair =
  | { kind: 'enqueue'; stage: string; part: string; isLoss: boolean }
  /** It ended in its queue without a result: its id is freed first. */
  | { kind: 'requeue'; stage: string; part: string }
  /** The listed fan-out and its parent. */
  | { kind: 'enqueue-fan-out'; stage: string; isLoss: boolean }
  /** These can bring no result any more; the others go on. */
  | { kind: 'fail-parts'; stage: string; parts: { part: string; reason: string }[] }
  /** Nothing can finish it. */
  | { kind: 'close'; stage: string; part: string; reason: string };

/** Jobs lost more often than this are not being restored; something empties the queues. */
const MOST_LOSSES = 5;

export async function decideRepairs<O>(facts: OwnerFacts<O>): Promise<Repair[]> {
  const { flow } = facts;
  const repairs: Repair[] = [];
  const fanOuts = new Set<string>();
  for (const work of await chooseDue(flow, facts)) {
    // A listed fan-out and the parent that waits for it are one: their queue jobs are added and lost
    // together.
    const fanOut =
      parentOf(flow, work.stage) === undefined
        ? work.status === undefined
          ? childrenOf(flow, work.stage)
          : undefined
        : work.stage;
    if (fanOut === undefined) repairs.push(...(await decideSingle(facts, work)));
    else if (!fanOuts.has(fanOut)) {
      fanOuts.add(fanOut);
      repairs.push(...(await decideFanOut(facts, fanOut)));
    }
  }
  const closing = repairs.find(({ kind }) => kind === 'close');
  return closing === undefined ? repairs : [closing];
}

async function decideSingle<O>(facts: OwnerFacts<O>, work: DueWork): Promise<Repair[]> {
  const { stage, part, status } = work;
  const what = part === '' ? stage : `${stage} ${part}`;
  if (status === 'failed') return [{ kind: 'close', stage, part, reason: `${what} has failed` }];
  const place = await facts.placeOf(work);
  switch (place) {
    case 'completed':
      return [{ kind: 'requeue', stage, part }];
    case 'failed':
      // One that waits was freed after its failure, as when a job is resumed.
      return status === 'waiting'
        ? [{ kind: 'requeue', stage, part }]
        : [{ kind: 'close', stage, part, reason: `the job of ${what} has used up its attempts` }];
    case 'unknown': {
      const isLoss = (status !== undefined && status !== 'waiting') || (await wasHandedOver(facts, work));
      return isLoss && isLostForGood(facts)
        ? [closeLost(facts, work, `the job of ${what} is`)]
        : [{ kind: 'enqueue', stage, part, isLoss }];
    }
    case 'active':
    case 'waiting':
    case 'delayed':
    case 'prioritized':
    case 'waiting-children':
      return [];
    default:
      return place satisfies never;
  }
}

/**
 * A queue job completes only after it has enqueued what comes next: one before it that is completed, or gone,
 * says that it was there once.
 */
async function wasHandedOver<O>(facts: OwnerFacts<O>, { ownerId, stage, part }: WorkKey): Promise<boolean> {
  const { flow, owner } = facts;
  const declared = declarationOf(flow, stage);
  const window = declared.window?.(owner) ?? Infinity;
  const before =
    part !== '' && Number(part) >= window
      ? { ownerId, stage, part: String(Number(part) - window) }
      : { ownerId, stage: declared.after[0], part: '' };
  if (before.stage === undefined) return facts.wasEnqueued;
  // Which of the parts enqueued this one is not known.
  if (before.part === '' && declarationOf(flow, before.stage).each !== undefined) return false;
  const place = await facts.placeOf({ ...before, stage: before.stage });
  return place === 'completed' || place === 'unknown';
}

async function decideFanOut<O>(facts: OwnerFacts<O>, stage: string): Promise<Repair[]> {
  const { flow, ownerId, owner, statuses } = facts;
  const parent: WorkKey = { ownerId, stage: parentOf(flow, stage) ?? '', part: '' };
  const parentPlace = await facts.placeOf(parent);
  if (parentPlace === 'unknown') {
    const isLoss = await wasHandedOver(facts, { ownerId, stage, part: '' });
    return isLoss && isLostForGood(facts)
      ? [closeLost(facts, parent, `the jobs of ${stage} are`)]
      : [{ kind: 'enqueue-fan-out', stage, isLoss }];
  }
  const lost: { part: string; reason: string }[] = [];
  let anyJobLeft = false;
  for (const part of partsOf(flow, stage, owner)) {
    const place = await facts.placeOf({ ownerId, stage, part });
    const hasEnded = ['succeeded', 'failed', 'cancelled'].includes(
      statuses.get(statusKey(stage, part)) ?? '',
    );
    if (place !== 'completed' && place !== 'failed' && place !== 'unknown') anyJobLeft = true;
    else if (!hasEnded) lost.push({ part, reason: describeLoss(place) });
  }
  if (lost.length > 0) return [{ kind: 'fail-parts', stage, parts: lost }];
  // All children have ended and yet the parent waits for them: their release was lost.
  if (parentPlace === 'waiting-children')
    return anyJobLeft ? [] : [{ kind: 'requeue', stage: parent.stage, part: '' }];
  return await decideSingle(facts, { ...parent, status: statuses.get(statusKey(parent.stage)) });
}

function isLostForGood({ losses }: { losses: number }): boolean {
  return losses >= MOST_LOSSES;
}

function closeLost<O>({ flow }: OwnerFacts<O>, { stage, part }: WorkKey, subject: string): Repair {
  const reason = `${subject} gone from the queues again, after jobs of this ${flow.name} were brought back ${MOST_LOSSES} times: find what empties the queues, then ${flow.remedy}`;
  return { kind: 'close', stage, part, reason };
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
