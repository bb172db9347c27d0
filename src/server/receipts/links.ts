/** The links of a receipt behind the model version, each read from where it is kept. */
import { z } from 'zod';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { AppError, orMissing } from '../../core/errors.ts';
import { sha256Hex } from '../../core/ids.ts';
import { findDatasetVersionOfRun, getDatasetVersion, type DatasetVersion } from '../../data/index.ts';
import type { Db } from '../../db/index.ts';
import { provenanceSchema } from '../../ml/index.ts';
import {
  artifactKeyOf,
  DATASET_TAG,
  PROVENANCE_TAG,
  RUN_TAG,
  WEIGHTS_TAG,
  type ModelVersion,
  type Run,
} from '../../tracking/index.ts';
import { missing, type MissingLink, type Receipt } from './schema.ts';

/** Of runs/<id>/comparison.json, what a receipt tells. */
const comparisonSchema = z.object({
  trackingRunId: z.string(),
  comparison: z.object({
    report: z.object({
      decision: z.string(),
      reasons: z.array(z.string()),
      comparison: z.object({
        rows: z.int(),
        gain: z.number(),
        challenger: z.object({ name: z.string(), accuracy: z.number() }),
        baseline: z.object({ name: z.string(), accuracy: z.number() }),
      }),
    }),
  }),
});

export function readRunLink(model: ModelVersion, run: Run | undefined): Receipt['tracking_run'] {
  if (model.runId === null)
    return missing('not-recorded', 'the version was registered without a tracking run');
  if (run === undefined) return missing('deleted', `tracking run ${model.runId} was deleted for good`);
  const text = run.tags[PROVENANCE_TAG];
  const record = text === undefined ? undefined : provenanceSchema.safeParse(safeJson(text)).data;
  return {
    status: 'found',
    run_id: run.runId,
    run_status: run.status,
    is_deleted: run.lifecycleStage === 'deleted',
    started_at: new Date(run.startTimeMs).toISOString(),
    ended_at: run.endTimeMs === null ? null : new Date(run.endTimeMs).toISOString(),
    recipe: record?.recipe.name ?? run.params['recipe'] ?? null,
    seed: record?.seed ?? null,
    source_commit: run.tags['mlflow.source.git.commit'] ?? null,
    base_sha256: record?.base.sha256 ?? null,
    weights_sha256: run.tags[WEIGHTS_TAG] ?? null,
  };
}

export async function readDatasetLink(
  db: Db,
  model: ModelVersion,
  run: Run | undefined,
): Promise<Receipt['dataset']> {
  const number = Number(model.tags[DATASET_TAG] ?? run?.tags[DATASET_TAG] ?? Number.NaN);
  const pipelineRunId = model.pipelineRunId ?? run?.tags[RUN_TAG];
  const version = Number.isInteger(number)
    ? await orMissing(getDatasetVersion(db, number))
    : pipelineRunId === undefined
      ? undefined
      : await findDatasetVersionOfRun(db, pipelineRunId);
  if (version === undefined) {
    return Number.isInteger(number)
      ? missing('deleted', `dataset version ${number} was deleted`)
      : missing('not-recorded', 'neither the version nor its tracking run names a dataset');
  }
  const parents: ReturnType<typeof describeParent>[] = [];
  for (let next = version.parentVersion; next !== null;) {
    const parent = await orMissing(getDatasetVersion(db, next));
    parents.push(describeParent(next, parent));
    next = parent?.parentVersion ?? null;
  }
  const { splits, source } = version.manifest;
  return {
    status: 'found',
    ...describeVersion(version),
    source: source.name,
    splits: Object.fromEntries(
      Object.entries(splits).map(([split, { rows, sha256 }]) => [split, { rows, sha256 }]),
    ),
    parents,
  };
}

/** With the tracking run, and beside the pipeline run where that one is gone. */
export async function readGateLink(
  artifacts: ArtifactStore,
  { run, pipelineRunId }: { run: Run | undefined; pipelineRunId: string | undefined },
): Promise<Receipt['gate']> {
  const keys = [
    ...(run === undefined ? [] : [artifactKeyOf(run.artifactUri, 'gate/comparison.json')]),
    ...(pipelineRunId === undefined ? [] : [`runs/${pipelineRunId}/comparison.json`]),
  ];
  for (const key of keys) {
    if (!(await artifacts.exists(key))) continue;
    const text = await artifacts.readText(key);
    const parsed = comparisonSchema.safeParse(safeJson(text));
    if (!parsed.success)
      throw new AppError('bad-data', `the gate report ${key} cannot be read: ${parsed.error.message}`);
    const { report } = parsed.data.comparison;
    const { rows, gain, challenger, baseline } = report.comparison;
    // Of a run with several candidates only one was judged.
    if (run !== undefined && parsed.data.trackingRunId !== run.runId) continue;
    return {
      status: 'found',
      decision: report.decision,
      reasons: report.reasons,
      held_out_rows: rows,
      gain,
      challenger,
      baseline,
      report_key: key,
      report_sha256: sha256Hex(text),
    };
  }
  return pipelineRunId === undefined
    ? missing('not-recorded', 'the version was registered outside the pipeline: no gate judged it')
    : missing('deleted', `there is no report of the gate at ${keys.join(' or ')}`);
}

export async function readPipelineRunLink(db: Db, id: string | undefined): Promise<Receipt['pipeline_run']> {
  if (id === undefined) return missing('not-recorded', 'no pipeline run made the version');
  const row = await db.selectFrom('pipeline_runs').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return missing('deleted', `pipeline run ${id} was deleted`);
  return {
    status: 'found',
    id: row.id,
    number: row.number,
    run_status: row.status,
    trigger: row.trigger,
    scheduled_for: row.slot?.toISOString() ?? null,
    replay_of: row.replay_of,
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}

interface DatasetFacts {
  version: number;
  digest: string;
  rows: number;
  created_at: string;
  pipeline_run: string;
}

function describeVersion(version: DatasetVersion): DatasetFacts {
  return {
    version: version.version,
    digest: version.digest,
    rows: version.rows,
    created_at: version.createdAt.toISOString(),
    pipeline_run: version.runId,
  };
}

function describeParent(
  number: number,
  parent: DatasetVersion | undefined,
): ({ status: 'found' } & DatasetFacts) | MissingLink {
  return parent === undefined
    ? missing('deleted', `dataset version ${number} was deleted`)
    : { status: 'found', ...describeVersion(parent) };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses undefined and says so.
    return undefined;
  }
}
