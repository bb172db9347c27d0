/** One dataset version: its manifest, and its rows to search through. */
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { changeQuery, linkTo, type PageProps, type Route } from '../../app/route.ts';
import { Figure } from '../../parts/figure.tsx';
import { Lines } from '../../parts/scroll.tsx';
import { Table } from '../../parts/table.tsx';
import { Ago } from '../../parts/time.tsx';
import { Waiting } from '../../parts/trouble.tsx';
import { Findings } from './findings.tsx';

const SPLITS = ['train', 'validation', 'holdout'] as const;

export default function Dataset({ route }: PageProps) {
  const version = Number(route.rest[0]);
  const { data, error, reload } = useLive(`dataset ${version}`, [], async () =>
    client.call('GET /datasets/{version}', { path: { version } }),
  );
  if (data === undefined) return <Waiting error={error} retry={reload} />;
  const { dataset } = data;
  return (
    <>
      <p class="soft">
        <a href={linkTo('datasets')}>Datasets</a> / {version}
      </p>
      <h1>Dataset version {version}</h1>
      <p class="soft">
        Made <Ago at={dataset.created_at} /> by <a href={linkTo('run', [dataset.run_id])}>{dataset.run_id}</a>
        {dataset.parent_version === null ? null : (
          <>
            , with the rows of{' '}
            <a href={linkTo('dataset', [dataset.parent_version])}>version {dataset.parent_version}</a> (
            <a href={linkTo('diff', [dataset.parent_version, version])}>what changed</a>)
          </>
        )}
      </p>
      <ul class="loop">
        <Figure of="Rows" value={dataset.rows.toLocaleString()} />
        <Figure
          of="Good"
          value={dataset.positive_share === null ? '–' : `${(dataset.positive_share * 100).toFixed(1)} %`}
        />
        <Figure of="From feedback" value={dataset.from_feedback.toLocaleString()} />
        <Figure of="Refused" value={dataset.refused.toLocaleString()} />
        <Figure of="Drift" value={dataset.drift ?? '–'}>
          {dataset.parent_version === null ? 'no parent to drift from' : 'against its parent'}
        </Figure>
      </ul>
      <Findings version={version} />
      <details>
        <summary>Manifest: splits, balance, drift, refused rows, feedback</summary>
        <Lines>{JSON.stringify(dataset.manifest, null, 2)}</Lines>
      </details>
      <h2>Rows</h2>
      <Rows version={version} route={route} />
    </>
  );
}

/** A row that feedback became is named after it. */
function originOf(id: string): string {
  const feedback = /^feedback-(\d+)-/.exec(id)?.[1];
  return feedback === undefined ? 'source' : `feedback ${feedback}`;
}

function Rows({ version, route }: { version: number; route: Route }) {
  const split = SPLITS.find((name) => name === route.query.get('split')) ?? 'train';
  const search = route.query.get('search') ?? '';
  const skip = Number(route.query.get('skip')) || 0;
  const { data, error, reload } = useLive(`${version} ${split} ${skip} ${search}`, [], async () =>
    client.call('GET /datasets/{version}/rows', { path: { version }, query: { split, search, skip } }),
  );
  return (
    <>
      <div class="row filters">
        <label>
          Split{' '}
          <select
            value={split}
            onChange={(event) => changeQuery(route, { split: event.currentTarget.value, skip: undefined })}
          >
            {SPLITS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          Search{' '}
          <input
            type="search"
            value={search}
            onChange={(event) => changeQuery(route, { search: event.currentTarget.value, skip: undefined })}
          />
        </label>
      </div>
      {data === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : (
        <Table
          name={`Rows of dataset ${version} ${split}`}
          rows={data.rows}
          keyOf={({ id }) => id}
          empty={`No row here${data.next === null ? '.' : ' so far.'}`}
          columns={[
            {
              title: 'Title and description',
              text: ({ title, description }) => `${title}\n${description}`,
              show: ({ title, description }) => (
                <>
                  {title}
                  <div class="soft">{description}</div>
                </>
              ),
            },
            { title: 'From', text: ({ id }) => originOf(id) },
            { title: 'Label', isNumber: true, text: ({ label }) => label },
            { title: 'Weight', isNumber: true, text: ({ weight }) => weight },
          ]}
        />
      )}
      <p class="row">
        {skip === 0 ? null : <a href={linkTo('dataset', [version], { split, search })}>From the start</a>}
        {data === undefined || data.next === null ? null : (
          <a href={linkTo('dataset', [version], { split, search, skip: String(data.next) })}>More</a>
        )}
      </p>
    </>
  );
}
