/** Whole catalogues: prediction jobs, from the upload to the file of creatives. */
import type { Answer, Query } from './api-types.ts';
import type { CallOptions, Caller, Content } from './caller.ts';
import { followUntilEnded, type FollowOptions } from './follow.ts';

/** The file itself, of any size (a stream is sent as it comes), or where the server finds it. */
export type Catalogue =
  | {
      body: Content;
      /**
       * `text/csv`, `text/tab-separated-values`, `application/x-ndjson`; the server looks at the content when
       * left out.
       */
      contentType?: string | undefined;
    }
  | { url: string };

type Listed = 'channels' | 'keywords' | 'banned_words';
export type JobRequest = Omit<Query<'POST /jobs/predict'>, Listed | 'url'> & {
  [K in Listed]?: readonly string[] | undefined;
};
export type Job = Answer<'GET /jobs/{id}'>['job'];
export type CatalogueInspection = Answer<'POST /jobs/inspect'>['inspection'];
export type JobSummary = Answer<'GET /jobs'>['jobs'][number];

const UPLOAD_TIMEOUT_MS = 600_000;

/** An empty list asks for nothing: sent, it would be one empty name. */
const joinList = (list: readonly string[] | undefined): string | undefined =>
  list === undefined || list.length === 0 ? undefined : list.join(',');

export function createJobsClient(caller: Caller) {
  const at = (id: string, rest = ''): string => `/jobs/${encodeURIComponent(id)}${rest}`;
  const getJob = async (id: string, rest?: CallOptions): Promise<Job> =>
    (await caller.json<Answer<'GET /jobs/{id}'>>('GET', at(id), rest)).job;
  const call = async (method: 'POST' | 'DELETE', path: string, rest?: CallOptions): Promise<void> => {
    await (await caller.send(method, path, rest)).body?.cancel();
  };
  const readFile = async (path: string, rest?: CallOptions): Promise<ReadableStream<Uint8Array>> =>
    (await caller.send('GET', path, rest)).body ?? new Blob([]).stream();

  const sent = ({ body, contentType }: Extract<Catalogue, { body: Content }>) => ({
    body,
    ...(contentType !== undefined && { headers: { 'content-type': contentType } }),
  });

  return {
    /**
     * What a catalogue holds, how it would be read and which rows would be refused; nothing is kept of it.
     * @param query `map` as in a job's request, and with `auto` what is recognised by itself
     */
    inspect: async (
      catalogue: Extract<Catalogue, { body: Content }>,
      query: Query<'POST /jobs/inspect'> = {},
      rest?: CallOptions,
    ): Promise<CatalogueInspection> =>
      (
        await caller.json<Answer<'POST /jobs/inspect'>>('POST', '/jobs/inspect', {
          timeoutMs: UPLOAD_TIMEOUT_MS,
          ...rest,
          query,
          ...sent(catalogue),
        })
      ).inspection,
    /** Waits ten minutes for the upload when no `timeoutMs` is given. @returns the new job's id */
    start: async (catalogue: Catalogue, request: JobRequest = {}, rest?: CallOptions): Promise<string> => {
      const { channels, keywords, banned_words, ...query } = request;
      const isUpload = 'body' in catalogue;
      const answer = await caller.json<Answer<'POST /jobs/predict'>>('POST', '/jobs/predict', {
        timeoutMs: UPLOAD_TIMEOUT_MS,
        ...rest,
        query: {
          ...query,
          count: query.count ?? undefined,
          seed: query.seed ?? undefined,
          preview: query.preview ?? undefined,
          channels: joinList(channels),
          keywords: joinList(keywords),
          banned_words: joinList(banned_words),
          ...(!isUpload && { url: catalogue.url }),
        },
        ...(isUpload && sent(catalogue)),
      });
      return answer.job_id;
    },
    /** Newest first. */
    list: async (query: Query<'GET /jobs'> = {}, rest?: CallOptions): Promise<JobSummary[]> =>
      (await caller.json<Answer<'GET /jobs'>>('GET', '/jobs', { ...rest, query })).jobs,
    get: getJob,
    /** The job each time that it changed, until it has ended. */
    follow: (id: string, rest: FollowOptions = {}): AsyncGenerator<Job> =>
      followUntilEnded((signal) => getJob(id, { signal }), rest),
    /**
     * The creatives in the order of the catalogue, as bytes in the job's format. @throws ApiError `conflict`
     * until it has succeeded
     */
    output: async (id: string, rest?: CallOptions): Promise<ReadableStream<Uint8Array>> =>
      await readFile(at(id, '/output'), rest),
    /**
     * The rows that were refused, as JSONL: `line`, `field`, `value`, `reason`. @throws ApiError `conflict`
     * until it has succeeded
     */
    refused: async (id: string, rest?: CallOptions): Promise<ReadableStream<Uint8Array>> =>
      await readFile(at(id, '/refused'), rest),
    cancel: async (id: string, rest?: CallOptions): Promise<void> => {
      await call('POST', at(id, '/cancel'), rest);
    },
    /** Lays an active job aside; what is done is kept. */
    pause: async (id: string, rest?: CallOptions): Promise<void> => {
      await call('POST', at(id, '/pause'), rest);
    },
    /** Lets a job go on that was paused or has failed; what is done stays done. */
    resume: async (id: string, rest?: CallOptions): Promise<void> => {
      await call('POST', at(id, '/resume'), rest);
    },
    /** Deletes an ended job with its files. */
    delete: async (id: string, rest?: CallOptions): Promise<void> => {
      await call('DELETE', at(id), rest);
    },
  };
}
