/**
 * Joins the shards, in the order of the catalogue, into one file of the format asked for; one shard is in
 * memory at a time.
 */
import { AppError } from '../../core/errors.ts';
import type { Db } from '../../db/index.ts';
import {
  findRememberedMap,
  renderTable,
  writeBack,
  type CatalogueSource,
  type TableRow,
} from '../../data/index.ts';
import { JOB, jobFolder, jobWorkFolder, type StageResult } from '../../queues/index.ts';
import type { JobContext, StageHandler } from '../loop/context.ts';
import { readCreatives } from './shard-lines.ts';

/** Results of shards that are read at once. */
const PAGE_SHARDS = 100;

type Shard = StageResult<'predict-shard'>;

export const joinShards: StageHandler<'join-shards'> = async ({ jobId }, context) => {
  const { services, job, attempt } = context;
  const { artifacts, database } = services;
  const { format, columns } = job.options;
  let rows = 0;
  let refusedTotal = 0;

  async function* readRows(): AsyncGenerator<TableRow> {
    for await (const shard of readShards(database.db, context)) {
      for (const row of await readCreatives(artifacts, shard.creatives.key)) yield row;
      rows += shard.rows;
      refusedTotal += shard.refused;
      context.progress({ done: rows });
    }
  }
  async function* readRefused(): AsyncGenerator<Uint8Array> {
    for await (const shard of readShards(database.db, context))
      yield* await artifacts.get(shard.refusedRows.key);
  }

  const folder = `${jobFolder(jobId)}/output/${attempt}`;
  const { bytes, extension } =
    format === 'same'
      ? await renderSame(context, readRows())
      : { bytes: renderTable(format, columns, readRows()), extension: format };
  const outputKey = `${folder}/creatives.${extension}`;
  const output = await artifacts.put(outputKey, bytes);
  const refusedKey = `${folder}/refused.jsonl`;
  const refusedRows = await artifacts.put(refusedKey, readRefused());
  return {
    output: { key: outputKey, ...output },
    refusedRows: { key: refusedKey, ...refusedRows },
    rows,
    refusedTotal,
    refused: 0,
  };
};

/** The catalogue itself, with the creatives in it. */
async function renderSame({ services, job }: JobContext, creatives: AsyncIterable<TableRow>) {
  const { artifacts } = services;
  const source =
    job.source.kind === 'artifact'
      ? job.source
      : (JSON.parse(await artifacts.readText(`${jobWorkFolder(job.id)}/catalogue.json`)) as Extract<
          CatalogueSource,
          { kind: 'artifact' }
        >);
  const { key, name, format, encoding, sheet } = source;
  return await writeBack(creatives, {
    open: () => artifacts.get(key),
    name,
    format: format ?? undefined,
    encoding,
    sheet,
    map: job.options.map,
    recall: (header) => findRememberedMap(services.database.db, header),
    columns: job.options.columns,
  });
}

/** @throws AppError `internal` when a shard is missing */
async function* readShards(db: Db, { job, signal }: JobContext): AsyncGenerator<Shard> {
  const total = job.shards ?? 0;
  for (let next = 0; next < total;) {
    signal.throwIfAborted();
    const page = await db
      .selectFrom('prediction_job_steps')
      .select(['shard', 'result'])
      .where('job_id', '=', job.id)
      .where('stage', '=', 'predict-shard')
      .where('status', '=', 'succeeded')
      .where('shard', '>=', next)
      .orderBy('shard')
      .limit(PAGE_SHARDS)
      .execute();
    for (const { shard, result } of page) {
      if (shard !== next) break;
      yield JOB.stages['predict-shard'].result.parse(result);
      next += 1;
    }
    if (page[0]?.shard === undefined || page[0].shard >= next)
      throw new AppError('internal', `shard ${next} of job ${job.id} has left no result`);
  }
}
