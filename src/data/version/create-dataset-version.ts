/**
 * The work of the stage `version-data`. Reads the parent's rows (when they are joined), the raw records and
 * the feedback; merges them; writes a file per split; and commits the version.
 *
 * Crash at any point: files lie under a folder named after run and digest, and nothing refers to them before
 * the row is committed, so that a second attempt writes the same files again and commits. Two attempts at
 * once: the lock lets one commit, and the other finds its row. The number is given under the lock, in the
 * transaction that commits: there are no gaps.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { Clock } from '../../core/clock.ts';
import type { Config } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import type { Db } from '../../db/index.ts';
import { feedbackIdOfRow, readErasedFeedback } from '../feedback-rows.ts';
import type { IngestResult } from '../ingest.ts';
import { parseRecord, type Label, type LabelledRecord, type ProductRecord } from '../record.ts';
import { splitLines } from '../split-lines.ts';
import { createDatasetChecks, type CheckOptions, type SettledChecks } from './dataset-checks.ts';
import type { CheckResult } from '../checks/check-results.ts';
import { maskPersonalData } from '../checks/personal-data.ts';
import { readRowsAside } from './rows-aside.ts';
import { findProducts } from './products.ts';
import { commitVersion } from './commit-version.ts';
import { hashContent, SPLITS } from './content.ts';
import {
  findDatasetVersionOfRun,
  findLatestDatasetVersion,
  getDatasetVersion,
  openSplit,
  readProfile,
  type DatasetVersion,
} from './dataset-versions.ts';
import { describeColumns, withColumn } from './dataset-row.ts';
import { createDriftMeter } from './drift.ts';
import type { DatasetManifest } from './manifest.ts';
import { openRowMerger, type RowMerger } from './merge-rows.ts';
import type { Profile } from './profile.ts';
import type { UsualRates } from '../usual-rates.ts';
import { writeSplits, type WrittenSplits } from './write-splits.ts';

/** The part of the section `data` that decides what becomes of the records. */
export type VersionOptions = Pick<Config['data'], 'split' | 'joinParent' | 'drift'> &
  Partial<Pick<Config['data'], 'checks'>>;

/** A labelled outcome: what people made of a text. `FeedbackRow` of feedback-rows.ts is one. */
export interface FeedbackInput extends Partial<ProductRecord> {
  title: string;
  description: string;
  label: Label;
  /** Probability that the label is 1, where evidence leaves it open. */
  target?: number | null;
  /** Which field of a creative the text is for. */
  field?: string;
  /** A row of weight 0 teaches nothing, and is only marked as taken. */
  weight: number;
  /** Stored feedback that the row comes from; it is marked as taken when the version is committed. */
  feedbackIds?: readonly number[];
}

export interface VersionRequest {
  runId: string;
  raw: IngestResult;
  /** undefined: the newest version there is; null: none. */
  parentVersion?: number | null;
  feedbackRows?: AsyncIterable<FeedbackInput> | Iterable<FeedbackInput>;
  /** Against what the counts among the feedback were read, for the manifest. */
  usualRates?: UsualRates;
  /** As `hashVersionInputs` gives them, for the manifest. */
  inputs?: string | undefined;
  options: VersionOptions;
}

export interface VersionContext {
  db: Db;
  store: ArtifactStore;
  /** Local folder for temporary files: `<varDir>/tmp`. */
  workDir: string;
  clock: Clock;
  signal?: AbortSignal;
  /** Rows read so far. */
  onProgress?: (progress: { rows: number }) => void | Promise<void>;
}

interface Counts {
  inherited: number;
  feedback: { accepted: number; refused: number; open: number; weight: number };
  feedbackIds: number[];
  setAside: number;
  masked: number;
}

const PROGRESS_ROWS = 1000;

/**
 * The version of this run: made now, or the one that an earlier attempt committed.
 * @throws AppError `bad-data` when a split is empty or training rows carry one label only; `not-found`
 *   without the parent
 */
export async function createDatasetVersion(
  request: VersionRequest,
  context: VersionContext,
): Promise<DatasetVersion> {
  const { db, store } = context;
  const committed = await findDatasetVersionOfRun(db, request.runId);
  if (committed !== undefined) return committed;

  const parent = await findParent(db, request.parentVersion);
  const parentProfile = parent === undefined ? undefined : await readProfile(store, parent);
  await mkdir(context.workDir, { recursive: true });
  const folder = await mkdtemp(path.join(context.workDir, 'dataset-'));
  const merger = await openRowMerger(path.join(folder, 'buckets'));
  try {
    const counts = await readInputs(merger, request, parent, context);
    const drift =
      parentProfile === undefined ? undefined : createDriftMeter(parentProfile, request.options.drift);
    const settled = await settleChecks(merger, request.options.checks, context.signal);
    const columns = settled.hasGroups ? withColumn(merger.laterFields, 'group') : merger.laterFields;
    const written = await writeSplits(settled.assign(merger.readMerged()), {
      folder,
      columns,
      fractions: request.options.split,
      drift,
      signal: context.signal,
    });
    checkUsable(written);
    const results = settled.results();
    requirePassed(results);
    const keyPrefix = `datasets/${request.runId}-${written.digest.slice(0, 12)}`;
    const splits = await storeFiles(store, keyPrefix, written);
    const findings = settled.findings();
    const findingsKey = findings.length === 0 ? '' : `${keyPrefix}/findings.jsonl`;
    if (findingsKey !== '')
      await store.put(findingsKey, findings.map((finding) => `${JSON.stringify(finding)}\n`).join(''));
    const draft: Omit<DatasetManifest, 'version'> = {
      format: 1,
      runId: request.runId,
      parentVersion: parent?.version ?? null,
      createdAt: context.clock.now().toISOString(),
      digest: written.digest,
      ...(request.inputs !== undefined && { inputs: request.inputs }),
      columns: describeColumns(columns),
      splits,
      splitRule: request.options.split,
      rows: written.profile.rows,
      labelBalance: describeBalance(written.profile),
      origins: written.origins,
      source: describeSource(request.raw),
      feedback: { ...counts.feedback, usualRates: Object.fromEntries(request.usualRates ?? []) },
      inherited: counts.inherited,
      ...merger.counts,
      setAside: counts.setAside,
      masked: counts.masked,
      checks: results,
      findingsKey,
      drift: parent === undefined ? null : (drift?.build(parent.version) ?? null),
      bayes: knownLimit(request, parent, counts),
    };
    return await commitVersion(draft, keyPrefix, counts.feedbackIds, context);
  } finally {
    await merger.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function findParent(db: Db, wanted: number | null | undefined): Promise<DatasetVersion | undefined> {
  if (wanted === null) return undefined;
  return wanted === undefined ? await findLatestDatasetVersion(db) : await getDatasetVersion(db, wanted);
}

async function readInputs(
  merger: RowMerger,
  request: VersionRequest,
  parent: DatasetVersion | undefined,
  context: VersionContext,
): Promise<Counts> {
  const { store, signal, onProgress } = context;
  const counts: Counts = {
    inherited: 0,
    feedback: { accepted: 0, refused: 0, open: 0, weight: 0 },
    feedbackIds: [],
    setAside: 0,
    masked: 0,
  };
  let rows = 0;
  const isMasked = request.options.checks?.personalData.mask === true;
  const aside = await readRowsAside(context.db);
  const mask = (text: string): string => {
    const masked = maskPersonalData(text);
    if (masked !== text) counts.masked += 1;
    return masked;
  };
  const add: RowMerger['add'] = async (given, inherited) => {
    const row = isMasked
      ? { ...given, title: mask(given.title), description: mask(given.description) }
      : given;
    if (aside.contents.has(hashContent(row.title, row.description).toString('hex'))) {
      counts.setAside += 1;
      return;
    }
    await merger.add(row, inherited);
    rows += 1;
    if (rows % PROGRESS_ROWS !== 0) return;
    signal?.throwIfAborted();
    await onProgress?.({ rows });
  };

  if (parent !== undefined && request.options.joinParent) {
    const erased = await readErasedFeedback(context.db);
    for (const split of SPLITS) {
      for await (const row of openSplit(store, parent, split)) {
        const feedbackId = row.origin === 'feedback' ? feedbackIdOfRow(row.id) : undefined;
        if (feedbackId !== undefined && erased.has(feedbackId)) continue;
        counts.inherited += 1;
        await add(row, true);
      }
    }
  }
  const readRaw = async (): Promise<AsyncIterable<LabelledRecord>> =>
    readLines(await store.get(request.raw.rawKey));
  const groupOf = request.raw.repeatsIds === true ? await findProducts(await readRaw()) : undefined;
  for await (const record of await readRaw()) {
    const group = record.group ?? groupOf?.(record.id);
    await add({ ...record, ...(group !== undefined && { group }), weight: 1, origin: 'source' }, false);
  }
  for await (const { label, target, weight, field, feedbackIds, ...raw } of request.feedbackRows ?? []) {
    counts.feedbackIds.push(...(feedbackIds ?? []));
    const parsed = parseRecord(raw);
    if ('fault' in parsed || !(weight > 0)) {
      counts.feedback.refused += 1;
      continue;
    }
    counts.feedback.accepted += 1;
    counts.feedback.weight += weight;
    const isOpen = target !== undefined && target !== null;
    if (isOpen) counts.feedback.open += 1;
    const told = { ...(isOpen && { target }), ...(field !== undefined && { field }) };
    await add({ ...parsed.record, label, weight, origin: 'feedback', ...told }, false);
  }
  // What came back is as the parent had it: newer rows of the same text win.
  for (const row of aside.returned) await add(row, true);
  await onProgress?.({ rows });
  return counts;
}

async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<LabelledRecord> {
  for await (const line of splitLines(chunks)) yield JSON.parse(line.toString()) as LabelledRecord;
}

async function settleChecks(
  merger: RowMerger,
  options: CheckOptions | undefined,
  signal: AbortSignal | undefined,
): Promise<SettledChecks> {
  if (options === undefined) return NO_CHECKS;
  const checks = createDatasetChecks(options);
  for await (const row of merger.readMerged()) {
    signal?.throwIfAborted();
    checks.observe(row);
  }
  return checks.settle({ ...merger.counts });
}

const NO_CHECKS: SettledChecks = {
  hasGroups: false,
  assign: (rows) => rows,
  results: () => [],
  findings: () => [],
};

/** @throws AppError `bad-data` that names the checks which stop a version, with a row of each */
function requirePassed(results: readonly CheckResult[]): void {
  const failed = results.filter(({ severity, passed }) => severity === 'stop' && !passed);
  if (failed.length === 0) return;
  const told = failed.map(({ name, found, rows, mostly, examples: [first] }) => {
    const example = first === undefined ? '' : `, such as ${JSON.stringify(first.title)} (${first.detail})`;
    return `${name}: ${found} of ${rows} rows${example}, where ${mostly} of them must be free of it`;
  });
  throw new AppError(
    'bad-data',
    `checks stop the version. ${told.join('; ')}. Mend the rows, or change data.checks`,
    { details: { checks: failed.map(({ name }) => name) } },
  );
}

function checkUsable({ splits, profile }: WrittenSplits): void {
  const sizes = SPLITS.map((split) => `${split} ${splits[split].rows}`).join(', ');
  if (SPLITS.some((split) => splits[split].rows === 0)) {
    throw new AppError(
      'bad-data',
      `${profile.rows} distinct records leave a split empty (${sizes}): bring more records, fifty at the least`,
    );
  }
  const { rows, positives } = splits.train;
  if (positives === 0 || positives === rows) {
    throw new AppError(
      'bad-data',
      `all ${rows} training records have the label ${positives === 0 ? 0 : 1}, so there is nothing to learn: change the label rule (data.label.threshold or data.label.column)`,
    );
  }
}

async function storeFiles(
  store: ArtifactStore,
  keyPrefix: string,
  { splits, profile }: WrittenSplits,
): Promise<DatasetManifest['splits']> {
  const put = async (split: (typeof SPLITS)[number]) => {
    const { file, rows, positives } = splits[split];
    const key = `${keyPrefix}/${split}/training_data.csv`;
    return { key, ...(await store.putFile(key, file)), rows, positives };
  };
  await store.put(`${keyPrefix}/profile.json`, JSON.stringify(profile));
  return {
    train: await put('train'),
    validation: await put('validation'),
    holdout: await put('holdout'),
  };
}

function describeBalance({ rows, positives }: Profile): DatasetManifest['labelBalance'] {
  const negatives = rows - positives;
  return { positives, negatives, majorityAccuracy: Math.max(positives, negatives) / rows };
}

function describeSource(raw: IngestResult): DatasetManifest['source'] {
  const { source: name, accepted, refused, refusedKey, rawSha256, unrated, ignored, recognised } = raw;
  return { name, accepted, refused, refusedKey, rawSha256, unrated, ignored, recognised };
}

/**
 * The limit holds for synthetic records only: joined ones must follow the same law, and feedback follows
 * none.
 */
function knownLimit(
  request: VersionRequest,
  parent: DatasetVersion | undefined,
  counts: Counts,
): DatasetManifest['bayes'] {
  const { bayes } = request.raw;
  if (bayes === null || counts.feedback.accepted > 0) return null;
  if (counts.inherited === 0) return bayes;
  return parent?.manifest.bayes?.accuracy === bayes.accuracy ? bayes : null;
}
