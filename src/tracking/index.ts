export { artifactKeyOf, MLFLOW_FOLDER } from './artifact-uris.ts';
export {
  APPROVAL_STATES,
  approvalOf,
  approveVersion,
  awaitApproval,
  pendingTags,
  rejectVersion,
  type ApprovalDesk,
} from './approvals.ts';
export { createArtifactStore, getObject, openBucket } from './artifacts/create-artifact-store.ts';
export { createFolderStore } from './artifacts/folder-store.ts';
export type {
  AliasMove,
  DatasetInput,
  Metric,
  MetricInput,
  ModelVersion,
  Run,
  SearchOptions,
} from './entities.ts';
export type { GateInput, GateModel, GateValue } from './gate/compare.ts';
export { decideGate, type GateReport } from './gate/decide.ts';
export { freezeHoldout, readFrozenFraction } from './gate/frozen-holdout.ts';
export { nameIs } from './filters.ts';
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
  VERIFIED_TAG,
} from './models.ts';
export { describeDataset } from './dataset-input.ts';
export { ALIAS_CHANNEL } from './postgres/aliases.ts';
export { createPostgresTrackingStore } from './postgres/create-postgres-store.ts';
export {
  CANDIDATE_TAG,
  CODE_TAG,
  DATASET_DIGEST_TAG,
  DATASET_TAG,
  PROVENANCE_TAG,
  RECIPE_TAG,
  RUN_TAG,
  WEIGHTS_TAG,
} from './tags.ts';
export { createRemoteTrackingStore } from './remote/create-remote-store.ts';
export { createTracking } from './create-tracking.ts';
export { WEBHOOK_EVENTS, EXAMPLE_DATA, renderPayload, type WebhookEvent } from './webhooks/events.ts';
export { createSendRules, openWebhookDelivery } from './webhooks/open-webhook-delivery.ts';
export { checkWebhookUrl, sendDelivery, type SendRules } from './webhooks/send.ts';
export {
  createWebhookStore,
  WEBHOOK_STATUSES,
  type Webhook,
  type WebhookStore,
} from './webhooks/webhook-store.ts';
export { deleteOldRuns, deleteRunForGood } from './retention.ts';
export type { AliasReason, RegistryStore, TrackingStore } from './tracking-store.ts';
