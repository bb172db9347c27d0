/** Runs, newest first, fifty at a time; the filters stand in the address. */
import { useState } from 'preact/hooks';
import type { Query } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { changeQuery, linkTo, type PageProps, type Route } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Choose } from '../../parts/choose.tsx';
import { StageCells } from '../../parts/stage-cells.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { Ago, formatDuration, secondsBetween } from '../../parts/time.tsx';
import { toError, Trouble, Waiting } from '../../parts/trouble.tsx';
import { Selected } from './selected.tsx';

const PAGE_SIZE = 50;
const TRIGGERS = ['manual', 'schedule', 'feedback', 'drift', 'replay'] as const;
const STATUSES = ['active', 'succeeded', 'failed', 'cancelled'] as const;
const DAY_MS = 86_400_000;
const SINCE: Readonly<Record<string, number>> = { 'a day': 1, 'a week': 7, 'a month': 30 };

/** What stands in the address, as the server is asked. */
function readQuery({ query }: Route): Query<'GET /runs'> {
  const days = SINCE[query.get('since') ?? ''];
  const dataset = Number(query.get('dataset')) || undefined;
  return {
    limit: PAGE_SIZE,
    before: Number(query.get('before')) || undefined,
    status: STATUSES.find((known) => known === query.get('status')),
    trigger: TRIGGERS.find((known) => known === query.get('trigger')),
    recipe: query.get('recipe') || undefined,
    dataset,
    from: days === undefined ? undefined : new Date(Date.now() - days * DAY_MS).toISOString(),
  };
}

export default function Runs({ route }: PageProps) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { data, error, reload } = useLive(route.query.toString(), ['runs'], async () =>
    client.call('GET /runs', { query: readQuery(route) }),
  );
  const runs = data?.runs ?? [];
  const filters = Object.fromEntries(route.query);
  const isFiltered = Object.keys(filters).some((key) => key !== 'before');
  const choose = (id: string, isChosen: boolean): void => {
    const next = new Set(chosen);
    if (isChosen) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <>
      <div class="row">
        <h1>Runs</h1>
        <StartRun onStarted={reload} />
      </div>
      <Filters route={route} />
      {data === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : (
        <>
          <Selected runs={runs.filter(({ id }) => chosen.has(id))} onDone={reload} />
          <Table
            name="Runs"
            rows={runs}
            keyOf={({ id }) => id}
            empty={
              isFiltered ? (
                <>
                  No run is like that. <a href={linkTo('runs')}>Show all</a>
                </>
              ) : (
                'No run yet. Start one: it reads records, trains, and lets the gate judge.'
              )
            }
            columns={[
              {
                title: 'Choose',
                isAction: true,
                text: () => null,
                show: ({ id, number }) => (
                  <input
                    type="checkbox"
                    checked={chosen.has(id)}
                    aria-label={`Choose run ${number}`}
                    onChange={(event) => choose(id, event.currentTarget.checked)}
                  />
                ),
              },
              {
                title: 'Run',
                text: ({ number }) => number,
                show: ({ id, number }) => <a href={linkTo('run', [id])}>{number}</a>,
              },
              {
                title: 'Status',
                text: ({ status, error: failure }) =>
                  failure === null ? status : `${status}: ${failure.message}`,
                show: (run) => (
                  <>
                    <Status value={run.status} />
                    {run.error === null ? null : <div class="soft foreign">{shorten(run.error.message)}</div>}
                  </>
                ),
              },
              {
                title: 'Stages',
                text: ({ stages }) => stages.map(({ stage, status }) => `${stage} ${status}`).join(', '),
                show: ({ stages }) => <StageCells stages={stages} />,
              },
              {
                title: 'Decision',
                text: ({ decision, model_version }) =>
                  decision === null
                    ? null
                    : `${decision}${model_version === null ? '' : ` ${model_version}`}`,
                show: ({ decision, model_version }) => (
                  <Decision decision={decision} version={model_version} />
                ),
              },
              {
                title: 'Dataset',
                text: ({ dataset_version }) => dataset_version,
                show: ({ dataset_version }) =>
                  dataset_version === null ? (
                    '–'
                  ) : (
                    <a href={linkTo('dataset', [dataset_version])}>{dataset_version}</a>
                  ),
              },
              { title: 'Started by', text: (run) => run.trigger },
              { title: 'Started', text: (run) => run.created_at, show: (run) => <Ago at={run.created_at} /> },
              {
                title: 'Took',
                text: (run) => secondsBetween(run.created_at, run.finished_at),
                show: (run) => (
                  <BesideMedian from={run.created_at} to={run.finished_at} median={data.median_seconds} />
                ),
              },
            ]}
          />
        </>
      )}
      <p class="row">
        {filters['before'] === undefined ? null : (
          <a href={linkTo('runs', [], { ...filters, before: undefined })}>Newest</a>
        )}
        {runs.length === PAGE_SIZE ? (
          <a href={linkTo('runs', [], { ...filters, before: String(runs.at(-1)?.number) })}>Older</a>
        ) : null}
        {data === undefined ? null : <span class="soft">{data.count.toLocaleString()} in all</span>}
      </p>
    </>
  );
}

function Filters({ route }: { route: Route }) {
  const change = (key: string) => (value: string) =>
    changeQuery(route, { [key]: value.trim(), before: undefined });
  const value = (key: string): string => route.query.get(key) ?? '';
  return (
    <div class="row filters">
      <Choose label="Status" value={value('status')} options={STATUSES} onChoose={change('status')} />
      <Choose label="Started by" value={value('trigger')} options={TRIGGERS} onChoose={change('trigger')} />
      <Choose
        label="Within"
        none="all time"
        value={value('since')}
        options={Object.keys(SINCE)}
        onChoose={change('since')}
      />
      <label>
        Recipe{' '}
        <input
          size={10}
          placeholder="all"
          value={value('recipe')}
          onChange={(event) => change('recipe')(event.currentTarget.value)}
        />
      </label>
      <label>
        Dataset{' '}
        <input
          size={5}
          inputMode="numeric"
          placeholder="all"
          value={value('dataset')}
          onChange={(event) => change('dataset')(event.currentTarget.value)}
        />
      </label>
    </div>
  );
}

/** What started a run, after `Started`. */
export const STARTED: Readonly<Record<string, string>> = {
  manual: 'by hand',
  schedule: 'by the schedule',
  feedback: 'by feedback',
  drift: 'by drift',
  replay: 'as a replay',
};

/** The gate's, as a person says them. */
const DECISIONS: Readonly<Record<string, string>> = {
  promote: 'promoted',
  refuse: 'refused',
  'pending-approval': 'asks for approval',
  canary: 'in canary',
};

export function Decision({ decision, version }: { decision: string | null; version: number | null }) {
  if (decision === null) return <>–</>;
  return (
    <>
      <Status value={DECISIONS[decision] ?? decision} />
      {version === null ? null : <span class="soft whole"> version {version}</span>}
    </>
  );
}

/** A duration, and how it stands to what runs usually take where the two are far apart. */
function BesideMedian({ from, to, median }: { from: string; to: string | null; median: number | null }) {
  const seconds = secondsBetween(from, to) ?? (Date.now() - Date.parse(from)) / 1000;
  const times = median === null || median === 0 ? 1 : seconds / median;
  return (
    <span title={median === null ? undefined : `the median is ${formatDuration(median * 1000)}`}>
      {formatDuration(seconds * 1000)}
      {times < 1.5 ? null : <span class="soft">, {times.toFixed(1)} × the median</span>}
    </span>
  );
}

const shorten = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}…` : text);

/** Starts a run with the configuration as it stands, and goes there. */
export function StartRun({ onStarted }: { onStarted: () => void }) {
  const [error, setError] = useState<Error>();
  const mayStart = useMay('writer');
  const start = async (): Promise<void> => {
    const id = await client.runs.start();
    onStarted();
    location.assign(linkTo('run', [id]));
  };
  if (!mayStart) return null;
  return (
    <>
      <button
        type="button"
        class="primary"
        onClick={() => void start().catch((cause: unknown) => setError(toError(cause)))}
      >
        Start a run
      </button>
      {error === undefined ? null : <Trouble error={error} />}
    </>
  );
}
