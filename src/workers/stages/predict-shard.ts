/**
 * Predicts the products of one shard: the model that was champion when the job began scores what the
 * copywriter writes.
 */
import { AppError } from '../../core/errors.ts';
import type { Copywriter } from '../../copy/index.ts';
import type { CatalogueRow, TableRow } from '../../data/index.ts';
import { jobWorkFolder, keepJobTexts, shardName, type JobCreative } from '../../queues/index.ts';
import type { JobContext, StageHandler } from '../loop/context.ts';
import { openPolicy } from './job-policy.ts';
import { writeCreatives, type Predicting, type ScoreBatch } from './write-creatives.ts';
import { readShard, renderLines, type RefusedLine } from './shard-lines.ts';

/**
 * How a worker comes by the scores of a registered version. The same texts must get the same scores whenever
 * they are scored again.
 */
export interface VersionScores {
  withVersion<T>(ref: { name: string; version: number }, body: (score: ScoreBatch) => Promise<T>): Promise<T>;
}

/** What predicting stands on beside the stores. */
export interface PredictServices {
  scores: VersionScores;
  copywriter: Copywriter;
}

/** Texts that are scored together: enough for full batches of similar lengths on every thread. */
const TEXTS_TOGETHER = 512;

export function createPredictShard({ scores, copywriter }: PredictServices): StageHandler<'predict-shard'> {
  return async ({ jobId, shard }, context) => {
    const { services, attempt, job, input } = context;
    if (input === null)
      throw new AppError('internal', `shard ${shard} of job ${jobId} was enqueued before it was made`);
    const rows = await readShard(services.artifacts, input);
    const creatives: TableRow[] = [];
    const kept: JobCreative[] = [];
    const refused: RefusedLine[] = rows.flatMap((row) =>
      'fault' in row ? [{ line: row.line, ...row.fault }] : [],
    );
    const policy = await openPolicy(context);
    await scores.withVersion(job.model, async (score) => {
      for await (const written of predictGroups(rows, { score, copywriter, policy, shard }, context)) {
        for (const result of written) {
          if ('fault' in result) refused.push({ line: result.line, ...result.fault });
          else {
            creatives.push(result.creative);
            if (result.kept !== undefined) kept.push(result.kept);
          }
        }
        context.progress({ done: creatives.length, of: rows.length });
      }
    });
    refused.sort((a, b) => a.line - b.line);
    const folder = `${jobWorkFolder(jobId)}/shards/${shardName(shard)}/${attempt}`;
    const put = async (name: string, text: string) => {
      const key = `${folder}/${name}`;
      return { key, ...(await services.artifacts.put(key, text)) };
    };
    if (job.options.textIds) await keepJobTexts(services.artifacts, { jobId, shard }, kept);
    return {
      creatives: await put('creatives.jsonl', renderLines(creatives)),
      refusedRows: await put('refused.jsonl', renderLines(refused)),
      rows: creatives.length,
      refused: refused.length,
    };
  };
}

/**
 * Group by group, cut by the options alone, so that the same shard is always scored in the same batches; the
 * next is written while one is scored.
 */
async function* predictGroups(
  rows: readonly CatalogueRow[],
  predicting: Omit<Predicting, 'job' | 'signal'>,
  context: JobContext,
): AsyncGenerator<Awaited<ReturnType<typeof writeCreatives>>> {
  const { job, signal } = context;
  const products = rows.flatMap((row, index) =>
    'product' in row ? [{ line: row.line, nth: row.nth, row: index, ...row.product }] : [],
  );
  const textsPerProduct =
    job.options.count === 1 ? 1 : 1 + job.options.count * (2 + job.options.channels.length);
  const size = Math.max(4, Math.floor(TEXTS_TOGETHER / textsPerProduct));
  let before: ReturnType<typeof writeCreatives> | undefined;
  for (let start = 0; start < products.length; start += size) {
    signal.throwIfAborted();
    const group = products.slice(start, start + size);
    const current = writeCreatives(group, { ...predicting, job, signal });
    // Awaited in its turn; a failure before that must not count as unhandled.
    current.catch(() => undefined);
    if (before !== undefined) yield await before;
    before = current;
  }
  if (before !== undefined) yield await before;
}
