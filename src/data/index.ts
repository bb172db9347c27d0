export {
  listUsedColumns,
  openCatalogue,
  openCatalogueTable,
  storeCatalogue,
  type CatalogueRow,
  type CatalogueSource,
  type Product,
} from './catalogue/open-catalogue.ts';
export { inspectCatalogue, type CatalogueInspection } from './catalogue/inspect-catalogue.ts';
export { openTable } from './format/open-table.ts';
export { ingestRecords, type IngestOptions, type IngestResult } from './ingest.ts';
export { createRefusals, type RefusedRow } from './refusals.ts';
export {
  countUntakenFeedback,
  describeMissingPrediction,
  eraseFeedback,
  listFeedback,
  recordFeedback,
  type Feedback,
} from './feedback.ts';
export {
  countField,
  currencyField,
  findRevenueFault,
  importFeedback,
  isFuture,
  readDay,
  revenueField,
  sourceField,
  type FeedbackImport,
} from './feedback-import.ts';
export { fitUsualRates } from './usual-rates.ts';
export { recordCounts } from './text-counts.ts';
export { parseTextId, renderTextId, type TextPlace } from './text-id.ts';
export {
  judgeResult,
  readFeedbackRows,
  rowOfCounts,
  rowsOfVerdict,
  type FeedbackRow,
} from './feedback-rows.ts';
export { parseRecord, type Fault, type LabelledRecord } from './record.ts';
export { drawRecords, generateRecords, type SyntheticRecord } from './synthetic/generate-records.ts';
export {
  computeBayesLimit,
  positivePosterior,
  QUALITY_MODEL,
  type QualityModel,
} from './synthetic/quality-model.ts';
export type { FieldMap } from './reading/field-map.ts';
export { formatOfType, typeOfExtension } from './format/open-table.ts';
export { type SourceFormat } from './format/table.ts';
export { listForeignColumns } from './platform/recognise.ts';
export { inspectSource, type Inspection, type InspectedRecord, type InspectOptions } from './inspect.ts';
export { DATA_SOURCES, type DataSource } from './source/sources.ts';
export { renderTable, TABLE_FORMATS, TABLE_TYPES, type TableFormat } from './table/render-table.ts';
export { inGroups, type TableColumn, type TableRow } from './table/rows.ts';
export { requireWritable, writeBack } from './write-back/write-back.ts';
export {
  countLog,
  listCurrencies,
  readDraws,
  rewardColumns,
  type LogFilter,
  type LoggedDraw,
  type LogSize,
} from './logged-choices.ts';
export { expectAccuracy, type ExpectedAccuracy } from './expected-accuracy.ts';
export { sumEarned, summarizeRewards, type EarnedCounts, type RewardSummary } from './reward-summary.ts';
export { hashContent, hashSplitKey, splitPosition, SPLITS, splitOf, type Split } from './version/content.ts';
export {
  createDatasetVersion,
  type VersionContext,
  type VersionOptions,
  type VersionRequest,
} from './version/create-dataset-version.ts';
export {
  fetchSplitFile,
  findDatasetVersionOfRun,
  findLatestDatasetVersion,
  getDatasetVersion,
  listDatasetVersions,
  openSplit,
  type DatasetVersion,
} from './version/dataset-versions.ts';
export { CHECKS } from './checks/check-results.ts';
export type { Finding } from './version/dataset-checks.ts';
export { findLabelErrors } from './checks/label-errors.ts';
export { createNearDuplicateFinder } from './checks/near-duplicates.ts';
export { createOutOfFold } from './checks/out-of-fold.ts';
export { diffVersions, ROW_CHANGES, type VersionDiff } from './version/diff-versions.ts';
export { listRowsAside, returnRow, setRowsAside } from './version/rows-aside.ts';
export { DRIFT_VERDICTS, type DriftLimits } from './version/drift.ts';
export type { DatasetManifest } from './version/manifest.ts';
export { openRowMerger } from './version/merge-rows.ts';
export { findProducts } from './version/products.ts';
export { findRememberedMap, rememberMap } from './remembered-maps.ts';
export { hashVersionInputs } from './version/version-inputs.ts';
