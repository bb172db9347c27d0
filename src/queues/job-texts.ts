/**
 * Texts of catalogues that take feedback. A million of them are not worth a row each in the database: a job
 * that gives its texts ids keeps them in files, one a shard, and a creative becomes a stored prediction when
 * something is told of one of its texts. Its id says where it lies: which job, which shard, which row.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { orMissing } from '../core/errors.ts';
import type { Db } from '../db/index.ts';
import { jobFolder, shardName } from './job-flow.ts';

/** A creative as it will be stored: the columns of its prediction. */
export interface JobCreative {
  id: string;
  title: string;
  description: string;
  request: { job: string; line: number; category: string };
  response: { alternatives: Record<string, readonly object[]>; policy?: 'explore' };
  copy_text: string;
  confidence_score: number;
  model_name: string;
  model_version: number;
  writer: string;
}

/** Hexadecimal digits of an id for the job, the shard and the row. */
const DIGITS = { job: 20, shard: 6, row: 6 };

/** As long as other ids of predictions, and no more likely to be one of them than those among each other. */
export function jobPredictionId(jobId: string, shard: number, row: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  // md5, since PostgreSQL is asked which job it is; nothing is kept secret by it.
  const job = createHash('md5').update(jobId).digest('hex').slice(0, DIGITS.job);
  return `${job}${hex(shard, DIGITS.shard)}${hex(row, DIGITS.row)}`;
}

function textsKey(jobId: string, shard: number): string {
  return `${jobFolder(jobId)}/texts/${shardName(shard)}.jsonl.gz`;
}

/** Written twice, it is the same. */
export async function keepJobTexts(
  artifacts: ArtifactStore,
  { jobId, shard }: { jobId: string; shard: number },
  creatives: readonly JobCreative[],
): Promise<void> {
  const lines = creatives.map((creative) => `${JSON.stringify(creative)}\n`).join('');
  await artifacts.put(textsKey(jobId, shard), gzipSync(lines));
}

/**
 * Stores those of the predictions that are a catalogue's and are not stored: call it before feedback on them.
 * Each shard is read once a call. Erased ones stay erased.
 * @param predictionIds may be of any predictions, or of none
 */
export async function storeToldCreatives(
  { db, artifacts }: { db: Db; artifacts: ArtifactStore },
  predictionIds: Iterable<string>,
): Promise<void> {
  const { rows } = await sql<{ id: string; job: string }>`
    SELECT asked.id, jobs.id AS job FROM unnest(${[...new Set(predictionIds)]}::text[]) AS asked (id)
    JOIN prediction_jobs jobs ON left(md5(jobs.id), ${DIGITS.job}) = left(asked.id, ${DIGITS.job})
    WHERE (jobs.options ->> 'textIds')::boolean
      AND NOT EXISTS (SELECT FROM predictions p WHERE p.id = asked.id)
      AND NOT EXISTS (SELECT FROM erased_predictions e WHERE e.id = asked.id)`.execute(db);
  const shards = new Map<string, { job: string; wanted: Set<string> }>();
  for (const { id, job } of rows) {
    const shard = Number.parseInt(id.slice(DIGITS.job, DIGITS.job + DIGITS.shard), 16);
    const key = textsKey(job, shard);
    const of = shards.get(key) ?? { job, wanted: new Set() };
    shards.set(key, of);
    of.wanted.add(id);
  }
  for (const [key, { job, wanted }] of shards) {
    const creatives = (await readLines(artifacts, key)).filter((line) => wanted.has(idOf(line)));
    if (creatives.length > 0) await store(db, job, creatives);
  }
}

const ID_AT = '{"id":"'.length;
const idOf = (line: string): string => line.slice(ID_AT, ID_AT + DIGITS.job + DIGITS.shard + DIGITS.row);

/** None of a shard that the job does not have. */
async function readLines(artifacts: ArtifactStore, key: string): Promise<string[]> {
  const chunks = await orMissing(artifacts.get(key).then((stream) => stream.toArray()));
  return chunks === undefined
    ? []
    : gunzipSync(Buffer.concat(chunks as Buffer[]))
        .toString('utf8')
        .split('\n');
}

/** As old as the job: what is past its retention goes with the next sweep. */
async function store(db: Db, jobId: string, creatives: readonly string[]): Promise<void> {
  await sql`
    INSERT INTO predictions (id, created_at, title, description, request, response, copy_text, confidence_score,
      model_name, model_version, writer, request_id)
    SELECT row.id, jobs.created_at, row.title, row.description, row.request, row.response, row.copy_text,
      row.confidence_score, row.model_name, row.model_version, row.writer, ${jobId}
    FROM json_to_recordset(${`[${creatives.join(',')}]`}::json) AS row (
      id text, title text, description text, request jsonb, response jsonb, copy_text text,
      confidence_score double precision, model_name text, model_version integer, writer text)
    JOIN prediction_jobs jobs ON jobs.id = ${jobId}
    ON CONFLICT DO NOTHING`.execute(db);
}
