/**
 * What a dataset version is made of, as one hash: where it is that of the newest version, another one would
 * hold the same rows.
 */
import { sql } from 'kysely';
import { readCodeVersion } from '../../core/code-version.ts';
import { sha256Hex } from '../../core/ids.ts';
import type { Db } from '../../db/index.ts';
import type { VersionOptions } from './create-dataset-version.ts';

/** @returns undefined where the rows depend on more, as on those of the parent */
export async function hashVersionInputs(
  db: Db,
  inputs: {
    rawSha256: string;
    repeatsIds: boolean | undefined;
    options: VersionOptions;
    feedbackWeight: number;
    ratingThreshold: number;
  },
): Promise<string | undefined> {
  const { options, ...told } = inputs;
  if (options.joinParent) return undefined;
  const { rows } = await sql<Record<string, string>>`SELECT
    (SELECT concat_ws(' ', count(*), max(id), sum(impressions), sum(clicks), max(created_at)) FROM feedback) AS feedback,
    (SELECT count(*)::text FROM erased_feedback) AS erased,
    (SELECT concat_ws(' ', count(*), max(set_aside_at), max(returned_at), count(returned_at)) FROM dataset_rows_aside) AS aside`.execute(
    db,
  );
  const { split, checks } = options;
  // Another release may check, group and merge the same records otherwise.
  const { buildSha256: code } = await readCodeVersion();
  return sha256Hex(JSON.stringify({ ...told, split, checks, code, ...rows[0] }));
}
