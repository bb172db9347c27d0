/** Webhooks and what became of their deliveries; those that were given up can be tried anew. */
import { useState } from 'preact/hooks';
import type { Answer } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { Ago } from '../../parts/time.tsx';
import { toError, Trouble, Waiting } from '../../parts/trouble.tsx';
import { Part } from './part.tsx';

type Watched = Answer<'GET /admin/webhooks'>['webhooks'][number];

export function Webhooks() {
  const { data, error, reload } = useLive('webhooks', ['models'], async () =>
    client.call('GET /admin/webhooks', {}),
  );
  return (
    <Part title="Webhooks">
      {data === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : data.webhooks.length === 0 ? (
        <p class="soft">None. They are made over MLflow's protocol.</p>
      ) : (
        data.webhooks.map((webhook) => <Webhook key={webhook.id} webhook={webhook} reload={reload} />)
      )}
    </Part>
  );
}

function Webhook({ webhook, reload }: { webhook: Watched; reload: () => void }) {
  const [error, setError] = useState<Error>();
  const dead = webhook.deliveries.filter(({ status }) => status === 'dead').length;
  const retry = async (): Promise<void> => {
    await client.call('POST /admin/webhooks/{id}/retry', { path: { id: webhook.id } });
    reload();
  };
  return (
    <details open={dead > 0}>
      <summary class="foreign">
        {webhook.name}, {webhook.status.toLowerCase()}, {webhook.url}
        {dead === 0 ? null : <strong class="bad"> {dead} given up</strong>}
      </summary>
      {dead === 0 ? null : (
        <button
          type="button"
          onClick={() => void retry().catch((cause: unknown) => setError(toError(cause)))}
        >
          Try {dead} again
        </button>
      )}
      {error === undefined ? null : <Trouble error={error} />}
      <Table
        name={`Deliveries of ${webhook.name}`}
        rows={webhook.deliveries}
        keyOf={({ id }) => id}
        empty="Nothing was delivered yet."
        columns={[
          {
            title: 'When',
            text: ({ created_at }) => created_at,
            show: ({ created_at }) => <Ago at={created_at} />,
          },
          { title: 'Event', text: ({ event }) => event },
          { title: 'Status', text: ({ status }) => status, show: ({ status }) => <Status value={status} /> },
          { title: 'Attempts', isNumber: true, text: ({ attempts }) => attempts },
          { title: 'Last fault', text: ({ last_error }) => last_error },
        ]}
      />
    </details>
  );
}
