/**
 * The holdout of a registered model is frozen by a rule, not by a list: rows whose text falls below a fraction are held out, whether a
 * dataset version holds them today or not. The fraction is that of the first version that won the gate, and may only grow: new rows
 * join by the same rule, no row ever leaves, and what lies below it is never trained on.
 */
import { sql } from 'kysely';
import { AppError } from '../../core/errors.ts';
import { hashContent, openSplit, splitPosition, type DatasetVersion } from '../../data/index.ts';
import type { Db } from '../../db/index.ts';
import type { RunContext } from '../loop/context.ts';

/** undefined while no version of the model has won the gate. */
export async function readFrozenFraction(db: Db, model: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('frozen_holdouts')
    .select('fraction')
    .where('model_name', '=', model)
    .executeTakeFirst();
  return row?.fraction;
}

/** Freezes the holdout that a version was judged on; it never becomes smaller by that. */
export async function freezeHoldout(
  db: Db,
  frozen: { model: string; fraction: number; pipelineRunId: string },
): Promise<void> {
  await sql`
    INSERT INTO frozen_holdouts (model_name, fraction, pipeline_run_id)
    VALUES (${frozen.model}, ${frozen.fraction}, ${frozen.pipelineRunId})
    ON CONFLICT (model_name) DO UPDATE SET fraction = EXCLUDED.fraction
    WHERE frozen_holdouts.fraction < EXCLUDED.fraction`.execute(db);
}

export function isBelow(fraction: number, row: { title: string; description: string }): boolean {
  return splitPosition(hashContent(row.title, row.description)) < fraction;
}

/** @throws AppError `bad-data` when rows that would be trained on are frozen: the champion was judged on such */
export async function refuseFrozenRows(version: DatasetVersion, context: RunContext): Promise<void> {
  const { services, run, signal } = context;
  const { name: model } = run.options.model;
  const fraction = await readFrozenFraction(services.database.db, model);
  if (fraction === undefined) return;
  let frozen = 0;
  for (const split of ['train', 'validation'] as const) {
    for await (const row of openSplit(services.artifacts, version, split)) {
      if (isBelow(fraction, row)) frozen += 1;
    }
    signal.throwIfAborted();
  }
  if (frozen === 0) return;
  throw new AppError(
    'bad-data',
    `${frozen} rows of dataset version ${version.version} that would be trained on belong to the frozen holdout of ${model}, which its champions were judged on: data.split.holdoutFraction is ${version.manifest.splitRule.holdoutFraction} and must be at least ${fraction}, or train for another model.name`,
  );
}
