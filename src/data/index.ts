export {
  CATALOGUE_FIELDS,
  listUsedColumns,
  openCatalogue,
  openCatalogueTable,
  storeCatalogue,
  type CatalogueOptions,
  type CatalogueRow,
  type CatalogueSource,
  type Product,
} from './catalogue/open-catalogue.ts';
export { inspectCatalogue, type CatalogueInspection } from './catalogue/inspect-catalogue.ts';
export { openTable } from './format/open-table.ts';
export {
  ingestRecords,
  type IngestContext,
  type IngestOptions,
  type IngestProgress,
  type IngestResult,
} from './ingest.ts';
export { createRefusals, type RefusedRow, type Refusals } from './refusals.ts';
export {
  countUntakenFeedback,
  describeMissingPrediction,
  eraseFeedback,
  listFeedback,
  markFeedbackTaken,
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
  type FeedbackFile,
  type FeedbackImport,
} from './feedback-import.ts';
export { fitUsualRates, type UsualRate, type UsualRates } from './usual-rates.ts';
export { recordCounts, type CountsResult, type TextCounts } from './text-counts.ts';
export { parseTextId, readTextId, renderTextId, type TextPlace } from './text-id.ts';
export {
  judgeResult,
  readFeedbackRows,
  rowOfCounts,
  rowsOfVerdict,
  type CountedText,
  type FeedbackRow,
  type FeedbackRowOptions,
  type ToldOfText,
} from './feedback-rows.ts';
export {
  MAX_DESCRIPTION_CHARS,
  MAX_TITLE_CHARS,
  parseRecord,
  type Fault,
  type Label,
  type LabelledRecord,
  type ProductRecord,
} from './record.ts';
export {
  drawRecords,
  generateRecords,
  type GenerateOptions,
  type SyntheticRecord,
  type Truth,
} from './synthetic/generate-records.ts';
export {
  computeBayesLimit,
  positivePosterior,
  QUALITY_MODEL,
  type BayesLimit,
  type QualityModel,
} from './synthetic/quality-model.ts';
export type { FieldMap } from './reading/field-map.ts';
export { charsetOfType, formatOfName, formatOfType, typeOfExtension } from './format/open-table.ts';
export { FORMATS as SOURCE_FORMATS, type Layout, type SourceFormat } from './format/table.ts';
export { inspectSource, type Inspection, type InspectedRecord } from './inspect.ts';
export { DATA_SOURCES, describeSource, type DataSource } from './source/sources.ts';
export { renderTable, TABLE_FORMATS, TABLE_TYPES, type TableFormat } from './table/render-table.ts';
export { inGroups, type TableCell, type TableColumn, type TableRow } from './table/rows.ts';
export { requireWritable, writeBack, type WriteBackOptions } from './write-back/write-back.ts';
export {
  countLog,
  listCurrencies,
  readDraws,
  rewardColumns,
  type LogFilter,
  type LoggedDraw,
  type LogSize,
  type Reward,
} from './logged-choices.ts';
export { expectAccuracy, type ExpectedAccuracy } from './expected-accuracy.ts';
export { summarizeRewards, type EarnedCounts, type RewardSummary } from './reward-summary.ts';
export { readCues } from './synthetic/read-cues.ts';
export {
  hashContent,
  hashSplitKey,
  splitPosition,
  SPLITS,
  splitOf,
  type Split,
  type SplitFractions,
} from './version/content.ts';
export {
  createDatasetVersion,
  type FeedbackInput,
  type VersionContext,
  type VersionOptions,
  type VersionRequest,
} from './version/create-dataset-version.ts';
export { DATASET_COLUMNS, type DatasetRow } from './version/dataset-row.ts';
export {
  fetchSplitFile,
  findDatasetVersionOfRun,
  findLatestDatasetVersion,
  getDatasetVersion,
  listDatasetVersions,
  openSplit,
  type DatasetVersion,
} from './version/dataset-versions.ts';
export { CHECKS, type CheckName, type CheckResult } from './checks/check-results.ts';
export type { Finding } from './version/dataset-checks.ts';
export { findLabelErrors } from './checks/label-errors.ts';
export { createNearDuplicateFinder } from './checks/near-duplicates.ts';
export { createOutOfFold } from './checks/out-of-fold.ts';
export { diffVersions, ROW_CHANGES, type RowChange, type VersionDiff } from './version/diff-versions.ts';
export { listRowsAside, returnRow, setRowsAside, type RowAside } from './version/rows-aside.ts';
export { DRIFT_VERDICTS, type DriftLimits } from './version/drift.ts';
export type { Drift, DriftFeature, DriftVerdict } from './version/drift.ts';
export type { DatasetManifest, SplitSummary } from './version/manifest.ts';
export { openRowMerger, type RowMerger } from './version/merge-rows.ts';
export { findProducts } from './version/products.ts';
