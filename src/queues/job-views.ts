/** Prediction jobs as the API and the command line show them. */
import { sql } from 'kysely';
import { originAndPath } from '../core/public-address.ts';
import type { Db, JobStatus, StageStatus, StoredError } from '../db/index.ts';
import type { CatalogueSource } from '../data/index.ts';
import { noSuchJob } from './jobs.ts';
import { predictOptionsSchema, type PredictJobOptions } from './job-options.ts';
import { JOB, type JobOutput, type JobStage } from './job-flow.ts';

export interface JobSummary {
  id: string;
  number: number;
  status: JobStatus;
  /** Name of the file, `upload`, or the address without its query. */
  source: string;
  options: PredictJobOptions;
  model: { name: string; version: number };
  /** Rows to predict; `total` is null until the catalogue is split. Refused rows are not among them. */
  rows: { total: number | null; done: number; refused: number };
  shards: { total: number | null; done: number; running: number };
  output: JobOutput | null;
  error: StoredError | null;
  createdAt: Date;
  finishedAt: Date | null;
}

export interface JobStageView {
  stage: JobStage;
  /** `waiting`: no worker has begun it yet; `cancelled`: none ever will, because the job ended before. */
  status: StageStatus | 'waiting';
  /** How many of its shards have their result, of how many there are; null for the stages that have none. */
  shards: { total: number; done: number } | null;
  /** Of the first shard that has one. */
  error: StoredError | null;
  startedAt: Date | null;
  finishedAt: Date | null;
}

export interface JobView extends JobSummary {
  /** In their order. */
  stages: JobStageView[];
  /** Of the shards worked on lately; null when none was. */
  rowsPerSecond: number | null;
  secondsLeft: number | null;
}

/** Shards whose pace is looked at. */
const PACE_SHARDS = 20;

interface JobRow {
  id: string;
  number: number;
  status: JobStatus;
  source: unknown;
  options: unknown;
  model_name: string;
  model_version: number;
  shards: number | null;
  rows_total: number | null;
  output: unknown;
  error: StoredError | null;
  created_at: Date;
  finished_at: Date | null;
  shards_done: number;
  shards_running: number;
  rows_done: number;
  refused: number;
}

const COUNTED = sql`
  FROM prediction_jobs AS job LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE stage = 'predict-shard' AND status = 'succeeded') AS shards_done,
           count(*) FILTER (WHERE stage = 'predict-shard' AND status = 'running') AS shards_running,
           coalesce(sum(rows_done) FILTER (WHERE stage = 'predict-shard'), 0)::bigint AS rows_done,
           coalesce(sum(refused), 0)::bigint AS refused
    FROM prediction_job_steps WHERE job_id = job.id
  ) AS counts ON true`;

/** Newest first. `before` is the number of the last job of the page before. */
export async function listJobs(
  db: Db,
  page: { limit: number; before?: number; status?: JobStatus },
): Promise<JobSummary[]> {
  const { rows } = await sql<JobRow>`SELECT * ${COUNTED}
    WHERE (${page.before ?? null}::bigint IS NULL OR number < ${page.before ?? null})
      AND (${page.status ?? null}::text IS NULL OR status = ${page.status ?? null})
    ORDER BY number DESC LIMIT ${page.limit}`.execute(db);
  return rows.map(toSummary);
}

/** @throws AppError `not-found` */
export async function getJob(db: Db, jobId: string): Promise<JobView> {
  const { rows } = await sql<JobRow>`SELECT * ${COUNTED} WHERE id = ${jobId}`.execute(db);
  const [row] = rows;
  if (row === undefined) throw noSuchJob(jobId);
  const job = toSummary(row);
  const rowsPerSecond = job.status === 'active' ? await readPace(db, jobId) : null;
  const left = job.rows.total === null ? null : job.rows.total - job.rows.done;
  return {
    ...job,
    stages: await readStages(db, job),
    rowsPerSecond,
    secondsLeft: left === null || rowsPerSecond === null ? null : left / rowsPerSecond,
  };
}

interface StageRow extends Pick<JobStageView, 'error'> {
  stage: string;
  statuses: JobStageView['status'][];
  total: number;
  done: number;
  started_at: Date | null;
  finished_at: Date | null;
}

async function readStages(db: Db, job: JobSummary): Promise<JobStageView[]> {
  const { rows } = await sql<StageRow>`
    SELECT stage, array_agg(DISTINCT status) AS statuses, count(*)::int AS total,
           (count(*) FILTER (WHERE status = 'succeeded'))::int AS done, min(started_at) AS started_at,
           CASE WHEN count(finished_at) = count(*) THEN max(finished_at) END AS finished_at,
           (array_agg(error ORDER BY shard) FILTER (WHERE error IS NOT NULL))[1] AS error
    FROM prediction_job_steps WHERE job_id = ${job.id} GROUP BY stage`.execute(db);
  return JOB.names.map((name) => {
    const stage = name as JobStage;
    const row = rows.find((one) => one.stage === name);
    const hasParts = 'each' in JOB.stages[stage];
    return {
      stage,
      status: statusOfParts(row?.statuses ?? [], job.status === 'active'),
      shards: hasParts && row !== undefined ? { total: row.total, done: row.done } : null,
      error: row?.error ?? null,
      startedAt: row?.started_at ?? null,
      finishedAt: row?.finished_at ?? null,
    };
  });
}

/**
 * What a stage is as a whole whose parts are these. One of which some have ended and others wait is at work.
 */
function statusOfParts(parts: readonly JobStageView['status'][], isActive: boolean): JobStageView['status'] {
  const has = (status: JobStageView['status']): boolean => parts.includes(status);
  if (has('failed')) return 'failed';
  if (!isActive && parts.some((status) => status !== 'succeeded')) return 'cancelled';
  if (parts.length === 0) return isActive ? 'waiting' : 'cancelled';
  if (has('retrying') && !has('running')) return 'retrying';
  if (parts.every((status) => status === 'waiting')) return 'waiting';
  return parts.every((status) => status === 'succeeded') ? 'succeeded' : 'running';
}

async function readPace(db: Db, jobId: string): Promise<number | null> {
  const { rows } = await sql<{ rows: number | null; seconds: number | null }>`
    SELECT sum(rows_done)::float8 AS rows,
           extract(epoch FROM max(coalesce(finished_at, clock_timestamp())) - min(started_at))::float8 AS seconds
    FROM (
      SELECT rows_done, started_at, finished_at FROM prediction_job_steps
      WHERE job_id = ${jobId} AND stage = 'predict-shard' AND rows_done > 0 AND status IN ('running', 'succeeded')
      ORDER BY started_at DESC LIMIT ${PACE_SHARDS}
    ) AS lately`.execute(db);
  const { rows: done = null, seconds = null } = rows[0] ?? {};
  return done === null || seconds === null || seconds <= 0 ? null : done / seconds;
}

function toSummary(row: JobRow): JobSummary {
  return {
    id: row.id,
    number: row.number,
    status: row.status,
    source: describeSource(row.source as CatalogueSource),
    options: predictOptionsSchema.parse(row.options),
    model: { name: row.model_name, version: row.model_version },
    rows: { total: row.rows_total, done: row.rows_done, refused: row.refused },
    shards: { total: row.shards, done: row.shards_done, running: row.shards_running },
    output: row.output === null ? null : JOB.stages['join-shards'].result.parse(row.output),
    error: row.error,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  };
}

/** Where a job's catalogue is read again, and by which map. @throws AppError `not-found` */
export async function readJobSource(
  db: Db,
  id: string,
): Promise<{ source: CatalogueSource; map: PredictJobOptions['map'] }> {
  const row = await db
    .selectFrom('prediction_jobs')
    .select(['source', 'options'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw noSuchJob(id);
  return { source: row.source as CatalogueSource, map: predictOptionsSchema.parse(row.options).map };
}

function describeSource(source: CatalogueSource): string {
  if (source.kind === 'artifact') return source.name;
  return originAndPath(new URL(source.url));
}
