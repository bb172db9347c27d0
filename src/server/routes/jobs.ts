/**
 * Whole catalogues: `POST /jobs/predict` takes one as it is, and the routes below it show what becomes of it.
 */
import { Readable } from 'node:stream';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { COPY_POLICIES } from '../../core/config/index.ts';
import type { DestinationPolicy } from '../../core/outbound-policy.ts';
import { AppError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/ids.ts';
import { copyOptionsSchema, fromWireOptions } from '../../copy/index.ts';
import { TABLE_TYPES, typeOfExtension } from '../../data/index.ts';
import { JOB_STATUSES, type Db } from '../../db/index.ts';
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
  createRoutes,
  jsonAnswer,
  renderAs,
  requireReachable,
  route,
  setHeader,
  type AppEnv,
  type Router,
} from '../http/index.ts';
import { storedError } from './runs.ts';
import { mapParameter, parseMap, readUpload, UPLOAD_BODY } from './upload.ts';

export const UPLOAD_PATH = '/jobs/predict';

export const jobId = z.object({ id: z.string().min(1).max(100) });
const time = z.iso.datetime();
const count = z.int();
const summarySchema = z
  .object({
    id: z.string(),
    number: count,
    status: z.enum(JOB_STATUSES),
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

/** A switch of a query. */
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const list = (about: string) =>
  z
    .string()
    .optional()
    .transform((text) => (text === undefined ? undefined : text.split(',').map((part) => part.trim())))
    .openapi({ type: 'string', description: `${about}, separated by commas` });
const { tone, audience, brand, writer, language } = copyOptionsSchema.shape;
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
  only_changed: flag
    .optional()
    .openapi({ type: 'boolean', description: 'leave out rows that the last job of the catalogue had' }),
  map: mapParameter,
  channels: list('variants for these channels'),
  tone,
  audience,
  keywords: list('keywords'),
  banned_words: list('words that no text may hold'),
  writer,
  together: flag
    .optional()
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
  text_ids: z
    .enum(['true', 'false'])
    .optional()
    .transform((text) => text === 'true')
    .openapi({ type: 'string', description: 'columns with the ids by which feedback names the texts' }),
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
const missing = { 404: 'no such job' };

export function createJobRoutes(deps: {
  db: Db;
  jobs: JobStarter;
  artifacts: ArtifactStore;
  maxUploadBytes: number;
  destinations: DestinationPolicy;
}): Router {
  const { db, jobs, artifacts } = deps;
  const answer = (id: string) => ({ job_id: id });
  const requireOutput = async (id: string): Promise<{ job: JobView; output: JobOutput }> => {
    const job = await getJob(db, id);
    if (job.output !== null) return { job, output: job.output };
    throw new AppError('conflict', `job ${id} is ${job.status}: only a job that has succeeded has files`);
  };

  return createRoutes('jobs', [
    route(`POST ${UPLOAD_PATH}`, {
      summary:
        'Predict a whole catalogue: the body is CSV, TSV, JSON or JSONL; answers at once, Location is the job',
      query: querySchema,
      rawBody: UPLOAD_BODY,
      answer: started('started'),
      status: 202,
      refusals: {
        400: 'options that cannot be used, or neither a body nor a url',
        403: 'an address that may not be reached',
        413: 'larger than jobs.maxUploadBytes',
        503: 'there is no champion yet',
      },
      handle: async ({ query, c }) => {
        const { url, map, format, out_format, only_changed, preview, catalogue, ...named } = query;
        const { brand_by_record: brandByRecord, text_ids: textIds, ...wishes } = named;
        if (url !== undefined) await requireReachable('url', url, deps.destinations);
        const request: PredictJobRequest = {
          ...fromWireOptions(wishes),
          brandByRecord,
          textIds,
          map: parseMap(map),
          format: out_format ?? format,
          preview,
          // An address names its catalogue, but may hold what nobody else shall see.
          catalogue: catalogue ?? (url === undefined ? undefined : sha256Hex(url)),
          onlyChanged: only_changed,
        };
        const input: JobInput =
          url === undefined ? readUpload(c, deps.maxUploadBytes) : { kind: 'http', url };
        const started = await jobs.startJob({ input, request });
        setHeader(c, 'Location', addressOf(c, `/jobs/${started.jobId}`));
        return answer(started.jobId);
      },
    }),
    route('GET /jobs', {
      summary: 'Prediction jobs, newest first',
      query: createPageQuery('job').extend({ status: z.enum(JOB_STATUSES).optional() }),
      answer: jsonAnswer('the jobs', { jobs: z.array(summarySchema) }),
      handle: async ({ query }) => {
        const found = await listJobs(db, query);
        return { jobs: found.map(renderSummary) };
      },
    }),
    route('GET /jobs/{id}', {
      summary: 'One job: rows done and left, rows a second, refused rows',
      params: jobId,
      answer: jsonAnswer('the job', { job: jobSchema }),
      refusals: missing,
      handle: async ({ params }) => {
        const job = await getJob(db, params.id);
        const { columns: _columns, format, ...options } = job.options;
        return { job: renderAs(jobSchema, { ...job, format, options }) };
      },
    }),
    route('GET /jobs/{id}/output', {
      summary: 'The creatives, in the order of the catalogue',
      params: jobId,
      answer: file('the file'),
      refusals: { ...missing, 409: 'the job has not succeeded' },
      handle: async ({ params, c }) => {
        const { job, output } = await requireOutput(params.id);
        // `creatives.csv`, `creatives.xml.gz`
        const extension = output.output.key.replace(/^.*\/creatives\./u, '');
        c.header('Content-Type', typeOfExtension(extension));
        c.header('Content-Disposition', `attachment; filename="creatives-${job.id}.${extension}"`);
        c.header('Content-Length', String(output.output.sizeBytes));
        return await sendFile(c, artifacts, output.output.key);
      },
    }),
    route('GET /jobs/{id}/refused', {
      summary: 'The refused rows as JSONL: line, field, value and reason of each',
      params: jobId,
      answer: file('the rows'),
      refusals: { ...missing, 409: 'the job has not succeeded' },
      handle: async ({ params, c }) => {
        const { output } = await requireOutput(params.id);
        c.header('Content-Type', TABLE_TYPES.jsonl);
        return await sendFile(c, artifacts, output.refusedRows.key);
      },
    }),
    route('POST /jobs/{id}/cancel', {
      summary: 'Cancel an active job; its workers stop within seconds',
      params: jobId,
      answer: started('cancelled'),
      status: 202,
      refusals: { ...missing, 409: 'the job has ended' },
      handle: async ({ params: { id } }) => {
        await jobs.cancelJob(id);
        return answer(id);
      },
    }),
    route('POST /jobs/{id}/resume', {
      summary: 'Let a job go on that was paused or has failed; what is done stays done',
      params: jobId,
      answer: started('it goes on'),
      status: 202,
      refusals: { ...missing, 409: 'the job is neither paused nor has it failed' },
      handle: async ({ params: { id } }) => {
        await jobs.resumeJob(id);
        return answer(id);
      },
    }),
    route('POST /jobs/{id}/pause', {
      summary: 'Lay an active job aside; its workers stop within seconds, and what is done is kept',
      params: jobId,
      answer: started('paused'),
      status: 202,
      refusals: { ...missing, 409: 'the job is not active' },
      handle: async ({ params: { id } }) => {
        await jobs.pauseJob(id);
        return answer(id);
      },
    }),
    route('DELETE /jobs/{id}', {
      summary: 'Delete an ended job with its files',
      params: jobId,
      answer: started('deleted'),
      refusals: { ...missing, 409: 'the job is active' },
      handle: async ({ params: { id } }) => {
        await jobs.deleteJob(id);
        return answer(id);
      },
    }),
  ]);
}

async function sendFile(c: Context<AppEnv>, artifacts: ArtifactStore, key: string) {
  return c.body(Readable.toWeb(await artifacts.get(key)) as ReadableStream, 200);
}

function renderSummary(job: JobSummary): z.input<typeof summarySchema> {
  const { columns: _columns, format, ...options } = job.options;
  return renderAs(summarySchema, { ...job, format, options });
}
