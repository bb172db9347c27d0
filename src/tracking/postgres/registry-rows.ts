/** Rows of the registry as entities, and what they can be searched by. */
import { sql } from 'kysely';
import { AppError } from '../../core/errors.ts';
import type { Db } from '../../db/index.ts';
import type { ModelVersion, RegisteredModel, VersionStatus } from '../entities.ts';
import { column, NUMBER_COMPARATORS, type Collection, type SearchSpace } from '../search/space.ts';

export interface VersionRow {
  name: string;
  version: number;
  description: string | null;
  user_id: string | null;
  stage: string;
  source: string;
  files_uri: string | null;
  run_id: string | null;
  run_link: string | null;
  model_id: string | null;
  status: VersionStatus;
  status_message: string | null;
  creation_time: number;
  last_update_time: number;
  pipeline_run_id: string | null;
  tags: Record<string, string> | null;
  aliases: string[] | null;
}

export interface ModelRow {
  name: string;
  description: string | null;
  creation_time: number;
  last_update_time: number;
  tags: Record<string, string> | null;
  aliases: { alias: string; version: number }[] | null;
}

export const VERSION_COLUMNS = sql`v.*,
  (SELECT json_object_agg(t.key, t.value) FROM model_version_tags AS t WHERE t.name = v.name AND t.version = v.version) AS tags,
  (SELECT json_agg(a.alias ORDER BY a.alias) FROM model_aliases AS a WHERE a.name = v.name AND a.version = v.version) AS aliases`;

export const MODEL_COLUMNS = sql`m.*,
  (SELECT json_object_agg(t.key, t.value) FROM registered_model_tags AS t WHERE t.name = m.name) AS tags,
  (SELECT json_agg(json_build_object('alias', a.alias, 'version', a.version) ORDER BY a.alias) FROM model_aliases AS a WHERE a.name = m.name) AS aliases`;

export function toVersion(row: VersionRow): ModelVersion {
  return {
    name: row.name,
    version: row.version,
    description: row.description,
    userId: row.user_id,
    modelStage: row.stage,
    source: row.source,
    filesUri: row.files_uri ?? row.source,
    runId: row.run_id,
    runLink: row.run_link,
    modelId: row.model_id,
    status: row.status,
    statusMessage: row.status_message,
    creationTimeMs: row.creation_time,
    lastUpdateTimeMs: row.last_update_time,
    pipelineRunId: row.pipeline_run_id,
    tags: row.tags ?? {},
    aliases: row.aliases ?? [],
  };
}

/** Adds to each model the newest version of each of its model stages. */
export async function loadModels(db: Db, rows: readonly ModelRow[]): Promise<RegisteredModel[]> {
  const names = rows.map((row) => row.name);
  const { rows: latest } = await sql<VersionRow>`
    SELECT ${VERSION_COLUMNS} FROM (
      SELECT DISTINCT ON (name, stage) * FROM model_versions WHERE name = ANY(${names}::text[]) ORDER BY name, stage, version DESC
    ) AS v`.execute(db);
  return rows.map((row) => ({
    name: row.name,
    description: row.description,
    creationTimeMs: row.creation_time,
    lastUpdateTimeMs: row.last_update_time,
    tags: row.tags ?? {},
    aliases: row.aliases ?? [],
    latestVersions: latest.filter((version) => version.name === row.name).map(toVersion),
  }));
}

export function noModel(name: string): AppError {
  return new AppError('not-found', `Registered Model with name=${name} not found`);
}

export function noVersion(name: string, version: number): AppError {
  return new AppError('not-found', `Model Version (name=${name}, version=${version}) not found`);
}

export const MODEL_SPACE: SearchSpace = {
  entity: 'registered model',
  attributes: {
    name: { expression: column('m', 'name'), type: 'text', comparators: ['=', '!=', 'LIKE', 'ILIKE'] },
    ...timestamps('m'),
  },
  collections: tagCollections('registered_model_tags', [{ column: 'name', of: column('m', 'name') }]),
  attributePrefixes: ['attribute', 'attributes', 'attr'],
  defaultOrder: [{ expression: column('m', 'name'), type: 'text', isAscending: true }],
};

const versionNumber = {
  expression: column('v', 'version'),
  type: 'bigint',
  comparators: NUMBER_COMPARATORS,
} as const;

export const VERSION_SPACE: SearchSpace = {
  entity: 'model version',
  attributes: {
    name: { expression: column('v', 'name'), type: 'text' },
    version_number: versionNumber,
    version: versionNumber,
    run_id: { expression: sql`coalesce(v.run_id, '')`, type: 'text' },
    source_path: { expression: column('v', 'source'), type: 'text' },
    ...timestamps('v'),
  },
  collections: tagCollections('model_version_tags', [
    { column: 'name', of: column('v', 'name') },
    { column: 'version', of: column('v', 'version') },
  ]),
  attributePrefixes: ['attribute', 'attributes', 'attr'],
  defaultOrder: [
    { expression: column('v', 'last_update_time'), type: 'bigint', isAscending: false },
    { expression: column('v', 'name'), type: 'text', isAscending: true },
    { expression: column('v', 'version'), type: 'bigint', isAscending: false },
  ],
};

function timestamps(alias: string) {
  const created = { expression: column(alias, 'creation_time'), type: 'bigint' } as const;
  const updated = { expression: column(alias, 'last_update_time'), type: 'bigint' } as const;
  return { creation_timestamp: created, last_updated_timestamp: updated, timestamp: updated };
}

function tagCollections(table: string, owner: Collection['owner']) {
  // MLflow's client asks every search for what is no prompt, and marks prompts alone.
  const absentValues = { 'mlflow.prompt.is_prompt': 'false' };
  const collection = { table, type: 'text', owner, absentValues } as const;
  return { tag: collection, tags: collection };
}
