/**
 * What a handler is given. Handlers know no BullMQ: they take ids, do their work, honour the signal and
 * return what they left.
 */
import type { Job } from 'bullmq';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { Clock } from '../../core/clock.ts';
import type { Config } from '../../core/config/index.ts';
import { AppError, toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Database } from '../../db/index.ts';
import {
  declarationOf,
  partsOf,
  saveProgress,
  shareDone,
  type Flow,
  type JobOwner,
  type JobStage,
  type Progress,
  type RunOwner,
  type RunStage,
  type Stage,
  type StagePayload,
  type StageResult,
  type WorkAttempt,
} from '../../queues/index.ts';

/** The stores that handlers work on, open for as long as the workers are. */
export interface StageServices {
  database: Database;
  artifacts: ArtifactStore;
  config: Config;
}

/** How a part of a fan-out ended. */
export interface Outcome<S extends Stage> {
  part: string;
  status: 'succeeded' | 'failed' | 'cancelled' | 'unfinished';
  result: StageResult<S> | null;
  error: string | null;
}

interface WorkContext {
  /**
   * Counts from 1 over all attempts, those of killed workers included: artifacts that carry it are written by
   * no other attempt.
   */
  attempt: number;
  /** Artifact that the stage before has made for this part. */
  input: string | null;
  log: Logger;
  /**
   * Aborted when the attempt has run out of time, its run or job is cancelled, or the worker must go; stop
   * soon and reject.
   */
  signal: AbortSignal;
  clock: Clock;
  services: StageServices;
  /** Tells how far the attempt is. Cheap: what comes too often is dropped. */
  progress(progress: Progress): void;
  /** What an earlier stage has left. @throws AppError `internal` when it has not succeeded */
  resultOf<S extends Stage>(stage: S): Promise<StageResult<S>>;
  /** How each part of a listed fan-out ended, in their order. */
  outcomesOf<S extends Stage>(stage: S): Promise<Outcome<S>[]>;
}

export interface RunContext extends WorkContext {
  run: RunOwner;
}

export interface JobContext extends WorkContext {
  job: JobOwner;
}

export type StageContext<S extends Stage> = S extends JobStage ? JobContext : RunContext;

export type StageHandler<S extends Stage> = (
  payload: StagePayload<S>,
  context: StageContext<S>,
) => Promise<StageResult<S>>;

export type RunHandlers = { [S in RunStage]: StageHandler<S> };
export type JobHandlers = { [S in JobStage]: StageHandler<S> };

/** Handlers by stage. A stage without one is left to other workers. */
export type Handlers = Readonly<Partial<Record<string, (payload: never, context: never) => Promise<object>>>>;

/** Progress is written no more often than this. */
const PROGRESS_INTERVAL_MS = 500;

export function createContext(options: {
  flow: Flow;
  owner: unknown;
  attempt: WorkAttempt;
  input: string | null;
  signal: AbortSignal;
  services: StageServices;
  clock: Clock;
  log: Logger;
  /** Shows progress on the queue's own pages as well. */
  queueJob: Pick<Job, 'updateProgress'>;
}): WorkContext & Record<string, unknown> {
  const { flow, owner, attempt, input, signal, services, clock, log, queueJob } = options;
  const { pool } = services.database;
  const { states, owner: ownerColumn, part: partColumn } = flow.tables;
  let lastReportMs = 0;

  const readResults = async (stage: string) => {
    const { rows } = await pool.query<{
      part: string;
      status: string;
      result: unknown;
      error: { message: string } | null;
    }>(
      `SELECT ${partColumn}::text AS part, status, result, error FROM ${states} WHERE ${ownerColumn} = $1 AND stage = $2`,
      [attempt.ownerId, stage],
    );
    return rows;
  };

  return {
    [flow.name]: owner,
    attempt: attempt.attempt,
    input,
    log,
    signal,
    clock,
    services,
    progress: (progress) => {
      const now = Date.now();
      if (now - lastReportMs < PROGRESS_INTERVAL_MS && shareDone(progress) < 1) return;
      lastReportMs = now;
      Promise.all([
        saveProgress(pool, flow, attempt, progress),
        queueJob.updateProgress(
          progress.of === undefined ? { done: progress.done } : Math.round(100 * shareDone(progress)),
        ),
      ]).catch((error: unknown) => log.debug({ err: toError(error) }, 'progress could not be written'));
    },
    resultOf: async <S extends Stage>(stage: S) => {
      const row = (await readResults(stage)).find(({ status }) => status === 'succeeded');
      if (row === undefined)
        throw new AppError('internal', `${stage} of ${flow.name} ${attempt.ownerId} has left no result`);
      return declarationOf(flow, stage).result.parse(row.result) as StageResult<S>;
    },
    outcomesOf: async <S extends Stage>(stage: S) => {
      const rows = await readResults(stage);
      return partsOf(flow, stage, owner).map((part): Outcome<S> => {
        const row = rows.find((one) => one.part === part);
        const { status } = row ?? {};
        const ended =
          status === 'succeeded' || status === 'failed' || status === 'cancelled' ? status : undefined;
        return {
          part,
          status: ended ?? 'unfinished',
          result:
            ended === 'succeeded'
              ? (declarationOf(flow, stage).result.parse(row?.result) as StageResult<S>)
              : null,
          error: row?.error?.message ?? null,
        };
      });
    },
  };
}
