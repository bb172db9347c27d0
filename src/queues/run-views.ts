/** Runs as the API, the command line and the reports show them. */
import { AppError } from '../core/errors.ts';
import type { AttemptOutcome, Db, RunStatus, RunTrigger, StageStatus, StoredError } from '../db/index.ts';
import { ownerOf, partsOf, type Flow } from './flow.ts';
import { RUN, type RunOwner } from './run-flow.ts';
import type { RunOptions } from './run-options.ts';

export interface RunSummary {
  id: string;
  number: number;
  trigger: RunTrigger;
  status: RunStatus;
  replayOf: string | null;
  createdAt: Date;
  finishedAt: Date | null;
  error: StoredError | null;
}

export interface AttemptView {
  attempt: number;
  workerId: string;
  outcome: AttemptOutcome;
  startedAt: Date;
  finishedAt: Date | null;
  error: StoredError | null;
}

export interface StageView {
  stage: string;
  /** null for the stages that have no candidates. */
  candidate: string | null;
  /** `waiting`: no worker has begun it yet; `cancelled`: none ever will, because the run ended before. */
  status: StageStatus | 'waiting';
  progress: { fraction: number; message: string } | null;
  result: unknown;
  error: StoredError | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  /** The run that did it, where this one is a replay that took its result over. */
  adoptedFrom: string | null;
  attempts: AttemptView[];
}

export interface RunView extends RunSummary {
  options: RunOptions;
  /** In the order of the pipeline, one entry per candidate of `train-model`. */
  stages: StageView[];
}

const SUMMARY_COLUMNS = [
  'id',
  'number',
  'trigger',
  'status',
  'replay_of',
  'created_at',
  'finished_at',
  'error',
] as const;

export interface RunFilter {
  status?: RunStatus | undefined;
  trigger?: RunTrigger | undefined;
  /** Runs that began at this time or later. */
  from?: Date | undefined;
  /** Runs that began before this time. */
  to?: Date | undefined;
}

/** Newest first. `before` is the number of the last run of the page before. */
export async function listRuns(
  db: Db,
  { limit, before, ...filter }: RunFilter & { limit: number; before?: number | undefined },
): Promise<RunSummary[]> {
  let query = selectRuns(db, filter).select(SUMMARY_COLUMNS).orderBy('number', 'desc').limit(limit);
  if (before !== undefined) query = query.where('number', '<', before);
  return (await query.execute()).map(toSummary);
}

/** How many runs there are, whatever page is shown of them. */
export async function countRuns(db: Db, filter: RunFilter): Promise<number> {
  const { count } = await selectRuns(db, filter)
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

function selectRuns(db: Db, { status, trigger, from, to }: RunFilter) {
  let query = db.selectFrom('pipeline_runs');
  if (status !== undefined) query = query.where('status', '=', status);
  if (trigger !== undefined) query = query.where('trigger', '=', trigger);
  if (from !== undefined) query = query.where('created_at', '>=', from);
  if (to !== undefined) query = query.where('created_at', '<', to);
  return query;
}

/** @throws AppError `not-found` */
export async function getRun(db: Db, runId: string, flow: Flow<RunOwner> = RUN): Promise<RunView> {
  const run = await db
    .selectFrom('pipeline_runs')
    .select([...SUMMARY_COLUMNS, 'options'])
    .where('id', '=', runId)
    .executeTakeFirst();
  if (run === undefined) {
    throw new AppError('not-found', `there is no run ${runId}: \`copyloop runs\` lists them`);
  }
  const states = await db.selectFrom('stage_states').selectAll().where('run_id', '=', runId).execute();
  const attempts = await db
    .selectFrom('stage_attempts')
    .selectAll()
    .where('run_id', '=', runId)
    .orderBy('attempt')
    .execute();
  const owner = ownerOf(flow, run);

  const viewOf = (stage: string, candidate: string): StageView => {
    const state = states.find((row) => row.stage === stage && row.candidate === candidate);
    return {
      stage,
      candidate: candidate === '' ? null : candidate,
      status: state?.status ?? (run.status === 'active' ? 'waiting' : 'cancelled'),
      progress: (state?.progress ?? null) as StageView['progress'],
      result: state?.result ?? null,
      error: state?.error ?? null,
      startedAt: state?.started_at ?? null,
      finishedAt: state?.finished_at ?? null,
      adoptedFrom: state?.adopted_from ?? null,
      attempts: attempts
        .filter((row) => row.stage === stage && row.candidate === candidate)
        .map((row) => ({
          attempt: row.attempt,
          workerId: row.worker_id,
          outcome: row.outcome,
          startedAt: row.started_at,
          finishedAt: row.finished_at,
          error: row.error,
        })),
    };
  };
  return {
    ...toSummary(run),
    options: owner.options,
    stages: flow.names.flatMap((stage) => partsOf(flow, stage, owner).map((part) => viewOf(stage, part))),
  };
}

function toSummary(row: {
  id: string;
  number: number;
  trigger: RunTrigger;
  status: RunStatus;
  replay_of: string | null;
  created_at: Date;
  finished_at: Date | null;
  error: StoredError | null;
}): RunSummary {
  return {
    id: row.id,
    number: row.number,
    trigger: row.trigger,
    status: row.status,
    replayOf: row.replay_of,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    error: row.error,
  };
}
