/**
 * `copyloop predict --file`: a prediction job, followed to its end and its output copied where it is wanted.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../core/config/index.ts';
import { AppError, toError } from '../core/errors.ts';
import { sha256Hex } from '../core/ids.ts';
import { TABLE_FORMATS, type TableFormat } from '../data/index.ts';
import { JOB, resolvePredictOptions, type JobStarter, type PredictJobRequest } from '../queues/index.ts';
import type { Terminal } from './command.ts';
import { followJob, requireJobSuccess } from './follow-job.ts';
import { addWorkers } from './processes.ts';
import { openQueues, withServices, type Services } from './services.ts';

export interface FilePrediction {
  file: string;
  out: string;
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
  out: string;
  /** null when no row was refused. */
  refusedFile: string | null;
}

/** The format that the name of the output asks for. @throws AppError `invalid-input` */
export function formatOfOutput(out: string, asked: string | undefined): TableFormat {
  const wanted = asked ?? path.extname(out).slice(1).toLowerCase();
  const format = TABLE_FORMATS.find((known) => known === wanted);
  if (format !== undefined) return format;
  throw new AppError(
    'invalid-input',
    `${asked === undefined ? `--out ${out} names no format` : `--format is "${asked}"`}: one of ${TABLE_FORMATS.join(', ')} is needed`,
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
  if (!info.isFile()) throw new AppError('invalid-input', `${file} is no file`);
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
      path.resolve(out),
      resolvePredictOptions(config, request),
      encoding,
      sheet,
    ]),
  );
  const earlier = await jobs.findResumable(resumeKey);
  if (resume && earlier !== undefined) {
    if (earlier.status === 'failed') await jobs.resumeJob(earlier.id);
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
