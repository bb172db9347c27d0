/**
 * MLflow's messages as copyloop answers them: what the server renders and what the client reads. Unset
 * fields are left out, NaN and the infinities are texts.
 */
export interface MlflowPair {
  key: string;
  value: string;
}

export interface MlflowExperiment {
  experiment_id: string;
  name: string;
  artifact_location: string;
  lifecycle_stage: 'active' | 'deleted';
  last_update_time: number;
  creation_time: number;
  tags?: readonly MlflowPair[] | undefined;
}

export interface MlflowRunInfo {
  run_id: string;
  run_uuid: string;
  experiment_id: string;
  run_name: string;
  user_id: string;
  status: 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';
  start_time: number;
  end_time?: number | undefined;
  artifact_uri: string;
  lifecycle_stage: 'active' | 'deleted';
}

export interface MlflowMetric {
  key: string;
  value: number | string;
  timestamp: number;
  step: number;
}

export interface MlflowRunInputs {
  dataset_inputs?:
    | readonly {
        tags?: readonly MlflowPair[] | undefined;
        dataset: {
          name: string;
          digest: string;
          source_type: string;
          source: string;
          schema?: string | undefined;
          profile?: string | undefined;
        };
      }[]
    | undefined;
  model_inputs?: readonly { model_id: string }[] | undefined;
}

export interface MlflowRun {
  info: MlflowRunInfo;
  data: {
    metrics?: readonly MlflowMetric[] | undefined;
    params?: readonly MlflowPair[] | undefined;
    tags?: readonly MlflowPair[] | undefined;
  };
  inputs: MlflowRunInputs;
  outputs?: { model_outputs: readonly { model_id: string; step: number }[] } | undefined;
}

export interface MlflowModelVersion {
  name: string;
  version: string;
  creation_timestamp: number;
  last_updated_timestamp: number;
  user_id?: string | undefined;
  current_stage: string;
  description?: string | undefined;
  source: string;
  run_id?: string | undefined;
  status: 'PENDING_REGISTRATION' | 'FAILED_REGISTRATION' | 'READY';
  status_message?: string | undefined;
  tags?: readonly MlflowPair[] | undefined;
  run_link?: string | undefined;
  aliases?: readonly string[] | undefined;
  model_id?: string | undefined;
}

export interface MlflowModel {
  name: string;
  creation_timestamp: number;
  last_updated_timestamp: number;
  description?: string | undefined;
  latest_versions?: readonly MlflowModelVersion[] | undefined;
  tags?: readonly MlflowPair[] | undefined;
  aliases?: readonly { alias: string; version: string }[] | undefined;
}

export interface MlflowFileInfo {
  path: string;
  is_dir: boolean;
  file_size?: number | undefined;
}
