/**
 * Tables of migration 003-tracking. Times are milliseconds since 1970 where MLflow's are (`bigint`), Dates
 * elsewhere.
 */
import type { Generated, JSONColumnType } from 'kysely';

export interface TrackingTables {
  experiments: ExperimentsTable;
  experiment_tags: { experiment_id: number; key: string; value: string };
  tracking_runs: TrackingRunsTable;
  run_tags: { run_id: string; key: string; value: string };
  run_params: { run_id: string; key: string; value: string };
  run_metrics: RunMetricsTable;
  run_latest_metrics: { run_id: string; key: string; step: number; timestamp: number; value: number };
  input_datasets: InputDatasetsTable;
  run_inputs: { run_id: string; dataset_id: number; tags: JSONColumnType<Record<string, string>> };
  logged_models: LoggedModelsTable;
  logged_model_params: { model_id: string; key: string; value: string };
  logged_model_tags: { model_id: string; key: string; value: string };
  logged_model_metrics: LoggedModelMetricsTable;
  /** A view: the newest value of each key and dataset. */
  logged_model_latest_metrics: LoggedModelMetricsTable;
  run_model_links: { run_id: string; direction: 'input' | 'output'; model_id: string; step: number };
  registered_models: RegisteredModelsTable;
  registered_model_tags: { name: string; key: string; value: string };
  model_versions: ModelVersionsTable;
  model_version_tags: { name: string; version: number; key: string; value: string };
  model_aliases: { name: string; alias: string; version: number };
  model_alias_history: ModelAliasHistoryTable;
}

export interface ExperimentsTable {
  experiment_id: Generated<number>;
  name: string;
  artifact_location: string;
  lifecycle_stage: Generated<'active' | 'deleted'>;
  creation_time: number;
  last_update_time: number;
}

export interface TrackingRunsTable {
  run_id: string;
  experiment_id: number;
  name: string;
  user_id: Generated<string>;
  status: Generated<'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED'>;
  start_time: Generated<number>;
  end_time: number | null;
  lifecycle_stage: Generated<'active' | 'deleted'>;
  deleted_time: number | null;
  artifact_uri: string;
}

export interface RunMetricsTable {
  run_id: string;
  key: string;
  step: number;
  timestamp: number;
  value: number;
  model_id: string | null;
  dataset_name: string | null;
  dataset_digest: string | null;
}

export interface InputDatasetsTable {
  dataset_id: Generated<number>;
  experiment_id: number;
  name: string;
  digest: string;
  source_type: string;
  source: string;
  schema: string | null;
  profile: string | null;
}

export interface LoggedModelsTable {
  model_id: string;
  experiment_id: number;
  name: string;
  artifact_uri: string;
  creation_time: number;
  last_update_time: number;
  status: Generated<string>;
  status_message: string | null;
  model_type: Generated<string>;
  source_run_id: string | null;
  lifecycle_stage: Generated<'active' | 'deleted'>;
}

export interface LoggedModelMetricsTable {
  model_id: string;
  run_id: string;
  key: string;
  step: number;
  timestamp: number;
  value: number;
  dataset_name: string | null;
  dataset_digest: string | null;
}

export interface RegisteredModelsTable {
  name: string;
  description: string | null;
  creation_time: number;
  last_update_time: number;
  last_version: Generated<number>;
}

export interface ModelVersionsTable {
  name: string;
  version: number;
  description: string | null;
  user_id: string | null;
  stage: Generated<string>;
  source: string;
  /** Null where `source` is the address itself. */
  files_uri: string | null;
  run_id: string | null;
  run_link: string | null;
  model_id: string | null;
  status: Generated<'PENDING_REGISTRATION' | 'FAILED_REGISTRATION' | 'READY'>;
  status_message: string | null;
  creation_time: number;
  last_update_time: number;
  pipeline_run_id: string | null;
}

export interface ModelAliasHistoryTable {
  history_id: Generated<number>;
  name: string;
  alias: string;
  from_version: number | null;
  to_version: number | null;
  moved_at: Generated<Date>;
  moved_by: string;
  kind: 'set' | 'delete' | 'rollback';
  reason: string;
  pipeline_run_id: string | null;
}
