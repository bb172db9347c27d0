/** Runs as the API, the command line and the reports show them. */
import { sql } from 'kysely';
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

/** A run in a list: how each stage stands, and what came of it. */
export interface ListedRun extends RunSummary {
  recipes: readonly string[];
  stages: readonly { stage: string; status: StageView['status'] }[];
  datasetVersion: number | null;
  /** What the gate said. */
  decision: string | null;
  modelVersion: number | null;
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
  /** Why it took over what there was already; null where it did its work. */
  skipped: string | null;
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
  /** Runs that train a candidate of this recipe. */
  recipe?: string | undefined;
  /** Runs that made this dataset version, or took it over. */
  dataset?: number | undefined;
}

/** Newest first. `before` is the number of the last run of the page before. */
export async function listRuns(
  db: Db,
  { limit, before, ...filter }: RunFilter & { limit: number; before?: number | undefined },
): Promise<ListedRun[]> {
  let query = selectRuns(db, filter)
    .select([...SUMMARY_COLUMNS, 'recipes'])
    .orderBy('number', 'desc')
    .limit(limit);
  if (before !== undefined) query = query.where('number', '<', before);
  const runs = await query.execute();
  const ids = runs.map(({ id }) => id);
  const states = await db
    .selectFrom('stage_states')
    .select(['run_id', 'stage', 'status'])
    .select(sql<number | null>`(result ->> 'datasetVersion')::int`.as('datasetVersion'))
    .select(sql<string | null>`result ->> 'decision'`.as('decision'))
    .select(sql<number | null>`(result ->> 'modelVersion')::int`.as('modelVersion'))
    .where(sql<boolean>`run_id = ANY(${ids})`)
    .execute();
  return runs.map((run) => {
    const own = states.filter((state) => state.run_id === run.id);
    const left = (stage: string) => own.find((state) => state.stage === stage);
    return {
      ...toSummary(run),
      recipes: [...new Set(run.recipes)],
      stages: RUN.names.map((stage) => ({ stage, status: statusOfParts(run.status, stage, own) })),
      datasetVersion: left('version-data')?.datasetVersion ?? null,
      decision: left('register-model')?.decision ?? null,
      modelVersion: left('register-model')?.modelVersion ?? null,
    };
  });
}

/** Of a stage with many candidates: what is still going on goes before what came of it. */
const TELLING: readonly StageView['status'][] = ['running', 'retrying', 'waiting', 'succeeded', 'failed'];

function statusOfParts(
  run: RunStatus,
  stage: string,
  states: readonly { stage: string; status: StageStatus }[],
): StageView['status'] {
  const found = states.filter((state) => state.stage === stage).map(({ status }) => status);
  return (
    TELLING.find((status) => found.includes(status as StageStatus)) ??
    found[0] ??
    (run === 'active' ? 'waiting' : 'cancelled')
  );
}

/** How long the newest runs took that came to their end; null before the first. */
export async function medianRunSeconds(db: Db): Promise<number | null> {
  const { rows } = await sql<{ seconds: number | null }>`
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at))::float8 AS seconds
    FROM (SELECT created_at, finished_at FROM pipeline_runs WHERE status = 'succeeded'
      ORDER BY number DESC LIMIT ${MEDIAN_OF}) AS newest`.execute(db);
  return rows[0]?.seconds ?? null;
}

const MEDIAN_OF = 50;

/** How many runs there are, whatever page is shown of them. */
export async function countRuns(db: Db, filter: RunFilter): Promise<number> {
  const { count } = await selectRuns(db, filter)
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

function selectRuns(db: Db, { status, trigger, from, to, recipe, dataset }: RunFilter) {
  let query = db.selectFrom('pipeline_runs');
  if (status !== undefined) query = query.where('status', '=', status);
  if (trigger !== undefined) query = query.where('trigger', '=', trigger);
  if (from !== undefined) query = query.where('created_at', '>=', from);
  if (to !== undefined) query = query.where('created_at', '<', to);
  if (recipe !== undefined) query = query.where(sql<boolean>`recipes @> ARRAY[${recipe}]`);
  if (dataset !== undefined)
    query = query.where(({ exists, selectFrom }) =>
      exists(
        selectFrom('stage_states')
          .select('run_id')
          .whereRef('run_id', '=', 'pipeline_runs.id')
          .where('stage', '=', 'version-data')
          .where(sql<boolean>`result ->> 'datasetVersion' = ${String(dataset)}`),
      ),
    );
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
      skipped: readSkipped(state?.result),
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

function readSkipped(result: unknown): string | null {
  const { skipped } = (result ?? {}) as { skipped?: unknown };
  return typeof skipped === 'string' ? skipped : null;
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
