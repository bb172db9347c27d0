/**
 * The holdout of a registered model is frozen by a rule, not by a list: rows whose text falls below a
 * fraction are held out, whether a dataset version holds them today or not. The fraction is that of the first
 * version that won the gate, and may only grow: new rows join by the same rule, no row ever leaves, and what
 * lies below it is never trained on.
 */
import { sql } from 'kysely';
import type { Db } from '../../db/index.ts';

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
