/** Dataset versions: which there are, what each was made of, and its rows. */
import { z } from '@hono/zod-openapi';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import {
  getDatasetVersion,
  listDatasetVersions,
  openSplit,
  SPLITS,
  type DatasetVersion,
} from '../../data/index.ts';
import type { Db } from '../../db/index.ts';
import { createRouter, defineRoute, errorResponse, jsonAnswer, type Router } from '../http/index.ts';

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
    created_at: z.iso.datetime(),
  })
  .openapi('DatasetSummary');
const rowSchema = z
  .object({ id: z.string(), title: z.string(), description: z.string(), label: z.int(), weight: z.number() })
  .openapi('DatasetRow');

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

export function createDatasetRoutes({ db, artifacts }: { db: Db; artifacts: ArtifactStore }): Router {
  return createRouter()
    .openapi(listRoute, async function listDatasets(c) {
      const datasets = (await listDatasetVersions(db, c.req.valid('query'))).map(summarize);
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
  return { id, title, description, label, weight };
}

function summarize(version: DatasetVersion): z.infer<typeof summarySchema> {
  return {
    version: version.version,
    parent_version: version.parentVersion,
    run_id: version.runId,
    digest: version.digest,
    rows: version.rows,
    created_at: version.createdAt.toISOString(),
  };
}
