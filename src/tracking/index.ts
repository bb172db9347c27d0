export { artifactKeyOf, MLFLOW_FOLDER } from './artifact-uris.ts';
export {
  APPROVAL_STATES,
  approvalOf,
  approveVersion,
  awaitApproval,
  pendingTags,
  rejectVersion,
  type ApprovalDesk,
  type ApprovalState,
} from './approvals.ts';
export { createArtifactStore } from './artifacts/create-artifact-store.ts';
export { createFolderStore } from './artifacts/folder-store.ts';
export type {
  AliasMove,
  Dataset,
  DatasetInput,
  Experiment,
  LifecycleStage,
  LoggedModel,
  Metric,
  MetricInput,
  ModelOutput,
  ModelVersion,
  Page,
  RegisteredModel,
  Run,
  RunInfo,
  RunStatus,
  SearchOptions,
  Tags,
  VersionStatus,
  ViewType,
} from './entities.ts';
export type {
  GateComparison,
  GateInput,
  GateModel,
  GateScores,
  GateSegment,
  GateValue,
} from './gate/compare.ts';
export { decideGate, GATE_DECISIONS, type GateDecision, type GateReport } from './gate/decide.ts';
export { freezeHoldout, readFrozenFraction } from './gate/frozen-holdout.ts';
export { nameIs, quoteText } from './filters.ts';
export { renderGateReportHtml } from './gate/render.ts';
export {
  ACCURACY_TAG,
  allModelAccuracies,
  bestModelAccuracy,
  CHALLENGER,
  CHAMPION,
  compareVersions,
  compareWithPrevious,
  registerModel,
  type ModelAccuracy,
  type VersionComparison,
} from './models.ts';
export { describeDataset } from './dataset-input.ts';
export { ALIAS_CHANNEL } from './postgres/aliases.ts';
export { createPostgresTrackingStore } from './postgres/create-postgres-store.ts';
export {
  CANDIDATE_TAG,
  DATASET_DIGEST_TAG,
  DATASET_TAG,
  PROVENANCE_TAG,
  RUN_TAG,
  WEIGHTS_TAG,
} from './tags.ts';
export { createRemoteTrackingStore } from './remote/create-remote-store.ts';
export { createTracking, type Tracking } from './create-tracking.ts';
export { WEBHOOK_EVENTS, EXAMPLE_DATA, renderPayload, type WebhookEvent } from './webhooks/events.ts';
export { createSendRules, openWebhookDelivery } from './webhooks/open-webhook-delivery.ts';
export { checkWebhookUrl, sendDelivery, type SendRules } from './webhooks/send.ts';
export {
  createWebhookStore,
  WEBHOOK_STATUSES,
  type Webhook,
  type WebhookDelivery,
  type WebhookStatus,
  type WebhookStore,
} from './webhooks/webhook-store.ts';
export { deleteOldRuns, deleteRunForGood } from './retention.ts';
export type {
  AliasReason,
  ExperimentStore,
  LoggedModelStore,
  NewModelVersion,
  NewRun,
  RegistryStore,
  RunBatch,
  RunStore,
  TrackingStore,
} from './tracking-store.ts';
