/**
 * What a catalogue is, before it is predicted (`POST /jobs/inspect`) and after (`GET /jobs/{id}/inspection`):
 * its mapping, its first products, and its refused rows with what their cells hold, to be mended.
 */
import { z } from '@hono/zod-openapi';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { fieldMapSchema } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { MINUTE_MS } from '../../core/clock.ts';
import type { DestinationPolicy } from '../../core/outbound-policy.ts';
import {
  findRememberedMap,
  inspectCatalogue,
  listUsedColumns,
  openCatalogueTable,
  openTable,
  type CatalogueInspection,
} from '../../data/index.ts';
import type { Db } from '../../db/index.ts';
import { readJobSource } from '../../queues/index.ts';
import {
  createHangUpSignal,
  createRoutes,
  jsonAnswer,
  route,
  toInvalidInput,
  type Router,
} from '../http/index.ts';
import { jobId } from './jobs.ts';
import { mapParameter, parseMap, readUpload, UPLOAD_BODY } from './upload.ts';

export const INSPECT_PATH = '/jobs/inspect';

const PREVIEW_ROWS = 20;
const REFUSED_KEPT = 200;
const ADDRESS_TIMEOUT_MS = MINUTE_MS;

const cells = z
  .object({ id: z.string(), title: z.string(), category: z.string(), description: z.string() })
  .openapi('CatalogueCells');
const inspectionSchema = z
  .object({
    format: z.string().openapi({ description: 'The platform that wrote it, or how it is written' }),
    is_recognised: z.boolean(),
    columns: z.array(z.string()),
    mapping: z
      .record(z.string(), z.array(z.string()))
      .openapi({ description: 'The columns of each field; the first that holds something is taken' }),
    accepted: z.int(),
    refused: z.int(),
    preview: z.array(z.object({ line: z.int(), product: cells })),
    refused_rows: z
      .array(z.object({ line: z.int(), field: z.string(), value: z.string(), reason: z.string(), cells }))
      .openapi({ description: `The first ${REFUSED_KEPT}, with what the row holds` }),
  })
  .openapi('CatalogueInspection');
const answer = jsonAnswer('what was found', { inspection: inspectionSchema });
const unreadable = 'a file that cannot be read, or whose columns cannot be told';

interface Deps {
  db: Db;
  artifacts: ArtifactStore;
  maxUploadBytes: number;
  destinations: DestinationPolicy;
}

export function createCatalogueInspectionRoutes(deps: Deps): Router {
  const kept = { previewRows: PREVIEW_ROWS, refusedKept: REFUSED_KEPT };
  const recall = (columns: readonly string[]) => findRememberedMap(deps.db, columns);
  return createRoutes('jobs', [
    route(`POST ${INSPECT_PATH}`, {
      summary:
        'What a catalogue holds, how it would be read and which rows would be refused; nothing is kept',
      query: z.strictObject({ map: mapParameter }),
      rawBody: UPLOAD_BODY,
      answer,
      refusals: {
        400: 'no body, or a map that cannot be used',
        413: 'larger than jobs.maxUploadBytes',
        422: unreadable,
      },
      handle: async ({ query, c }) => {
        const { data: map, error } = fieldMapSchema.safeParse(parseMap(query.map) ?? {});
        if (map === undefined) throw toInvalidInput(error);
        const { body, name, format } = readUpload(c, deps.maxUploadBytes);
        const table = await openTable(body, {
          name,
          named: listUsedColumns(map),
          format: format ?? undefined,
        });
        const found = await inspectCatalogue(table, {
          ...kept,
          map,
          // Whoever looks wants to be told, also where the columns only have telling names.
          recall: async (columns) => (await recall(columns)) ?? { auto: 'yes' },
          signal: createHangUpSignal(c),
        });
        return { inspection: render(found) };
      },
    }),
    route('GET /jobs/{id}/inspection', {
      summary: 'The same of the catalogue of a job, for as long as it is kept',
      params: jobId,
      answer,
      refusals: {
        403: 'an address that may not be reached any more',
        404: 'no such job, or its catalogue was deleted after its time',
        422: unreadable,
        503: 'an address that does not answer',
        504: 'an address that does not answer in time',
      },
      handle: async ({ params, c }) => {
        const { source, map } = await readJobSource(deps.db, params.id);
        const signal = createHangUpSignal(c);
        const limits = {
          timeoutMs: ADDRESS_TIMEOUT_MS,
          maxBytes: deps.maxUploadBytes,
          destinations: deps.destinations,
        };
        const opened = openCatalogueTable(source, { store: deps.artifacts, map, limits, signal });
        const table = await opened.catch((thrown: unknown) => {
          throw isGone(thrown) ? noLongerKept(params.id, thrown) : thrown;
        });
        const found = await inspectCatalogue(table, { ...kept, map, recall, signal });
        return { inspection: render(found) };
      },
    }),
  ]);
}

const isGone = (thrown: unknown): thrown is AppError =>
  thrown instanceof AppError && thrown.code === 'not-found';

const noLongerKept = (id: string, cause: AppError): AppError =>
  new AppError(
    'not-found',
    `the catalogue of job ${id} is no longer kept: only of a job that refused rows is it, for jobs.retentionDays`,
    { cause },
  );

function render(found: CatalogueInspection): z.infer<typeof inspectionSchema> {
  const { isRecognised, mapping, preview, refusals, ...rest } = found;
  return {
    ...rest,
    columns: [...found.columns],
    is_recognised: isRecognised,
    mapping: Object.fromEntries(Object.entries(mapping).map(([field, from]) => [field, [...from]])),
    preview: [...preview],
    refused_rows: refusals.map(({ line, fault, cells: held }) => ({ line, ...fault, cells: held })),
  };
}
