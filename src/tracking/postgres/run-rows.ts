/** Rows of runs, and the values beside them, as one entity. */
import { sql } from 'kysely';
import { AppError } from '../../core/errors.ts';
import type { Db } from '../../db/index.ts';
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

/** Adds params, tags, latest metrics, inputs and outputs: one query a table, however many runs. */
export async function loadRuns(db: Db, rows: readonly RunRow[]): Promise<Run[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.run_id);
  const isOurs = sql<boolean>`run_id = ANY(${ids}::text[])`;
  const [tags, params, metrics, inputs, links] = await Promise.all([
    db.selectFrom('run_tags').selectAll().where(isOurs).execute(),
    db.selectFrom('run_params').selectAll().where(isOurs).execute(),
    db.selectFrom('run_latest_metrics').selectAll().where(isOurs).execute(),
    db
      .selectFrom('run_inputs as i')
      .innerJoin('input_datasets as d', 'd.dataset_id', 'i.dataset_id')
      .selectAll('d')
      .select(['i.run_id', 'i.tags'])
      .where(sql<boolean>`i.run_id = ANY(${ids}::text[])`)
      .orderBy('i.dataset_id')
      .execute(),
    db.selectFrom('run_model_links').selectAll().where(isOurs).orderBy('model_id').execute(),
  ]);
  const tagsOf = groupByRun(tags);
  const paramsOf = groupByRun(params);
  const metricsOf = groupByRun(metrics);
  const inputsOf = groupByRun(inputs);
  const linksOf = groupByRun(links);
  return rows.map((row) => {
    const linked = linksOf(row.run_id);
    return {
      ...toRunInfo(row),
      tags: toRecord(tagsOf(row.run_id)),
      params: toRecord(paramsOf(row.run_id)),
      metrics: metricsOf(row.run_id).map(toMetric),
      datasetInputs: inputsOf(row.run_id).map((input): DatasetInput => ({
        dataset: {
          name: input.name,
          digest: input.digest,
          sourceType: input.source_type,
          source: input.source,
          schema: input.schema ?? undefined,
          profile: input.profile ?? undefined,
        },
        tags: input.tags,
      })),
      modelInputs: linked.filter((link) => link.direction === 'input').map((link) => link.model_id),
      modelOutputs: linked
        .filter((link) => link.direction === 'output')
        .map((link) => ({ modelId: link.model_id, step: link.step })),
    };
  });
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

function groupByRun<T extends { run_id: string }>(rows: readonly T[]): (runId: string) => T[] {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.run_id);
    if (group === undefined) groups.set(row.run_id, [row]);
    else group.push(row);
  }
  return (runId) => groups.get(runId) ?? [];
}
