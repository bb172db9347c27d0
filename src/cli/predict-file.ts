/**
 * `copyloop predict --file`: a prediction job, followed to its end and its output copied where it is wanted.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../core/config/index.ts';
import { AppError, toError } from '../core/errors.ts';
import { sha256Hex } from '../core/ids.ts';
import { findRememberedMap, openCatalogue, type FieldMap } from '../data/index.ts';
import {
  JOB,
  OUT_FORMATS,
  resolvePredictOptions,
  type OutFormat,
  type JobStarter,
  type JobView,
  type PredictJobRequest,
} from '../queues/index.ts';
import type { Terminal } from './command.ts';
import { followJob, requireJobSuccess } from './follow-job.ts';
import { addWorkers } from './processes.ts';
import { openQueues, withServices, type Services } from './services.ts';

export interface FilePrediction {
  file: string;
  /** null: the creatives are handed to `onCreatives` and written nowhere. */
  out: string | null;
  request: PredictJobRequest;
  /** Of a file that is not UTF-8. */
  encoding: string | undefined;
  /** Of a workbook. */
  sheet: string | undefined;
  /** Go on with the job that was begun with the same files and wishes. */
  resume: boolean;
}

export interface FilePredictionResult {
  jobId: string;
  rows: number;
  refused: number;
  out: string | null;
  /** null when no row was refused. */
  refusedFile: string | null;
  /** Of a preview. */
  preview?: { creatives: unknown[]; estimate: Estimate };
}

/** What the whole catalogue would take, by what the preview took. */
export interface Estimate {
  rows: number;
  /** null where too little was measured. */
  seconds: number | null;
  /** Of a language model, about; null where templates write. */
  tokens: number | null;
}

/** The format that the name of the output asks for. @throws AppError `invalid-input` */
export function formatOfOutput(out: string, asked: string | undefined): OutFormat {
  const wanted = asked ?? path.extname(out).slice(1).toLowerCase();
  const format = OUT_FORMATS.find((known) => known === wanted);
  if (format !== undefined) return format;
  throw new AppError(
    'invalid-input',
    `${asked === undefined ? `--out ${out} names no format` : `--out-format is "${asked}"`}: one of ${OUT_FORMATS.join(', ')} is needed`,
  );
}

/**
 * Works on the job itself where no worker does. What a killed or stopped command had done is found again by
 * `resume`.
 */
export async function predictFile(
  config: Config,
  prediction: FilePrediction,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<FilePredictionResult> {
  await requireFile(prediction.file);
  if (prediction.out !== null && path.resolve(prediction.out) === path.resolve(prediction.file)) {
    throw new AppError(
      'invalid-input',
      `--out is the catalogue itself (${prediction.file}): name another file`,
    );
  }
  return await withServices(config, { role: 'predict' }, async (services) => {
    const queueing = await openQueues(services);
    const jobId = await beginJob(services, queueing.jobs, prediction, terminal);
    const othersWork = await queueing.queues.hasWorkers('predict-shard');
    if (!othersWork) {
      terminal.note('no worker is running: this command predicts the rows itself');
      await addWorkers(services, queueing, { stages: JOB.names });
    }
    try {
      const job = await followJob({ db: services.database.db, jobId, terminal, signal });
      requireJobSuccess(job);
      if (prediction.out === null) return await showPreview(services, job, prediction, signal);
      return await fetchOutput(services, job.id, prediction.out, job.output);
    } catch (thrown) {
      if (signal.aborted || isResumable(thrown)) terminal.note(describeStop(jobId, othersWork));
      throw thrown;
    }
  });
}

/** Exported for its test. What becomes of a job whose command stops. */
export function describeStop(jobId: string, othersWork: boolean): string {
  return othersWork
    ? `job ${jobId} runs on in the workers: the same command with --resume follows it; POST /jobs/${jobId}/cancel to the server cancels it`
    : `what is done is kept: the same command with --resume goes on with job ${jobId}`;
}

function isResumable(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.traits.retryable;
}

async function requireFile(file: string): Promise<void> {
  const info = await stat(file).catch((cause: unknown) => {
    throw new AppError('not-found', `there is no file ${file} (${toError(cause).message})`, { cause });
  });
  if (!info.isFile()) throw new AppError('invalid-input', `${file} is not a file`);
}

async function beginJob(
  { config }: Services,
  jobs: JobStarter,
  { file, out, request, resume, encoding, sheet }: FilePrediction,
  terminal: Terminal,
): Promise<string> {
  const { size, mtimeMs } = await stat(file);
  // The catalogue is part of what a job is: after an edit there is nothing to go on with.
  const resumeKey = sha256Hex(
    JSON.stringify([
      path.resolve(file),
      size,
      mtimeMs,
      out === null ? null : path.resolve(out),
      resolvePredictOptions(config, request),
      encoding,
      sheet,
    ]),
  );
  const earlier = await jobs.findResumable(resumeKey);
  if (resume && earlier !== undefined) {
    if (earlier.status === 'failed' || earlier.status === 'paused') await jobs.resumeJob(earlier.id);
    terminal.note(`job ${earlier.id} goes on`);
    return earlier.id;
  }
  if (resume)
    terminal.note('no job of this catalogue, output and these options is there to resume: a new one begins');
  if (!resume && earlier?.status === 'active') {
    await jobs.cancelJob(earlier.id);
    terminal.note(
      `job ${earlier.id} of the same catalogue is cancelled: --resume would have gone on with it`,
    );
  }
  const body = createReadStream(file, { highWaterMark: 1 << 18 });
  const { jobId } = await jobs.startJob({
    input: { kind: 'bytes', body, name: path.basename(file), format: null, encoding, sheet },
    request,
    resumeKey,
  });
  terminal.note(`job ${jobId} begins`);
  return jobId;
}

/** The first creatives, and what the rest would take at their pace. */
async function showPreview(
  { artifacts, config, database }: Services,
  job: JobView,
  { file, encoding, sheet, request }: FilePrediction,
  signal: AbortSignal,
): Promise<FilePredictionResult> {
  if (job.output === null) throw new AppError('internal', `job ${job.id} has succeeded without an output`);
  const lines = (await artifacts.readText(job.output.output.key)).split('\n').filter((line) => line !== '');
  const creatives = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const map: FieldMap = request.map ?? config.data.map;
  const name = path.basename(file);
  const { timeoutMs, maxBytes } = config.data.source;
  const whole = await openCatalogue(
    { kind: 'artifact', key: file, name, format: null, encoding, sheet },
    {
      store: { get: () => Promise.resolve(createReadStream(file, { highWaterMark: 1 << 18 })) },
      map,
      recall: (columns) => findRememberedMap(database.db, columns),
      limits: { timeoutMs, maxBytes, destinations: config.outbound },
      signal,
    },
  );
  let rows = 0;
  for await (const row of whole) if ('product' in row) rows += 1;
  const estimate: Estimate = {
    rows,
    seconds: job.rowsPerSecond === null ? null : Math.ceil(rows / job.rowsPerSecond),
    tokens: config.copy.writer === 'templates' ? null : estimateTokens(creatives, rows),
  };
  const result = { jobId: job.id, rows: job.output.rows, refused: job.output.refusedTotal, out: null };
  return { ...result, refusedFile: null, preview: { creatives, estimate } };
}

/** A prompt holds the product and some hundred words of order; the answer several texts a field. */
const TOKENS_OF_ORDER = 700;
const CHARS_PER_TOKEN = 4;

function estimateTokens(creatives: readonly Record<string, unknown>[], rows: number): number {
  const chars = creatives.reduce((sum, creative) => sum + JSON.stringify(creative).length, 0);
  const perRow = TOKENS_OF_ORDER + (2 * chars) / Math.max(1, creatives.length) / CHARS_PER_TOKEN;
  return Math.round((perRow * rows) / 100) * 100;
}

type Output = Awaited<ReturnType<typeof followJob>>['output'];

async function fetchOutput(
  { artifacts }: Services,
  jobId: string,
  out: string,
  output: Output,
): Promise<FilePredictionResult> {
  if (output === null) throw new AppError('internal', `job ${jobId} has succeeded without an output`);
  await artifacts.fetchFile(output.output.key, path.resolve(out));
  const refusedFile = output.refusedTotal === 0 ? null : `${out}.refused.jsonl`;
  if (refusedFile !== null) await artifacts.fetchFile(output.refusedRows.key, path.resolve(refusedFile));
  return { jobId, rows: output.rows, refused: output.refusedTotal, out, refusedFile };
}
