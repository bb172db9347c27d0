/** What runs can be searched and ordered by. */
import { sql, type RawBuilder } from 'kysely';
import {
  column,
  TEXT_COMPARATORS,
  type Attribute,
  type Collection,
  type SearchSpace,
} from '../search/space.ts';

const owner = [{ column: 'run_id', of: column('r', 'run_id') }];

const metrics: Collection = { table: 'run_latest_metrics', type: 'float8', owner, isOrderable: true };
const params: Collection = { table: 'run_params', type: 'text', owner, isOrderable: true };
const tags: Collection = { table: 'run_tags', type: 'text', owner, isOrderable: true };

const text = (name: string): Attribute => ({ expression: column('r', name), type: 'text' });
const runName = text('name');
const startTime: Attribute = { expression: column('r', 'start_time'), type: 'bigint' };

const ofDataset = (expression: RawBuilder<unknown>) => ({
  expression,
  type: 'text' as const,
  comparators: TEXT_COMPARATORS,
  // OFFSET keeps the planner from pulling it up.
  wrap: (condition: RawBuilder<unknown>, isApart: boolean): RawBuilder<unknown> =>
    sql`EXISTS (SELECT 1 FROM run_inputs AS i JOIN input_datasets AS d ON d.dataset_id = i.dataset_id WHERE i.run_id = r.run_id AND ${condition} ${isApart ? sql`OFFSET 0` : sql``})`,
});
const datasets = {
  name: ofDataset(sql.ref('d.name')),
  digest: ofDataset(sql.ref('d.digest')),
  context: ofDataset(sql`(i.tags ->> 'mlflow.data.context')`),
};

export const RUN_SPACE: SearchSpace = {
  entity: 'run',
  attributes: {
    run_id: text('run_id'),
    run_name: runName,
    'run name': runName,
    'Run name': runName,
    'Run Name': runName,
    status: text('status'),
    artifact_uri: text('artifact_uri'),
    user_id: text('user_id'),
    lifecycle_stage: text('lifecycle_stage'),
    start_time: startTime,
    created: startTime,
    Created: startTime,
    end_time: { expression: column('r', 'end_time'), type: 'bigint', isNullable: true },
  },
  collections: {
    metric: metrics,
    metrics,
    param: params,
    params,
    parameter: params,
    parameters: params,
    tag: tags,
    tags,
  },
  attributePrefixes: ['attribute', 'attributes', 'attr', 'run'],
  special: Object.fromEntries(
    ['dataset', 'datasets'].flatMap((prefix) =>
      Object.entries(datasets).map(([name, attribute]) => [`${prefix}.${name}`, attribute]),
    ),
  ),
  defaultOrder: [
    { expression: column('r', 'start_time'), type: 'bigint', isAscending: false },
    { expression: column('r', 'run_id'), type: 'text', isAscending: true },
  ],
};
