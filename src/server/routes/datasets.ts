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
import {
  createRouter,
  defineRoute,
  errorResponse,
  jsonAnswer,
  renderAs,
  type Router,
} from '../http/index.ts';

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

const listRoute = defineRoute({
  method: 'get',
  path: '/datasets',
  tags: ['datasets'],
  summary: 'Dataset versions, newest first',
  request: {
    query: z.strictObject({
      limit: whole.max(500).default(50),
      before: whole.optional().openapi({ description: 'number of the last version of the page before' }),
    }),
  },
  responses: { 200: jsonAnswer('the versions', { datasets: z.array(summarySchema) }) },
});

const getRoute = defineRoute({
  method: 'get',
  path: '/datasets/{version}',
  tags: ['datasets'],
  summary: 'One dataset version with its manifest: splits, balance, drift, refused rows, feedback',
  request: { params: z.object({ version: whole }) },
  responses: {
    200: jsonAnswer('the version', { dataset: summarySchema.extend({ manifest: z.looseObject({}) }) }),
    404: errorResponse('no such version'),
  },
});

const rowsRoute = defineRoute({
  method: 'get',
  path: '/datasets/{version}/rows',
  tags: ['datasets'],
  summary: 'Rows of one split in their order, a page at a time; `search` keeps those that hold a text',
  request: {
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
  },
  responses: {
    200: jsonAnswer('the rows', {
      rows: z.array(rowSchema),
      next: z.int().nullable().openapi({ description: 'where to go on; null at the end' }),
    }),
    404: errorResponse('no such version'),
  },
});

const findingsRoute = defineRoute({
  method: 'get',
  path: '/datasets/{version}/findings',
  tags: ['datasets'],
  summary: 'Rows that the checks of a version hold something against; the manifest counts them all',
  request: {
    params: z.object({ version: whole }),
    query: z.strictObject({ check: z.enum(CHECKS).optional(), limit: whole.max(500).default(100) }),
  },
  responses: {
    200: jsonAnswer('the rows', { findings: z.array(findingSchema) }),
    404: errorResponse('no such version'),
  },
});

const diffRoute = defineRoute({
  method: 'get',
  path: '/datasets/{version}/diff/{other}',
  tags: ['datasets'],
  summary: 'What `other` has that the version has not, by rows and by distribution',
  request: { params: z.object({ version: whole, other: whole }) },
  responses: {
    200: jsonAnswer('the difference', { diff: diffSchema }),
    404: errorResponse('no such version'),
  },
});

const setAsideRoute = defineRoute({
  method: 'post',
  path: '/datasets/{version}/aside',
  tags: ['datasets'],
  summary: 'Leave rows of a version out of the versions after it',
  request: {
    params: z.object({ version: whole }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            rows: z.array(content).min(1).max(1000),
            reason: z.string().min(1).max(1000),
          }),
        },
      },
    },
  },
  responses: {
    200: jsonAnswer('set aside', { rows: z.int() }),
    404: errorResponse('no such version, or it holds no such row'),
  },
});

const listAsideRoute = defineRoute({
  method: 'get',
  path: '/rows-aside',
  tags: ['datasets'],
  summary: 'Rows that are left out of dataset versions, newest first',
  request: { query: z.strictObject({ limit: whole.max(500).default(100) }) },
  responses: { 200: jsonAnswer('the rows', { rows: z.array(asideSchema) }) },
});

const returnRoute = defineRoute({
  method: 'delete',
  path: '/rows-aside/{content}',
  tags: ['datasets'],
  summary: 'Take a row that was set aside into the next version again',
  request: { params: z.object({ content }) },
  responses: { 200: jsonAnswer('it comes back', {}), 404: errorResponse('no such row is set aside') },
});

export function createDatasetRoutes(deps: { db: Db; artifacts: ArtifactStore; drift: DriftLimits }): Router {
  const { db, artifacts } = deps;
  return createRouter()
    .openapi(findingsRoute, async function showFindings(c) {
      const { check, limit } = c.req.valid('query');
      const { manifest } = await getDatasetVersion(db, c.req.valid('param').version);
      const text = manifest.findingsKey === '' ? '' : await artifacts.readText(manifest.findingsKey);
      const findings = text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Finding)
        .filter((finding) => check === undefined || finding.check === check);
      return c.json({ status: 'success' as const, findings: findings.slice(0, limit) }, 200);
    })
    .openapi(diffRoute, async function showDiff(c) {
      const { version, other } = c.req.valid('param');
      const [a, b] = [await getDatasetVersion(db, version), await getDatasetVersion(db, other)];
      const diff = await diffVersions(artifacts, a, b, deps.drift, c.req.raw.signal);
      return c.json({ status: 'success' as const, diff: renderAs(diffSchema, diff) }, 200);
    })
    .openapi(setAsideRoute, async function setAside(c) {
      const { rows, reason } = c.req.valid('json');
      const version = await getDatasetVersion(db, c.req.valid('param').version);
      const distinct = [...new Set(rows)];
      await setRowsAside({ db, store: artifacts }, version, distinct, reason);
      return c.json({ status: 'success' as const, rows: distinct.length }, 200);
    })
    .openapi(listAsideRoute, async function showRowsAside(c) {
      const rows = await listRowsAside(db, c.req.valid('query').limit);
      return c.json({ status: 'success' as const, rows: rows.map((row) => renderAs(asideSchema, row)) }, 200);
    })
    .openapi(returnRoute, async function takeBack(c) {
      await returnRow(db, c.req.valid('param').content);
      return c.json({ status: 'success' as const }, 200);
    })
    .openapi(listRoute, async function listDatasets(c) {
      const versions = await listDatasetVersions(db, c.req.valid('query'));
      const datasets = versions.map(summarize);
      return c.json({ status: 'success' as const, datasets }, 200);
    })
    .openapi(getRoute, async function showDataset(c) {
      const version = await getDatasetVersion(db, c.req.valid('param').version);
      const dataset = { ...summarize(version), manifest: { ...version.manifest } };
      return c.json({ status: 'success' as const, dataset }, 200);
    })
    .openapi(rowsRoute, async function showRows(c) {
      const { split, search, limit, skip } = c.req.valid('query');
      const version = await getDatasetVersion(db, c.req.valid('param').version);
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
      return c.json({ status: 'success' as const, rows, next }, 200);
    });
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
