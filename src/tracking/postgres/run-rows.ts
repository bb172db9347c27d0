/** Rows of runs, and the values beside them, as one entity. */
import { sql } from 'kysely';
import { AppError } from '../../core/errors.ts';
import { PREPARED, type Db } from '../../db/index.ts';
import type { DatasetInput, LifecycleStage, Metric, Run, RunInfo, RunStatus } from '../entities.ts';

export interface RunRow {
  run_id: string;
  experiment_id: number;
  name: string;
  user_id: string;
  status: RunStatus;
  start_time: number;
  end_time: number | null;
  lifecycle_stage: LifecycleStage;
  artifact_uri: string;
}

export function toRunInfo(row: RunRow): RunInfo {
  return {
    runId: row.run_id,
    experimentId: String(row.experiment_id),
    name: row.name,
    userId: row.user_id,
    status: row.status,
    startTimeMs: row.start_time,
    endTimeMs: row.end_time,
    artifactUri: row.artifact_uri,
    lifecycleStage: row.lifecycle_stage,
  };
}

/**
 * What stands beside a run, each gathered into one JSON value, which costs PostgreSQL and us a fraction of a
 * row for each.
 */
interface DataRow {
  tags: Record<string, string> | null;
  params: Record<string, string> | null;
  /** key, value (text for NaN and the infinities, which JSON lacks), timestamp, step. */
  metrics: [string, number | string, number, number][] | null;
  inputs: InputRow[] | null;
  links: { direction: 'input' | 'output'; model_id: string; step: number }[] | null;
}

interface InputRow {
  name: string;
  digest: string;
  source_type: string;
  source: string;
  schema: string | null;
  profile: string | null;
  tags: Record<string, string>;
}

/** Adds params, tags, latest metrics, inputs and outputs: one query, however many runs. */
export async function loadRuns(db: Db, rows: readonly RunRow[]): Promise<Run[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.run_id);
  const { rows: found } = await sql<DataRow>`${PREPARED}
    SELECT
      (SELECT json_object_agg(t.key, t.value) FROM run_tags AS t WHERE t.run_id = wanted.run_id) AS tags,
      (SELECT json_object_agg(p.key, p.value) FROM run_params AS p WHERE p.run_id = wanted.run_id) AS params,
      (SELECT json_agg(json_build_array(m.key, m.value, m.timestamp, m.step)) FROM run_latest_metrics AS m
        WHERE m.run_id = wanted.run_id) AS metrics,
      (SELECT json_agg(json_build_object('tags', i.tags, 'name', d.name, 'digest', d.digest, 'source_type', d.source_type,
          'source', d.source, 'schema', d.schema, 'profile', d.profile) ORDER BY d.dataset_id)
        FROM run_inputs AS i JOIN input_datasets AS d ON d.dataset_id = i.dataset_id WHERE i.run_id = wanted.run_id) AS inputs,
      (SELECT json_agg(json_build_object('direction', l.direction, 'model_id', l.model_id, 'step', l.step) ORDER BY l.model_id)
        FROM run_model_links AS l WHERE l.run_id = wanted.run_id) AS links
    FROM unnest(${ids}::text[]) WITH ORDINALITY AS wanted (run_id, position) ORDER BY wanted.position`.execute(
    db,
  );
  return rows.map((row, at) => toRun(row, found[at]));
}

function toRun(row: RunRow, data: DataRow | undefined): Run {
  const links = data?.links ?? [];
  return {
    ...toRunInfo(row),
    tags: data?.tags ?? {},
    params: data?.params ?? {},
    metrics: (data?.metrics ?? []).map(([key, value, timestampMs, step]) => ({
      key,
      value: Number(value),
      timestampMs,
      step,
    })),
    datasetInputs: (data?.inputs ?? []).map(toDatasetInput),
    modelInputs: links.filter((link) => link.direction === 'input').map((link) => link.model_id),
    modelOutputs: links
      .filter((link) => link.direction === 'output')
      .map((link) => ({ modelId: link.model_id, step: link.step })),
  };
}

function toDatasetInput(row: InputRow): DatasetInput {
  const { name, digest, source, tags } = row;
  const dataset = {
    name,
    digest,
    sourceType: row.source_type,
    source,
    schema: row.schema ?? undefined,
    profile: row.profile ?? undefined,
  };
  return { dataset, tags };
}

export function toMetric(row: { key: string; value: number; timestamp: number; step: number }): Metric {
  return { key: row.key, value: row.value, timestampMs: row.timestamp, step: row.step };
}

/** `__proto__` stays a key like any other: fromEntries defines, it does not assign. */
export function toRecord(pairs: readonly { key: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}

export function noRun(runId: string): AppError {
  return new AppError('not-found', `Run with id=${runId} not found`);
}

export function notActive(runId: string): AppError {
  return new AppError(
    'invalid-input',
    `The run ${runId} must be in the 'active' state. Current state is deleted.`,
  );
}
