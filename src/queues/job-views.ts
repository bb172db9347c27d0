/** Prediction jobs as the API and the command line show them. */
import { sql } from 'kysely';
import { originAndPath } from '../core/public-address.ts';
import type { Db, RunStatus, StoredError } from '../db/index.ts';
import type { CatalogueSource } from '../data/index.ts';
import { noSuchJob } from './jobs.ts';
import { predictOptionsSchema, type PredictJobOptions } from './job-options.ts';
import { JOB, type JobOutput } from './job-flow.ts';

export interface JobSummary {
  id: string;
  number: number;
  status: RunStatus;
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

export interface JobView extends JobSummary {
  /** Of the shards worked on lately; null when none was. */
  rowsPerSecond: number | null;
  secondsLeft: number | null;
}

/** Shards whose pace is looked at. */
const PACE_SHARDS = 20;

interface JobRow {
  id: string;
  number: number;
  status: RunStatus;
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
  page: { limit: number; before?: number; status?: RunStatus },
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
    rowsPerSecond,
    secondsLeft: left === null || rowsPerSecond === null ? null : left / rowsPerSecond,
  };
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

function describeSource(source: CatalogueSource): string {
  if (source.kind === 'artifact') return source.name;
  return originAndPath(new URL(source.url));
}
