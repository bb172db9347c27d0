/**
 * Whole catalogues: `POST /jobs/predict` takes one as it is, and the routes below it show what becomes of it.
 */
import { Readable } from 'node:stream';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { COPY_POLICIES, MAPPABLE_FIELDS } from '../../core/config/index.ts';
import type { DestinationPolicy } from '../../core/outbound-policy.ts';
import { AppError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/ids.ts';
import { copyOptionsSchema, fromWireOptions } from '../../copy/index.ts';
import { formatOfType, TABLE_TYPES, typeOfExtension } from '../../data/index.ts';
import { RUN_STATUSES, type Db } from '../../db/index.ts';
import {
  getJob,
  listJobs,
  OUT_FORMATS,
  type JobInput,
  type JobOutput,
  type JobStarter,
  type JobSummary,
  type JobView,
  type PredictJobRequest,
} from '../../queues/index.ts';
import {
  addressOf,
  createPageQuery,
  createRouter,
  decoderOf,
  defineRoute,
  errorResponse,
  jsonAnswer,
  mediaTypeOf,
  requireReachable,
  toUtf8,
  setHeader,
  type AppEnv,
  type Router,
  renderAs,
} from '../http/index.ts';
import { storedError } from './runs.ts';

export const UPLOAD_PATH = '/jobs/predict';

export const jobId = z.object({ id: z.string().min(1).max(100) });
const time = z.iso.datetime();
const count = z.int();
const summarySchema = z
  .object({
    id: z.string(),
    number: count,
    status: z.enum(RUN_STATUSES),
    source: z.string(),
    format: z.enum(OUT_FORMATS),
    options: z.looseObject({}),
    model: z.object({ name: z.string(), version: count }),
    rows: z.object({ total: count.nullable(), done: count, refused: count }),
    shards: z.object({ total: count.nullable(), done: count, running: count }),
    created_at: time,
    finished_at: time.nullable(),
    error: storedError.nullable(),
  })
  .openapi('JobSummary');
const jobSchema = summarySchema
  .extend({
    rows_per_second: z.number().nullable(),
    seconds_left: z.number().nullable(),
    stages: z.array(
      z
        .object({
          stage: z.string(),
          status: z.string(),
          shards: z.object({ total: count, done: count }).nullable(),
          error: storedError.nullable(),
          started_at: time.nullable(),
          finished_at: time.nullable(),
        })
        .openapi('JobStage'),
    ),
  })
  .openapi('Job');

const list = (about: string) =>
  z
    .string()
    .optional()
    .transform((text) => (text === undefined ? undefined : text.split(',').map((part) => part.trim())))
    .openapi({ type: 'string', description: `${about}, separated by commas` });
const { tone, audience, brand, writer, language } = copyOptionsSchema.shape;
/** Repeated pairs: `map=title:Name`. */
export const mapParameter = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((pairs) => (pairs === undefined ? undefined : [pairs].flat()))
  .openapi({
    type: 'array',
    items: { type: 'string' },
    description: `FIELD:COLUMN, repeated; fields are ${MAPPABLE_FIELDS.join(', ')}`,
  });
const querySchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .openapi({ description: 'where the catalogue is, in place of a body' }),
  out_format: z.enum(OUT_FORMATS).optional().openapi({
    description: 'of the output, `same`: the catalogue as it came, with the copy in it; default jsonl',
  }),
  format: z.enum(OUT_FORMATS).optional().openapi({ deprecated: true, description: 'as out_format' }),
  preview: z.coerce
    .number<string>()
    .int()
    .optional()
    .openapi({ description: 'only so many of the first products' }),
  catalogue: z
    .string()
    .optional()
    .openapi({ description: 'what the catalogue is called from job to job, for only_changed' }),
  only_changed: z
    .enum(['true', 'false'])
    .optional()
    .transform((value) => (value === undefined ? undefined : value === 'true'))
    .openapi({ type: 'boolean', description: 'leave out rows that the last job of the catalogue had' }),
  map: mapParameter,
  channels: list('variants for these channels'),
  tone,
  audience,
  keywords: list('keywords'),
  banned_words: list('words that no text may hold'),
  writer,
  together: z
    .enum(['true', 'false'])
    .optional()
    .transform((text) => (text === undefined ? undefined : text === 'true'))
    .openapi({ type: 'string', description: 'all writers propose, and the champion chooses' }),
  brand,
  brand_by_record: z
    .enum(['true', 'false'])
    .optional()
    .transform((text) => text === 'true')
    .openapi({
      type: 'string',
      description: "each row's own brand, by its name, title or aliases; `brand` for the others",
    }),
  count: z.coerce
    .number<string>()
    .int()
    .optional()
    .openapi({ description: 'texts per field to choose from' }),
  seed: z.coerce.number<string>().int().optional(),
  policy: z.enum(COPY_POLICIES).optional().openapi({ description: 'how texts are chosen; default best' }),
  language,
});

const started = (description: string) => jsonAnswer(description, { job_id: z.string() });
const file = (description: string) => ({
  description,
  content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
});
const missing = { 404: errorResponse('no such job') };
const tags = ['jobs'];

/** Not application/json, though it is taken: the router would read the whole body to check it. */
export const UPLOAD_BODY = {
  content: Object.fromEntries(
    ['text/csv', 'text/tab-separated-values', 'application/x-ndjson'].map((type) => [
      type,
      { schema: z.string().openapi({ format: 'binary' }) },
    ]),
  ),
};

const startRoute = defineRoute({
  method: 'post',
  path: UPLOAD_PATH,
  tags,
  summary:
    'Predict a whole catalogue: the body is CSV, TSV, JSON or JSONL; answers at once, Location is the job',
  request: {
    query: querySchema,
    body: UPLOAD_BODY,
  },
  responses: {
    202: started('started'),
    400: errorResponse('options that cannot be used, or neither a body nor a url'),
    403: errorResponse('an address that may not be reached'),
    413: errorResponse('larger than jobs.maxUploadBytes'),
    503: errorResponse('there is no champion yet'),
  },
});

const listRoute = defineRoute({
  method: 'get',
  path: '/jobs',
  tags,
  summary: 'Prediction jobs, newest first',
  request: {
    query: createPageQuery('job'),
  },
  responses: {
    200: jsonAnswer('the jobs', { jobs: z.array(summarySchema) }),
  },
});

const getRoute = defineRoute({
  method: 'get',
  path: '/jobs/{id}',
  tags,
  summary: 'One job: rows done and left, rows a second, refused rows',
  request: { params: jobId },
  responses: {
    200: jsonAnswer('the job', { job: jobSchema }),
    ...missing,
  },
});

const outputRoute = defineRoute({
  method: 'get',
  path: '/jobs/{id}/output',
  tags,
  summary: 'The creatives, in the order of the catalogue',
  request: { params: jobId },
  responses: { 200: file('the file'), ...missing, 409: errorResponse('the job has not succeeded') },
});

const refusedRoute = defineRoute({
  method: 'get',
  path: '/jobs/{id}/refused',
  tags,
  summary: 'The refused rows as JSONL: line, field, value and reason of each',
  request: { params: jobId },
  responses: { 200: file('the rows'), ...missing, 409: errorResponse('the job has not succeeded') },
});

const cancelRoute = defineRoute({
  method: 'post',
  path: '/jobs/{id}/cancel',
  tags,
  summary: 'Cancel an active job; its workers stop within seconds',
  request: { params: jobId },
  responses: { 202: started('cancelled'), ...missing, 409: errorResponse('the job has ended') },
});

const resumeRoute = defineRoute({
  method: 'post',
  path: '/jobs/{id}/resume',
  tags,
  summary: 'Let a failed job go on; what is done stays done',
  request: { params: jobId },
  responses: { 202: started('it goes on'), ...missing, 409: errorResponse('the job has not failed') },
});

const deleteRoute = defineRoute({
  method: 'delete',
  path: '/jobs/{id}',
  tags,
  summary: 'Delete an ended job with its files',
  request: { params: jobId },
  responses: { 200: started('deleted'), ...missing, 409: errorResponse('the job is active') },
});

export function createJobRoutes(deps: {
  db: Db;
  jobs: JobStarter;
  artifacts: ArtifactStore;
  maxUploadBytes: number;
  destinations: DestinationPolicy;
}): Router {
  const { db, jobs, artifacts } = deps;
  const answer = (id: string) => ({ status: 'success' as const, job_id: id });
  const requireOutput = async (id: string): Promise<{ job: JobView; output: JobOutput }> => {
    const job = await getJob(db, id);
    if (job.output !== null) return { job, output: job.output };
    throw new AppError('conflict', `job ${id} is ${job.status}: only a job that has succeeded has files`);
  };

  return createRouter()
    .openapi(startRoute, async function startJob(c) {
      const { url, map, format, out_format, only_changed, preview, catalogue, ...named } =
        c.req.valid('query');
      const { brand_by_record: brandByRecord, ...wishes } = named;
      if (url !== undefined) await requireReachable('url', url, deps.destinations);
      const request: PredictJobRequest = {
        ...fromWireOptions(wishes),
        brandByRecord,
        map: parseMap(map),
        format: out_format ?? format,
        preview,
        // An address names its catalogue, but may hold what nobody else shall see.
        catalogue: catalogue ?? (url === undefined ? undefined : sha256Hex(url)),
        onlyChanged: only_changed,
      };
      const input: JobInput = url === undefined ? readUpload(c, deps.maxUploadBytes) : { kind: 'http', url };
      const started = await jobs.startJob({ input, request });
      setHeader(c, 'Location', addressOf(c, `/jobs/${started.jobId}`));
      return c.json(answer(started.jobId), 202);
    })
    .openapi(listRoute, async function showJobs(c) {
      const found = await listJobs(db, c.req.valid('query'));
      return c.json({ status: 'success' as const, jobs: found.map(renderSummary) }, 200);
    })
    .openapi(getRoute, async function showJob(c) {
      const job = await getJob(db, c.req.valid('param').id);
      const { columns: _columns, format, ...options } = job.options;
      return c.json(
        { status: 'success' as const, job: renderAs(jobSchema, { ...job, format, options }) },
        200,
      );
    })
    .openapi(outputRoute, async function showOutput(c) {
      const { job, output } = await requireOutput(c.req.valid('param').id);
      // `creatives.csv`, `creatives.xml.gz`
      const extension = output.output.key.replace(/^.*\/creatives\./u, '');
      c.header('Content-Type', typeOfExtension(extension));
      c.header('Content-Disposition', `attachment; filename="creatives-${job.id}.${extension}"`);
      c.header('Content-Length', String(output.output.sizeBytes));
      return await sendFile(c, artifacts, output.output.key);
    })
    .openapi(refusedRoute, async function showRefused(c) {
      const { output } = await requireOutput(c.req.valid('param').id);
      c.header('Content-Type', TABLE_TYPES.jsonl);
      return await sendFile(c, artifacts, output.refusedRows.key);
    })
    .openapi(cancelRoute, async function cancelJob(c) {
      const { id } = c.req.valid('param');
      await jobs.cancelJob(id);
      return c.json(answer(id), 202);
    })
    .openapi(resumeRoute, async function resumeJob(c) {
      const { id } = c.req.valid('param');
      await jobs.resumeJob(id);
      return c.json(answer(id), 202);
    })
    .openapi(deleteRoute, async function deleteJob(c) {
      const { id } = c.req.valid('param');
      await jobs.deleteJob(id);
      return c.json(answer(id), 200);
    });
}

/** FIELD:COLUMN or FIELD=COLUMN; which fields there are is checked with the other options. */
export function parseMap(pairs: readonly string[] | undefined): Record<string, string> | undefined {
  if (pairs === undefined) return undefined;
  return Object.fromEntries(
    pairs.map((pair) => {
      if (pair === 'auto') return ['auto', 'yes'];
      const [, field = '', column = ''] = /^([a-z]{1,40})[:=](.*)$/s.exec(pair) ?? [];
      if (field === '')
        throw new AppError(
          'invalid-input',
          `map is "${pair}": FIELD:COLUMN is needed, as in title:Title, or auto`,
          {
            details: { field: 'map' },
          },
        );
      return [field, column];
    }),
  );
}

/** A body of rows as a stream, which nothing has read before. */
export function readUpload(
  c: Context<AppEnv>,
  maxBytes: number,
): Extract<JobInput, { kind: 'bytes' }> & { body: AsyncIterable<Uint8Array> } {
  const body = c.req.raw.body;
  const announced = Number(c.req.header('content-length') ?? 0);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  // A stream that is not null stands for the body of every POST, also of one that has none.
  if (body === null || (c.req.header('transfer-encoding') === undefined && announced === 0))
    throw new AppError('invalid-input', 'there is no catalogue: send it as the body, or name its url');
  const contentType = c.req.header('content-type');
  const type = mediaTypeOf(contentType);
  const format = formatOfType(type) ?? null;
  if (format === null && !UNTOLD_TYPES.includes(type)) throw wrongType(type);
  const decoder = decoderOf(contentType);
  const bytes = refuseArchives(countBytes(body, maxBytes));
  return {
    kind: 'bytes',
    body: decoder === undefined ? bytes : toUtf8(bytes, decoder),
    name: 'upload',
    format,
  };
}

/** Types that say nothing of the format: it is found by the content. */
const UNTOLD_TYPES = ['', 'text/plain', 'application/octet-stream', 'application/vnd.ms-excel'];
/** What no reader of catalogues unpacks, by its first bytes. */
const ARCHIVES: readonly [string, readonly number[]][] = [
  ['an xz archive', [0xfd, 0x37, 0x7a, 0x58]],
  ['a bzip2 archive', [0x42, 0x5a, 0x68, 0x39]],
  ['a 7-Zip archive', [0x37, 0x7a, 0xbc, 0xaf]],
  ['an old Excel workbook', [0xd0, 0xcf, 0x11, 0xe0]],
  ['a PDF', [0x25, 0x50, 0x44, 0x46]],
];

function wrongType(what: string): AppError {
  return new AppError(
    'wrong-media-type',
    `the catalogue is ${JSON.stringify(what.slice(0, 100))}: send the file itself as CSV, TSV, JSON, JSONL, XML, Excel or Parquet (text/csv, application/json, application/x-ndjson, application/xml, ...)`,
    { details: { field: 'content-type' } },
  );
}

/** Whatever type it was sent under: its first bytes say what it is. */
async function* refuseArchives(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of bytes) {
    const found = isFirst
      ? ARCHIVES.find(([, magic]) => magic.every((byte, at) => chunk[at] === byte))
      : undefined;
    if (found !== undefined) throw wrongType(found[0]);
    isFirst = false;
    yield chunk;
  }
}

async function* countBytes(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

function tooLarge(maxBytes: number): AppError {
  return new AppError(
    'payload-too-large',
    `the catalogue is larger than ${maxBytes} bytes (jobs.maxUploadBytes)`,
    {
      details: { field: 'body', limit: maxBytes },
    },
  );
}

async function sendFile(c: Context<AppEnv>, artifacts: ArtifactStore, key: string) {
  return c.body(Readable.toWeb(await artifacts.get(key)) as ReadableStream, 200);
}

function renderSummary(job: JobSummary): z.input<typeof summarySchema> {
  const { columns: _columns, format, ...options } = job.options;
  return renderAs(summarySchema, { ...job, format, options });
}
