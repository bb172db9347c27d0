/** Dataset versions, newest first: what each was made of. */
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
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
      ) : data.datasets.length === 0 ? (
        <p class="soft">No dataset version yet. A run makes one of the records that it reads.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col" class="number">
                  Version
                </th>
                <th scope="col" class="number">
                  Rows
                </th>
                <th scope="col" class="number">
                  Parent
                </th>
                <th scope="col">Run</th>
                <th scope="col">Made</th>
              </tr>
            </thead>
            <tbody>
              {data.datasets.map((dataset) => (
                <tr key={dataset.version}>
                  <td class="number">
                    <a href={linkTo('dataset', [dataset.version])}>{dataset.version}</a>
                  </td>
                  <td class="number">{dataset.rows.toLocaleString()}</td>
                  <td class="number">{dataset.parent_version ?? '–'}</td>
                  <td>
                    <a href={linkTo('run', [dataset.run_id])}>{dataset.run_id}</a>
                  </td>
                  <td>
                    <Ago at={dataset.created_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {data?.datasets.length === PAGE_SIZE && last !== undefined ? (
        <a href={linkTo('datasets', [], { before: String(last.version) })}>Older</a>
      ) : null}
    </>
  );
}
