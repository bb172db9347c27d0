/** Tables of the migrations 001-pipeline, 012-run-losses, 031-attempt-logs,
 * 032-schedule-pause and 033-adopted-results. */
import type { ColumnType, Generated } from 'kysely';

export const RUN_TRIGGERS = ['schedule', 'manual', 'feedback', 'drift', 'replay'] as const;
export type RunTrigger = (typeof RUN_TRIGGERS)[number];

export const RUN_STATUSES = ['active', 'succeeded', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

const STAGE_STATUSES = ['running', 'retrying', 'succeeded', 'failed', 'cancelled'] as const;
export type StageStatus = (typeof STAGE_STATUSES)[number];

const ATTEMPT_OUTCOMES = [
  'running',
  'succeeded',
  'failed',
  'timed-out',
  'cancelled',
  'handed-back',
  'lost',
] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** An error as it is kept: what AppError says, without the stack. */
export interface StoredError {
  code: string;
  message: string;
  stage?: string;
  candidate?: string;
  shard?: string;
}

export interface PipelineTables {
  pipeline_runs: PipelineRunsTable;
  stage_states: StageStatesTable;
  stage_attempts: StageAttemptsTable;
  attempt_log_lines: AttemptLogLinesTable;
  schedule_ticks: ScheduleTicksTable;
  schedule_pause: SchedulePauseTable;
}

export interface PipelineRunsTable {
  id: string;
  /** Counts up with each run; gaps are possible. */
  number: Generated<number>;
  trigger: RunTrigger;
  status: Generated<RunStatus>;
  /** The resolved options, so that a replay does the same whatever the configuration says by then. */
  options: unknown;
  /** Those of its candidates, by the database. */
  recipes: ColumnType<string[], never, never>;
  replay_of: string | null;
  /** The scheduled time, for a run that a tick started. */
  slot: Date | null;
  created_at: Generated<Date>;
  /** null until the first job was handed to the queue. */
  enqueued_at: Date | null;
  /** How often the reconciler brought jobs back that had been in their queues and were gone. */
  losses: Generated<number>;
  finished_at: Date | null;
  error: StoredError | null;
}

export interface StageStatesTable {
  run_id: string;
  stage: string;
  /** '' for the stages that have no candidates. */
  candidate: Generated<string>;
  status: StageStatus;
  /** Counts up with each attempt; only the attempt that holds this number may commit. */
  attempts: Generated<number>;
  worker_id: string;
  progress: unknown;
  result: unknown;
  error: StoredError | null;
  started_at: Generated<Date>;
  finished_at: Date | null;
  /** The run that did it, when this one is its replay. */
  adopted_from: string | null;
}

export interface StageAttemptsTable {
  run_id: string;
  stage: string;
  candidate: Generated<string>;
  attempt: number;
  worker_id: string;
  outcome: Generated<AttemptOutcome>;
  started_at: Generated<Date>;
  finished_at: Date | null;
  error: StoredError | null;
}

export interface AttemptLogLinesTable {
  run_id: string;
  stage: string;
  candidate: Generated<string>;
  attempt: number;
  line: number;
  logged_at: Date;
  level: string;
  message: string;
}

export interface ScheduleTicksTable {
  slot: Date;
  claimed_at: Generated<Date>;
  outcome: 'started' | 'skipped';
  run_id: string | null;
  reason: string | null;
}

export interface SchedulePauseTable {
  only_one: Generated<boolean>;
  paused: boolean;
  changed_by: string;
  changed_at: Generated<Date>;
}
