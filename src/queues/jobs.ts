/** Starting, cancelling, resuming and deleting prediction jobs. */
import type { ArtifactBody, ArtifactStore } from '../core/artifact-store.ts';
import type { Clock } from '../core/clock.ts';
import type { Config } from '../core/config/index.ts';
import { AppError, toError } from '../core/errors.ts';
import { createRunId } from '../core/ids.ts';
import type { Logger } from '../core/log.ts';
import { noSuchBrand, renderBrandRef } from '../copy/index.ts';
import type { Database, JobStatus } from '../db/index.ts';
import type { CatalogueSource, SourceFormat } from '../data/index.ts';
import { CHAMPION, type TrackingStore } from '../tracking/index.ts';
import { enqueueDue, listDue } from './due.ts';
import { ownerOf } from './flow.ts';
import type { StageQueues } from './stage-queues.ts';
import { JOB, jobFolder, jobWorkFolder } from './job-flow.ts';
import { resolvePredictOptions, type PredictJobOptions, type PredictJobRequest } from './job-options.ts';
import { noteEnqueued, readStatus, stopOwner } from './owners.ts';

/** Where the products come from: bytes that are stored first, or an address that the split reads. */
export type JobInput =
  | {
      kind: 'bytes';
      body: ArtifactBody;
      name: string;
      format: SourceFormat | null;
      /** As it was declared. */
      encoding?: string | undefined;
      /** Of a workbook. */
      sheet?: string | undefined;
    }
  | { kind: 'http'; url: string };

export interface JobStart {
  input: JobInput;
  request: PredictJobRequest;
  /** Names the job to `findResumable`. */
  resumeKey?: string;
}

export interface ResumableJob {
  id: string;
  status: Exclude<JobStatus, 'cancelled'>;
}

export interface JobStarter {
  /**
   * The model is the champion of this moment, for all rows.
   * @throws AppError `invalid-input` for options that cannot be used, `not-ready` without a champion, what
   * reading `body` throws, `unavailable` when the queue takes no job
   */
  startJob(start: JobStart): Promise<{ jobId: string }>;
  /** The newest job under the key that can still be gone on with or read. */
  findResumable(resumeKey: string): Promise<ResumableJob | undefined>;
  /**
   * Lets a job go on that was paused or has failed; what is done stays done. @throws AppError `not-found`;
   * `conflict` when it is neither
   */
  resumeJob(jobId: string): Promise<void>;
  /** What is done is kept. @throws AppError `not-found`; `conflict` when the job is not active */
  pauseJob(jobId: string): Promise<void>;
  /**
   * Closes the job at once; its workers stop within a second or so. @throws AppError `not-found`; `conflict`
   * when it has ended
   */
  cancelJob(jobId: string): Promise<void>;
  /**
   * Deletes an ended job and all its artifacts. @throws AppError `not-found`; `conflict` while it is active
   */
  deleteJob(jobId: string): Promise<void>;
}

export function createJobStarter(deps: {
  database: Database;
  queues: StageQueues;
  artifacts: ArtifactStore;
  registry: Pick<TrackingStore['registry'], 'findAlias'>;
  config: Pick<Config, 'copy' | 'data' | 'jobs' | 'model'>;
  clock: Clock;
  log: Logger;
}): JobStarter {
  const { database, queues, artifacts, registry, config, clock, log } = deps;
  const { db } = database;

  const storeInput = async (jobId: string, input: JobInput): Promise<CatalogueSource> => {
    if (input.kind === 'http') return input;
    const key = `${jobWorkFolder(jobId)}/catalogue`;
    const { body, kind: _kind, ...described } = input;
    await artifacts.put(key, body);
    return { kind: 'artifact', key, ...described };
  };

  const statusOf = async (jobId: string): Promise<string> => {
    const status = await readStatus(JOB, database.pool, jobId);
    if (status === undefined) throw noSuchJob(jobId);
    return status;
  };

  return {
    startJob: async ({ input, request, resumeKey }) => {
      const options = await pinBrands(db, resolvePredictOptions(config, request));
      const champion = await registry.findAlias(config.model.name, CHAMPION);
      if (champion === undefined) {
        throw new AppError(
          'not-ready',
          `${config.model.name} has no champion yet, so nothing can be predicted: "copyloop run --wait" trains one`,
        );
      }
      const jobId = createRunId(clock.now());
      try {
        const source = await storeInput(jobId, input);
        await db
          .insertInto('prediction_jobs')
          .values({
            id: jobId,
            source: JSON.stringify(source),
            options: JSON.stringify(options),
            resume_key: resumeKey ?? null,
            model_name: champion.name,
            model_version: champion.version,
          })
          .execute();
      } catch (thrown) {
        await artifacts.deletePrefix(jobFolder(jobId)).catch((error: unknown) => {
          log.warn(
            { err: toError(error), job: jobId },
            'what was stored of a refused job could not be deleted',
          );
        });
        throw thrown;
      }
      try {
        await queues.enqueue({ ownerId: jobId, stage: 'split-catalogue', part: '' });
        await noteEnqueued(JOB, database.pool, jobId);
      } catch (thrown) {
        // The row stands, and the reconciler enqueues what is missing: the caller need not upload it again.
        log.warn({ err: toError(thrown), job: jobId }, 'the queue took no job; the reconciler adds it');
      }
      return { jobId };
    },

    findResumable: async (resumeKey) => {
      const job = await db
        .selectFrom('prediction_jobs')
        .select(['id', 'status'])
        .where('resume_key', '=', resumeKey)
        .where('status', '!=', 'cancelled')
        .orderBy('number', 'desc')
        .limit(1)
        .executeTakeFirst();
      return job === undefined || job.status === 'cancelled' ? undefined : { id: job.id, status: job.status };
    },

    resumeJob: async (jobId) => {
      const row = await db.transaction().execute(async (trx) => {
        const job = await trx
          .updateTable('prediction_jobs')
          .set({ status: 'active', finished_at: null, error: null, losses: 0 })
          .where('id', '=', jobId)
          .where('status', 'in', ['failed', 'paused'])
          .returningAll()
          .executeTakeFirst();
        if (job === undefined) return undefined;
        await trx
          .updateTable('prediction_job_steps')
          .set({ status: 'waiting', error: null, finished_at: null })
          .where('job_id', '=', jobId)
          .where('status', '!=', 'succeeded')
          .execute();
        return job;
      });
      if (row === undefined) {
        throw new AppError(
          'conflict',
          `job ${jobId} is ${await statusOf(jobId)}: only a paused or a failed job can go on`,
        );
      }
      const job = ownerOf(JOB, { ...row });
      await enqueueDue(JOB, queues, job, await listDue(JOB, database.pool, jobId, job));
    },

    cancelJob: async (jobId) => await stopOwner(JOB, database.pool, jobId, noSuchJob),

    pauseJob: async (jobId) => await stopOwner(JOB, database.pool, jobId, noSuchJob, 'paused'),

    deleteJob: async (jobId) => {
      const status = await statusOf(jobId);
      if (status === 'active')
        throw new AppError('conflict', `job ${jobId} is active: cancel it before it is deleted`);
      // Artifacts first: a row without them can be deleted again, artifacts without a row would stay for
      // ever.
      await artifacts.deletePrefix(jobFolder(jobId));
      await db.deleteFrom('prediction_jobs').where('id', '=', jobId).execute();
    },
  };
}

/**
 * The versions of this moment, for all rows: whoever predicts a shard again must write the same.
 *
 * @throws AppError `invalid-input` for a brand that there is not
 */
async function pinBrands(db: Database['db'], options: PredictJobOptions): Promise<PredictJobOptions> {
  const { brand, brandByRecord } = options;
  if (brand === undefined && !brandByRecord) return options;
  const all = await db.selectFrom('brand_versions').select(['name', 'version']).execute();
  const newest = new Map<string, number>();
  for (const { name, version } of all) newest.set(name, Math.max(version, newest.get(name) ?? 0));
  const [name = '', number] = brand?.split('@') ?? [];
  const version = number === undefined ? newest.get(name) : Number(number);
  if (brand !== undefined && !all.some((known) => known.name === name && known.version === version))
    throw new AppError('invalid-input', noSuchBrand(name, version).message, { details: { field: 'brand' } });
  return {
    ...options,
    ...(version !== undefined && { brand: renderBrandRef({ name, version }) }),
    brandVersions: brandByRecord
      ? Array.from(newest, ([of, last]) => renderBrandRef({ name: of, version: last })).toSorted((a, b) =>
          a < b ? -1 : 1,
        )
      : [],
  };
}

export function noSuchJob(jobId: string): AppError {
  return new AppError('not-found', `there is no job ${jobId}: GET /jobs lists them`);
}
