/** Which datasets and models a run read, and which models it made. */
import { sql } from 'kysely';
import type { Db } from '../../db/index.ts';
import type { ModelOutput } from '../entities.ts';
import { checkDataset } from '../limits.ts';
import type { RunStore } from '../tracking-store.ts';
import type { RunRow } from './run-rows.ts';

export async function logInputs(
  db: Db,
  run: RunRow,
  { datasets, modelIds = [] }: Parameters<RunStore['logInputs']>[1],
): Promise<void> {
  for (const { dataset } of datasets) checkDataset(dataset);
  await db.transaction().execute(async (trx) => {
    for (const { dataset, tags } of datasets) {
      // The no-op update gives the id of a dataset that is known already.
      const { dataset_id } = await trx
        .insertInto('input_datasets')
        .values({
          experiment_id: run.experiment_id,
          name: dataset.name,
          digest: dataset.digest,
          source_type: dataset.sourceType,
          source: dataset.source,
          schema: dataset.schema ?? null,
          profile: dataset.profile ?? null,
        })
        .onConflict((conflict) =>
          conflict.columns(['experiment_id', 'name', 'digest']).doUpdateSet({ name: dataset.name }),
        )
        .returning('dataset_id')
        .executeTakeFirstOrThrow();
      await trx
        .insertInto('run_inputs')
        .values({ run_id: run.run_id, dataset_id, tags: JSON.stringify(tags) })
        .onConflict((conflict) =>
          conflict
            .columns(['run_id', 'dataset_id'])
            .doUpdateSet({ tags: sql`run_inputs.tags || excluded.tags` }),
        )
        .execute();
    }
    for (const modelId of modelIds) await link(trx, run.run_id, 'input', { modelId, step: 0 });
  });
}

export async function logOutputs(db: Db, run: RunRow, models: readonly ModelOutput[]): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (const model of models) await link(trx, run.run_id, 'output', model);
  });
}

async function link(
  db: Db,
  run_id: string,
  direction: 'input' | 'output',
  { modelId, step }: ModelOutput,
): Promise<void> {
  await db
    .insertInto('run_model_links')
    .values({ run_id, direction, model_id: modelId, step })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
