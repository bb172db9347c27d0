/** Trainings beside each other: what differs between them, how far each came, and their curves. */
import type { MlflowClient } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { changeQuery, linkTo, type PageProps } from '../../app/route.ts';
import { Status } from '../../parts/status.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Ago, formatDuration } from '../../parts/time.tsx';
import { Waiting } from '../../parts/trouble.tsx';
import { Sweep } from './sweep.tsx';
import { Curves, type MlflowMetric } from './curves.tsx';

type Training = Awaited<ReturnType<MlflowClient['runs']['get']>>;

const PAGE_SIZE = 50;
const MOST_PINNED = 20;
/** Columns of a table that can still be read. */
const MOST_DIFFERING = 5;

async function take<T>(items: AsyncIterable<T>, most: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length >= most) break;
  }
  return taken;
}

async function load(wanted: string | undefined, metricWanted: string | undefined, pinned: readonly string[]) {
  const { experiments, runs } = client.mlflow;
  const all = await take(experiments.search(), 200);
  const known = all.find(({ experiment_id }) => experiment_id === wanted);
  // Where nobody has chosen, the one that was trained in last.
  const chosen = known === undefined ? all : [known];
  const ids = chosen.map(({ experiment_id }) => experiment_id);
  const search = { experiment_ids: ids, order_by: ['attributes.start_time DESC'], max_results: PAGE_SIZE };
  const found = ids.length === 0 ? [] : await take(runs.search(search), PAGE_SIZE);
  const missing = pinned.filter((id) => !found.some(({ info }) => info.run_id === id));
  const more = await Promise.all(missing.map((id) => runs.get(id).catch(() => undefined)));
  const trainings = [...found, ...more.filter((run) => run !== undefined)];
  const metrics = [
    ...new Set(trainings.flatMap(({ data }) => data.metrics?.map(({ key }) => key) ?? [])),
  ].toSorted();
  const metric = metrics.find((key) => key === metricWanted) ?? preferred(metrics);
  const histories =
    metric === undefined ? new Map<string, MlflowMetric[]>() : await readHistories(trainings, metric);
  return { experiments: all, experiment: known, trainings, metrics, metric, histories };
}

const preferred = (metrics: readonly string[]): string | undefined =>
  metrics.find((key) => /valid.*accuracy/i.test(key)) ??
  metrics.find((key) => /accuracy/i.test(key)) ??
  metrics[0];

async function readHistories(
  trainings: readonly Training[],
  metric: string,
): Promise<Map<string, MlflowMetric[]>> {
  const ids = trainings.map(({ info }) => info.run_id);
  return ids.length === 0 ? new Map() : await client.mlflow.runs.metricHistories(ids, metric);
}

/** Of a loss the least is best, of everything else the most. */
function bestOf(metric: string, points: readonly MlflowMetric[]): number | null {
  const values = points.map(({ value }) => Number(value)).filter((value) => Number.isFinite(value));
  if (values.length === 0) return null;
  return /loss|error|perplexity/i.test(metric) ? Math.min(...values) : Math.max(...values);
}

const paramsOf = ({ data }: Training): Map<string, string> =>
  new Map((data.params ?? []).map(({ key, value }) => [key, value]));

/** Params whose values differ among the trainings. */
function listDiffering(trainings: readonly Training[]): string[] {
  const values = new Map<string, Set<string>>();
  for (const training of trainings)
    for (const [key, value] of paramsOf(training)) values.set(key, (values.get(key) ?? new Set()).add(value));
  return [...values].filter(([, distinct]) => distinct.size > 1).map(([key]) => key);
}

export default function Trainings({ route }: PageProps) {
  const wanted = route.query.get('experiment') ?? undefined;
  const metricWanted = route.query.get('metric') ?? undefined;
  const pinned = (route.query.get('pinned') ?? '').split(',').filter((id) => id !== '');
  const key = `trainings ${wanted} ${metricWanted}`;
  const { data, error, reload } = useLive(key, ['runs'], () => load(wanted, metricWanted, pinned));
  if (data === undefined)
    return (
      <>
        <h1>Trainings</h1>
        <Waiting error={error} retry={reload} />
      </>
    );
  const { experiments, experiment, trainings, metrics, metric, histories } = data;
  const compared = trainings.filter(({ info }) => pinned.includes(info.run_id));
  const pin = (id: string, isPinned: boolean): void => {
    const ids = isPinned ? [...pinned, id].slice(-MOST_PINNED) : pinned.filter((other) => other !== id);
    changeQuery(route, { pinned: ids.join(',') });
  };
  return (
    <>
      <div class="row">
        <h1>Trainings</h1>
        <label>
          Experiment{' '}
          <select
            value={experiment?.experiment_id ?? ''}
            onChange={(event) => changeQuery(route, { experiment: event.currentTarget.value })}
          >
            <option value="">all</option>
            {experiments.map(({ experiment_id, name }) => (
              <option key={experiment_id} value={experiment_id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Metric{' '}
          <select
            value={metric ?? ''}
            onChange={(event) => changeQuery(route, { metric: event.currentTarget.value })}
          >
            {metrics.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      <Sweep />
      {compared.length === 0 || metric === undefined ? (
        trainings.length === 0 ? null : (
          <p class="soft">Pin trainings to lay their curves over each other.</p>
        )
      ) : (
        <Compared trainings={compared} metric={metric} histories={histories} />
      )}
      <Table
        name="Trainings"
        rows={trainings}
        keyOf={({ info }) => info.run_id}
        empty="No training yet. A run trains its candidates, and each is a training here."
        columns={[
          {
            title: 'Pin',
            isAction: true,
            text: () => null,
            show: ({ info }) => (
              <input
                type="checkbox"
                checked={pinned.includes(info.run_id)}
                aria-label={`Pin ${info.run_name}`}
                onChange={(event) => pin(info.run_id, event.currentTarget.checked)}
              />
            ),
          },
          ...listColumns(trainings, metric, histories),
        ]}
      />
    </>
  );
}

function listColumns(
  trainings: readonly Training[],
  metric: string | undefined,
  histories: ReadonlyMap<string, MlflowMetric[]>,
): Column<Training>[] {
  const lastOf = ({ data }: Training): number | null => {
    const found = data.metrics?.find((one) => one.key === metric);
    return found === undefined ? null : Number(found.value);
  };
  const best = ({ info }: Training): number | null => bestOf(metric ?? '', histories.get(info.run_id) ?? []);
  const shown = (value: number | null): string => (value === null ? '–' : value.toFixed(4));
  return [
    { title: 'Training', text: ({ info }) => info.run_name },
    {
      title: 'Status',
      text: ({ info }) => info.status,
      show: ({ info }) => <Status value={info.status.toLowerCase()} />,
    },
    {
      title: 'Started',
      text: ({ info }) => new Date(info.start_time).toISOString(),
      show: ({ info }) => <Ago at={new Date(info.start_time).toISOString()} />,
    },
    {
      title: 'Took',
      text: ({ info }) => tookMs(info),
      show: ({ info }) => {
        const ms = tookMs(info);
        return ms === null ? '–' : formatDuration(ms);
      },
    },
    ...listDiffering(trainings)
      .slice(0, MOST_DIFFERING)
      .map((key): Column<Training> => ({
        title: key,
        text: (training) => paramsOf(training).get(key) ?? null,
      })),
    ...(metric === undefined
      ? []
      : [
          {
            title: `Last ${metric}`,
            isNumber: true,
            text: lastOf,
            show: (row: Training) => shown(lastOf(row)),
          },
          { title: `Best ${metric}`, isNumber: true, text: best, show: (row: Training) => shown(best(row)) },
        ]),
  ];
}

const tookMs = ({ start_time, end_time }: Training['info']): number | null =>
  end_time === undefined || end_time === null || end_time === 0 ? null : end_time - start_time;

interface ComparedProps {
  trainings: readonly Training[];
  metric: string;
  histories: ReadonlyMap<string, MlflowMetric[]>;
}

function Compared({ trainings, metric, histories }: ComparedProps) {
  const curves = trainings.map(({ info }) => ({
    name: info.run_name,
    points: histories.get(info.run_id) ?? [],
  }));
  const differing =
    trainings.length < 2
      ? trainings.flatMap((training) => [...paramsOf(training).keys()])
      : listDiffering(trainings);
  return (
    <section aria-label="Compared">
      <Curves
        key={`${metric} ${trainings.map(({ info }) => info.run_id).join()}`}
        metric={metric}
        curves={curves}
      />
      <details open={trainings.length > 1}>
        <summary>{trainings.length < 2 ? 'Its params' : 'Params that differ'}</summary>
        <Table
          name="Params"
          rows={differing}
          keyOf={(key) => key}
          empty="They were trained alike."
          columns={[
            { title: 'Param', text: (key) => key },
            ...trainings.map((training, index): Column<string> => ({
              title: `${index + 1}: ${training.info.run_name}`,
              text: (key) => paramsOf(training).get(key) ?? null,
            })),
          ]}
        />
      </details>
      <p class="soft">
        <a href={linkTo('trainings')}>Unpin all</a>
      </p>
    </section>
  );
}
