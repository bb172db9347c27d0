/** All migrations in order. Applied ones are never edited: a change is a new file with the next number. */
import type { Migration } from '../migration.ts';
import { pipelineMigration } from './001-pipeline.ts';
import { datasetsMigration } from './002-datasets.ts';
import { trackingMigration } from './003-tracking.ts';
import { servingMigration } from './004-serving.ts';
import { registryMigration } from './005-registry.ts';
import { predictionJobsMigration } from './006-prediction-jobs.ts';
import { searchStatisticsMigration } from './007-search-statistics.ts';
import { feedbackMigration } from './008-feedback.ts';
import { erasuresMigration } from './009-erasures.ts';
import { runMetricsParentMigration } from './010-run-metrics-parent.ts';
import { runValuesParentMigration } from './011-run-values-parent.ts';
import { runLossesMigration } from './012-run-losses.ts';
import { flowsMigration } from './020-flows.ts';
import { versionFilesMigration } from './021-version-files.ts';
import { textFeedbackMigration } from './030-text-feedback.ts';
import { attemptLogsMigration } from './031-attempt-logs.ts';
import { schedulePauseMigration } from './032-schedule-pause.ts';
import { adoptedResultsMigration } from './033-adopted-results.ts';
import { consoleMigration } from './034-console.ts';
import { exploredPredictionsMigration } from './035-explored-predictions.ts';
import { canariesMigration } from './036-canaries.ts';
import { driftRunsMigration } from './037-drift-runs.ts';
import { feedbackByPredictionMigration } from './038-feedback-by-prediction.ts';
import { textsMigration } from './041-texts.ts';
import { brandsMigration } from './046-brands.ts';
import { writerUsageMigration } from './047-writer-usage.ts';
import { rowsAsideMigration } from './050-rows-aside.ts';
import { keyLifeMigration } from './055-key-life.ts';
import { auditMigration } from './056-audit.ts';
import { singleSignOnMigration } from './057-single-sign-on.ts';
import { pausesAndPairsMigration } from './062-pauses-and-pairs.ts';
import { rememberedMapsMigration } from './064-remembered-maps.ts';
import { keyReplacedByMigration } from './076-key-replaced-by.ts';
import { runFiltersMigration } from './077-run-filters.ts';

export const migrations: readonly Migration[] = [
  pipelineMigration,
  datasetsMigration,
  trackingMigration,
  servingMigration,
  registryMigration,
  predictionJobsMigration,
  searchStatisticsMigration,
  feedbackMigration,
  erasuresMigration,
  runMetricsParentMigration,
  runValuesParentMigration,
  runLossesMigration,
  flowsMigration,
  versionFilesMigration,
  textFeedbackMigration,
  attemptLogsMigration,
  schedulePauseMigration,
  adoptedResultsMigration,
  consoleMigration,
  exploredPredictionsMigration,
  canariesMigration,
  driftRunsMigration,
  feedbackByPredictionMigration,
  textsMigration,
  brandsMigration,
  writerUsageMigration,
  rowsAsideMigration,
  keyLifeMigration,
  auditMigration,
  singleSignOnMigration,
  pausesAndPairsMigration,
  rememberedMapsMigration,
  keyReplacedByMigration,
  runFiltersMigration,
];
