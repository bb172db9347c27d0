/** Dataset versions: which there are, what each was made of, and its rows. */
import { z } from '@hono/zod-openapi';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import {
  CHECKS,
  diffVersions,
  DRIFT_VERDICTS,
  getDatasetVersion,
  hashContent,
  listDatasetVersions,
  listRowsAside,
  openSplit,
  returnRow,
  ROW_CHANGES,
  setRowsAside,
  SPLITS,
  type DriftLimits,
  type Finding,
  type DatasetVersion,
} from '../../data/index.ts';
import type { Db } from '../../db/index.ts';
import { createRoutes, jsonAnswer, renderAs, route, type Router } from '../http/index.ts';

const MAX_NUMBER = 2 ** 31 - 1;
const whole = z.coerce.number<string>().int().min(1).max(MAX_NUMBER);
/** Rows looked at in one request, so that a search for what is not there ends. */
const MAX_SCANNED = 20_000;

const summarySchema = z
  .object({
    version: z.int(),
    parent_version: z.int().nullable(),
    run_id: z.string(),
    digest: z.string(),
    rows: z.int(),
    positive_share: z.number().nullable().openapi({ description: 'Of all rows; null where there is none' }),
    refused: z.int().openapi({ description: 'Rows of the source that could not be used' }),
    from_feedback: z.int(),
    drift: z.enum(DRIFT_VERDICTS).nullable().openapi({ description: 'From the parent; null without one' }),
    created_at: z.iso.datetime(),
  })
  .openapi('DatasetSummary');
/** Hash of a row's title and description. */
const content = z.string().regex(/^[0-9a-f]{64}$/);
const rowSchema = z
  .object({
    content,
    id: z.string(),
    title: z.string(),
    description: z.string(),
    label: z.int(),
    weight: z.number(),
  })
  .openapi('DatasetRow');
const findingSchema = z
  .object({
    check: z.enum(CHECKS),
    content,
    id: z.string(),
    title: z.string(),
    label: z.int(),
    detail: z.string(),
  })
  .openapi('DatasetFinding');
const asideSchema = z
  .object({
    content,
    title: z.string(),
    label: z.int(),
    reason: z.string(),
    dataset_version: z.int(),
    set_aside_at: z.iso.datetime(),
  })
  .openapi('RowAside');
const counts = z.object(Object.fromEntries(ROW_CHANGES.map((change) => [change, z.int()])) as Counts);
type Counts = Record<(typeof ROW_CHANGES)[number], z.ZodInt>;
const splitName = z.enum(SPLITS);
const diffSchema = z
  .object({
    same: z.int(),
    rows: counts,
    examples: z.array(
      z.object({
        change: z.enum(ROW_CHANGES),
        content,
        id: z.string(),
        title: z.string(),
        split: splitName,
        label: z.int(),
        before: z.object({ split: splitName, label: z.int() }).nullable(),
      }),
    ),
    distribution: z.object({
      verdict: z.enum(DRIFT_VERDICTS),
      features: z.array(
        z.object({
          feature: z.string(),
          psi: z.number(),
          noise: z.number(),
          verdict: z.enum(DRIFT_VERDICTS),
          before: z.number().nullable(),
          now: z.number().nullable(),
        }),
      ),
    }),
  })
  .openapi('DatasetDiff');

export function createDatasetRoutes(deps: { db: Db; artifacts: ArtifactStore; drift: DriftLimits }): Router {
  const { db, artifacts } = deps;
  return createRoutes('datasets', [
    route('GET /datasets/{version}/findings', {
      summary: 'Rows that the checks of a version hold something against; the manifest counts them all',
      params: z.object({ version: whole }),
      query: z.strictObject({ check: z.enum(CHECKS).optional(), limit: whole.max(500).default(100) }),
      answer: jsonAnswer('the rows', { findings: z.array(findingSchema) }),
      refusals: { 404: 'no such version' },
      handle: async ({ params, query: { check, limit } }) => {
        const { manifest } = await getDatasetVersion(db, params.version);
        const text = manifest.findingsKey === '' ? '' : await artifacts.readText(manifest.findingsKey);
        const findings = text
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as Finding)
          .filter((finding) => check === undefined || finding.check === check);
        return { findings: findings.slice(0, limit) };
      },
    }),
    route('GET /datasets/{version}/diff/{other}', {
      summary: 'What `other` has that the version has not, by rows and by distribution',
      params: z.object({ version: whole, other: whole }),
      answer: jsonAnswer('the difference', { diff: diffSchema }),
      refusals: { 404: 'no such version' },
      handle: async ({ params: { version, other }, c }) => {
        const [a, b] = [await getDatasetVersion(db, version), await getDatasetVersion(db, other)];
        const diff = await diffVersions(artifacts, a, b, deps.drift, c.req.raw.signal);
        return { diff: renderAs(diffSchema, diff) };
      },
    }),
    route('POST /datasets/{version}/aside', {
      summary: 'Leave rows of a version out of the versions after it',
      params: z.object({ version: whole }),
      body: z.strictObject({
        rows: z.array(content).min(1).max(1000),
        reason: z.string().min(1).max(1000),
      }),
      answer: jsonAnswer('set aside', { rows: z.int() }),
      refusals: { 404: 'no such version, or it holds no such row' },
      handle: async ({ params, body: { rows, reason } }) => {
        const version = await getDatasetVersion(db, params.version);
        const distinct = [...new Set(rows)];
        await setRowsAside({ db, store: artifacts }, version, distinct, reason);
        return { rows: distinct.length };
      },
    }),
    route('GET /rows-aside', {
      summary: 'Rows that are left out of dataset versions, newest first',
      query: z.strictObject({ limit: whole.max(500).default(100) }),
      answer: jsonAnswer('the rows', { rows: z.array(asideSchema) }),
      handle: async ({ query }) => {
        const rows = await listRowsAside(db, query.limit);
        return { rows: rows.map((row) => renderAs(asideSchema, row)) };
      },
    }),
    route('DELETE /rows-aside/{content}', {
      summary: 'Take a row that was set aside into the next version again',
      params: z.object({ content }),
      answer: jsonAnswer('it comes back', {}),
      refusals: { 404: 'no such row is set aside' },
      handle: async ({ params }) => {
        await returnRow(db, params.content);
        return {};
      },
    }),
    route('GET /datasets', {
      summary: 'Dataset versions, newest first',
      query: z.strictObject({
        limit: whole.max(500).default(50),
        before: whole.optional().openapi({ description: 'number of the last version of the page before' }),
      }),
      answer: jsonAnswer('the versions', { datasets: z.array(summarySchema) }),
      handle: async ({ query }) => {
        const versions = await listDatasetVersions(db, query);
        const datasets = versions.map(summarize);
        return { datasets };
      },
    }),
    route('GET /datasets/{version}', {
      summary: 'One dataset version with its manifest: splits, balance, drift, refused rows, feedback',
      params: z.object({ version: whole }),
      answer: jsonAnswer('the version', { dataset: summarySchema.extend({ manifest: z.looseObject({}) }) }),
      refusals: { 404: 'no such version' },
      handle: async ({ params }) => {
        const version = await getDatasetVersion(db, params.version);
        const dataset = { ...summarize(version), manifest: { ...version.manifest } };
        return { dataset };
      },
    }),
    route('GET /datasets/{version}/rows', {
      summary: 'Rows of one split in their order, a page at a time; `search` keeps those that hold a text',
      params: z.object({ version: whole }),
      query: z.strictObject({
        split: z.enum(SPLITS).default('train'),
        search: z.string().max(200).default(''),
        limit: whole.max(200).default(50),
        skip: z.coerce
          .number<string>()
          .int()
          .min(0)
          .max(MAX_NUMBER)
          .default(0)
          .openapi({ description: '`next` of the page before' }),
      }),
      answer: jsonAnswer('the rows', {
        rows: z.array(rowSchema),
        next: z.int().nullable().openapi({ description: 'where to go on; null at the end' }),
      }),
      refusals: { 404: 'no such version' },
      handle: async ({ params, query: { split, search, limit, skip } }) => {
        const version = await getDatasetVersion(db, params.version);
        const wanted = search.toLowerCase();
        const rows: z.infer<typeof rowSchema>[] = [];
        let at = 0;
        let next: number | null = null;
        for await (const row of openSplit(artifacts, version, split)) {
          at += 1;
          if (at <= skip) continue;
          if (`${row.title}\n${row.description}`.toLowerCase().includes(wanted)) rows.push(showRow(row));
          if (rows.length < limit && at - skip < MAX_SCANNED) continue;
          next = at;
          break;
        }
        return { rows, next };
      },
    }),
  ]);
}

function showRow(row: { id: string; title: string; description: string; label: number; weight: number }) {
  const { id, title, description, label, weight } = row;
  const key = hashContent(title, description).toString('hex');
  return { content: key, id, title, description, label, weight };
}

function summarize(version: DatasetVersion): z.infer<typeof summarySchema> {
  const { rows, manifest } = version;
  return renderAs(summarySchema, {
    ...version,
    positiveShare: rows === 0 ? null : manifest.labelBalance.positives / rows,
    refused: manifest.source.refused,
    fromFeedback: manifest.feedback.accepted,
    drift: manifest.drift?.verdict ?? null,
  });
}
