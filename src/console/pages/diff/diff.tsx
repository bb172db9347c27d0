/** How two dataset versions differ: row by row, and as distributions. */
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { Table } from '../../parts/table.tsx';
import { Waiting } from '../../parts/trouble.tsx';

export default function Diff({ route }: PageProps) {
  const [before, after] = [Number(route.rest[0]), Number(route.rest[1])];
  const { data, error, reload } = useLive(`diff ${before} ${after}`, [], async () =>
    client.call('GET /datasets/{version}/diff/{other}', { path: { version: before, other: after } }),
  );
  return (
    <>
      <p class="soft">
        <a href={linkTo('datasets')}>Datasets</a> / <a href={linkTo('dataset', [before])}>{before}</a> to{' '}
        <a href={linkTo('dataset', [after])}>{after}</a>
      </p>
      <h1>
        From version {before} to {after}
      </h1>
      {data === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : (
        <>
          <p>
            {data.diff.same.toLocaleString()} rows stayed
            {Object.entries(data.diff.rows).map(([change, rows]) => (
              <span key={change}>
                , <strong>{rows.toLocaleString()}</strong> {change}
              </span>
            ))}
            .
          </p>
          <h2>Rows</h2>
          <Table
            name="Rows that differ"
            rows={data.diff.examples}
            keyOf={({ change, content, split }) => `${change} ${content} ${split}`}
            empty="No row differs."
            columns={[
              { title: 'Change', text: ({ change }) => change },
              { title: 'Title', text: ({ title }) => title },
              { title: 'Split', text: ({ split }) => split },
              { title: 'Label', isNumber: true, text: ({ label }) => label },
              {
                title: 'Before',
                text: (row) => (row.before === null ? null : `${row.before.split}, ${row.before.label}`),
              },
            ]}
          />
          <h2>Distributions: {data.diff.distribution.verdict} drift</h2>
          <Table
            name="Distributions"
            rows={data.diff.distribution.features}
            keyOf={({ feature }) => feature}
            empty="None was measured."
            columns={[
              { title: 'Feature', text: ({ feature }) => feature },
              { title: 'Drift', text: ({ verdict }) => verdict },
              { title: 'PSI', isNumber: true, text: ({ psi }) => psi, show: ({ psi }) => psi.toFixed(3) },
              {
                title: 'Before',
                isNumber: true,
                text: (row) => row.before,
                show: (row) => row.before?.toFixed(2) ?? '–',
              },
              {
                title: 'Now',
                isNumber: true,
                text: ({ now }) => now,
                show: ({ now }) => now?.toFixed(2) ?? '–',
              },
            ]}
          />
        </>
      )}
    </>
  );
}
