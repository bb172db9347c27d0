/** Keys, webhooks, settings, storage, the machine and the audit log: what an admin looks after. */
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Table } from '../../parts/table.tsx';
import { Waiting } from '../../parts/trouble.tsx';
import { Audit } from './audit.tsx';
import { Doctor } from './doctor.tsx';
import { Keys } from './keys.tsx';
import { Part } from './part.tsx';
import { Webhooks } from './webhooks.tsx';

export default function Admin() {
  const isAdmin = useMay('admin');
  return (
    <>
      <h1>Admin</h1>
      {isAdmin ? (
        <>
          <Keys />
          <Webhooks />
          <Settings />
          <Storage />
          <Doctor />
          <Audit />
        </>
      ) : (
        <p class="soft">This page is for admins.</p>
      )}
    </>
  );
}

function Settings() {
  const { data, error, reload } = useLive('settings', [], async () => client.call('GET /admin/config', {}));
  return (
    <Part title="Settings">
      {data === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : (
        <details>
          <summary>
            {data.settings.length} settings,{' '}
            {data.settings.filter(({ origin }) => origin !== 'default').length} of them not by default
          </summary>
          <Table
            name="Settings"
            rows={data.settings.toSorted(
              (a, b) => Number(a.origin === 'default') - Number(b.origin === 'default'),
            )}
            keyOf={({ key }) => key}
            empty="None."
            columns={[
              { title: 'Key', text: ({ key }) => key, show: ({ key }) => <code>{key}</code> },
              { title: 'Value', text: ({ value }) => JSON.stringify(value) },
              { title: 'From', text: ({ origin }) => origin },
            ]}
          />
        </details>
      )}
    </Part>
  );
}

function Storage() {
  const { data, error, reload } = useLive('storage', [], async () => client.call('GET /admin/storage', {}));
  return (
    <Part title="Storage">
      {data === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : (
        <>
          <p>
            The database takes <strong>{formatBytes(data.bytes)}</strong>.
          </p>
          <details>
            <summary>Its largest tables</summary>
            <Table
              name="Tables"
              rows={data.tables}
              keyOf={({ name }) => name}
              empty="None."
              columns={[
                { title: 'Table', text: ({ name }) => name },
                {
                  title: 'Size',
                  isNumber: true,
                  text: ({ bytes }) => bytes,
                  show: ({ bytes }) => formatBytes(bytes),
                },
                {
                  title: 'Rows, about',
                  isNumber: true,
                  text: ({ rows }) => rows,
                  show: ({ rows }) => rows.toLocaleString(),
                },
              ]}
            />
          </details>
        </>
      )}
    </Part>
  );
}

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

function formatBytes(bytes: number): string {
  const power = Math.min(BYTES.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${BYTES[power]}`;
}
