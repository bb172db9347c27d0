/**
 * What ought to be in the queues now, by the declaration and PostgreSQL alone. Workers, the reconciler and a
 * resumed job go by it.
 */
import type { Pool } from 'pg';
import { assertNever } from '../core/errors.ts';
import {
  declarationOf,
  parentOf,
  partsOf,
  stagesAfter,
  type Flow,
  type StageDeclaration,
  type WorkKey,
} from './flow.ts';
import type { StageQueues } from './stage-queues.ts';
import type { WorkStatus } from './work-state.ts';

export interface DueWork extends WorkKey {
  /** undefined: nobody has begun it, and nothing was made for it. */
  status: WorkStatus | undefined;
}

/** Statuses of an owner's work by `statusKey`. */
export type Statuses = ReadonlyMap<string, WorkStatus>;

export function statusKey(stage: string, part = ''): string {
  return `${stage}/${part}`;
}

/**
 * Every stage that has not ended and of which all that it comes after has: itself, or those of its parts
 * whose turn it is.
 */
export async function listDue<O>(flow: Flow<O>, pool: Pool, ownerId: string, owner: O): Promise<DueWork[]> {
  const statuses = await readStatuses(flow, pool, ownerId);
  const numbered = async (stage: string, window: number): Promise<DueWork[]> =>
    await readNumbered(flow, pool, { ownerId, stage, window });
  return await chooseDue(flow, { ownerId, owner, statuses, numbered });
}

/** The decision itself. `numbered` is asked for the open parts of a numbered fan-out whose turn it is. */
export async function chooseDue<O>(
  flow: Flow<O>,
  facts: {
    ownerId: string;
    owner: O;
    statuses: Statuses;
    numbered: (stage: string, window: number) => Promise<DueWork[]>;
  },
): Promise<DueWork[]> {
  const { ownerId, owner, statuses, numbered } = facts;
  const ended = new Set<string>();
  const due: DueWork[] = [];
  for (const stage of flow.names) {
    const declared = flow.stages[stage] as StageDeclaration<O>;
    if (!declared.after.every((before) => ended.has(before))) continue;
    if (isPassed(flow, stage, statuses)) {
      ended.add(stage);
      continue;
    }
    const window = declared.window?.(owner);
    const works =
      window === undefined
        ? partsOf(flow, stage, owner).map((part): DueWork => ({
            ownerId,
            stage,
            part,
            status: statuses.get(statusKey(stage, part)),
          }))
        : await numbered(stage, window);
    const open = works.filter(({ status }) => !hasEnded(declared, status));
    if (open.length === 0) ended.add(stage);
    due.push(...open);
  }
  return due;
}

/** Whether a stage after it has begun: then it has ended, whatever became of parts that were lost. */
function isPassed<O>(flow: Flow<O>, stage: string, statuses: Statuses): boolean {
  return stagesAfter(flow, stage).some((after) => {
    const status = statuses.get(statusKey(after));
    return status !== undefined && status !== 'waiting';
  });
}

function hasEnded<O>({ mayFail = false }: StageDeclaration<O>, status: WorkStatus | undefined): boolean {
  return status === 'succeeded' || (mayFail && (status === 'failed' || status === 'cancelled'));
}

/** Of stages without parts and of listed parts, which are few. */
export async function readStatuses(flow: Flow, pool: Pool, ownerId: string): Promise<Statuses> {
  const { states, owner, part, noPart } = flow.tables;
  const numbered = flow.names.filter((stage) => declarationOf(flow, stage).window !== undefined);
  const { rows } = await pool.query<{ stage: string; part: string; status: WorkStatus }>({
    name: `${flow.name}-statuses`,
    text: `SELECT stage, ${part}::text AS part, status FROM ${states} WHERE ${owner} = $1 AND stage <> ALL ($2)`,
    values: [ownerId, numbered],
  });
  return new Map(rows.map((row) => [statusKey(row.stage, row.part === noPart ? '' : row.part), row.status]));
}

/**
 * Open parts of a numbered fan-out whose turn it is: the one a window before has succeeded, or there is none.
 */
export async function readNumbered(
  flow: Flow,
  pool: Pool,
  { ownerId, stage, window }: { ownerId: string; stage: string; window: number },
): Promise<DueWork[]> {
  const { states, owner, part } = flow.tables;
  const { rows } = await pool.query<{ part: string; status: WorkStatus }>({
    name: `${flow.name}-numbered`,
    text: `
SELECT state.${part}::text AS part, state.status
FROM ${states} AS state
LEFT JOIN ${states} AS before ON before.${owner} = state.${owner} AND before.stage = state.stage
  AND before.${part} = state.${part} - $3
WHERE state.${owner} = $1 AND state.stage = $2 AND state.status <> 'succeeded'
  AND (before.status = 'succeeded' OR before.status IS NULL)
ORDER BY state.${part}`,
    values: [ownerId, stage, window],
  });
  return rows.map((row) => ({ ownerId, stage, ...row }));
}

/**
 * Enqueues what the end of `key` makes due: the stages after it, and the part that was waiting for this one's
 * place in the window. Done twice it counts once.
 */
export async function enqueueNext<O>(
  flow: Flow<O>,
  { pool, queues }: { pool: Pool; queues: StageQueues },
  owner: O,
  key: WorkKey,
): Promise<void> {
  const plain = flow as Flow;
  const window = (flow.stages[key.stage] as StageDeclaration<O>).window?.(owner);
  const after = stagesAfter(plain, key.stage);
  // BullMQ releases the parent of a listed fan-out when the last of its children has ended.
  if (parentOf(plain, key.stage) !== undefined || (after.length === 0 && window === undefined)) return;
  if (window === undefined && after.every((stage) => isOnlyLink(plain, key.stage, stage))) {
    for (const stage of after) await queues.enqueue({ ownerId: key.ownerId, stage, part: '' });
    return;
  }
  const next = window === undefined ? undefined : String(Number(key.part) + window);
  const due = await listDue(flow, pool, key.ownerId, owner);
  await enqueueDue(
    flow,
    queues,
    owner,
    due.filter(({ stage, part }) => after.includes(stage) || (stage === key.stage && part === next)),
  );
}

/**
 * Whether the end of `before` alone makes `stage` due, and no part of either has to be looked up: then
 * neither PostgreSQL nor the queue is asked first, two round trips of every hand-over. A queue job that is
 * there already is left as it is.
 */
function isOnlyLink(flow: Flow, before: string, stage: string): boolean {
  const { after, each } = declarationOf(flow, stage);
  return after.length === 1 && each === undefined && declarationOf(flow, before).each === undefined;
}

/** Puts due work into its queues unless it is there; a listed fan-out goes whole, with its parent. */
export async function enqueueDue<O>(
  flow: Flow<O>,
  queues: StageQueues,
  owner: O,
  due: readonly DueWork[],
): Promise<void> {
  const plain = flow as Flow;
  const fanOuts = new Set<string>();
  for (const work of due) {
    const { ownerId, stage } = work;
    const parent = parentOf(plain, stage);
    if (parent === undefined) await ensureEnqueued(queues, work);
    else if (!fanOuts.has(stage)) {
      fanOuts.add(stage);
      // A fan-out is added whole or not at all; adding a failed child again would leave its parent waiting
      // for ever.
      const isThere = (await queues.stateOf({ ownerId, stage: parent, part: '' })) !== 'unknown';
      if (!isThere) await queues.enqueueFanOut(ownerId, stage, partsOf(flow, stage, owner));
    }
  }
}

/** What was due may have ended meanwhile: then a worker takes it, sees so and enqueues what comes next. */
async function ensureEnqueued(queues: StageQueues, work: DueWork): Promise<void> {
  const state = await queues.stateOf(work);
  switch (state) {
    case 'active':
    case 'waiting':
    case 'delayed':
    case 'prioritized':
    case 'waiting-children':
      return;
    case 'failed':
      // The queue gave it up without a worker having said why: the reconciler closes its owner.
      if (work.status !== undefined && work.status !== 'waiting') return;
      break;
    case 'completed':
    case 'unknown':
      break;
    default:
      return assertNever(state);
  }
  if (state !== 'unknown') await queues.remove(work);
  await queues.enqueue(work);
}
