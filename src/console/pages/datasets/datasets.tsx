/** Dataset versions, newest first: what each was made of. */
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { Table } from '../../parts/table.tsx';
import { Ago } from '../../parts/time.tsx';
import { Waiting } from '../../parts/trouble.tsx';

const PAGE_SIZE = 50;

export default function Datasets({ route }: PageProps) {
  const before = Number(route.query.get('before')) || undefined;
  const { data, error, reload } = useLive(`datasets ${before}`, ['datasets'], async () =>
    client.call('GET /datasets', { query: { limit: PAGE_SIZE, before } }),
  );
  const last = data?.datasets.at(-1);
  return (
    <>
      <h1>Datasets</h1>
      {data === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : (
        <Table
          name="Datasets"
          rows={data.datasets}
          keyOf={({ version }) => version}
          empty="No dataset version yet. A run makes one of the records that it reads."
          columns={[
            {
              title: 'Version',
              text: ({ version }) => version,
              show: ({ version }) => <a href={linkTo('dataset', [version])}>{version}</a>,
            },
            {
              title: 'Rows',
              isNumber: true,
              text: ({ rows }) => rows,
              show: ({ rows }) => rows.toLocaleString(),
            },
            {
              title: 'Good, %',
              isNumber: true,
              text: ({ positive_share }) => positive_share,
              show: ({ positive_share }) =>
                positive_share === null ? '–' : (positive_share * 100).toFixed(1),
            },
            { title: 'Drift', text: ({ drift }) => drift },
            {
              title: 'Refused',
              isNumber: true,
              text: ({ refused }) => refused,
              show: ({ refused }) => refused.toLocaleString(),
            },
            {
              title: 'From feedback',
              isNumber: true,
              text: ({ from_feedback }) => from_feedback,
              show: ({ from_feedback }) => from_feedback.toLocaleString(),
            },
            { title: 'Parent', text: ({ parent_version }) => parent_version },
            {
              title: 'Run',
              text: ({ run_id }) => run_id,
              show: ({ run_id }) => (
                <a class="whole" href={linkTo('run', [run_id])}>
                  {run_id}
                </a>
              ),
            },
            {
              title: 'Made',
              text: ({ created_at }) => created_at,
              show: ({ created_at }) => <Ago at={created_at} />,
            },
          ]}
        />
      )}
      {data?.datasets.length === PAGE_SIZE && last !== undefined ? (
        <a href={linkTo('datasets', [], { before: String(last.version) })}>Older</a>
      ) : null}
    </>
  );
}
