/** API keys: made, shown once, revoked. */
import { useState } from 'preact/hooks';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Table } from '../../parts/table.tsx';
import { Ago } from '../../parts/time.tsx';
import { toError, Trouble, Waiting } from '../../parts/trouble.tsx';
import { Part } from './part.tsx';

const ROLES = ['reader', 'writer', 'admin'] as const;

export function Keys() {
  const { data, error, reload } = useLive('keys', [], async () => client.call('GET /keys', {}));
  const [made, setMade] = useState<string>();
  const [refused, setRefused] = useState<Error>();
  const revoke = async (id: string): Promise<void> => {
    await client.call('DELETE /keys/{id}', { path: { id } });
    reload();
  };
  return (
    <Part title="Keys">
      <NewKey
        onMade={(key) => {
          setMade(key);
          reload();
        }}
      />
      {made === undefined ? null : (
        <p class="panel" role="status">
          Keep it now, it is not shown again: <code>{made}</code> <CopyButton text={made} />
        </p>
      )}
      {refused === undefined ? null : <Trouble error={refused} />}
      {data === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : (
        <Table
          name="Keys"
          rows={data.keys.toReversed()}
          keyOf={({ id }) => id}
          empty="No key yet. Where keys are asked for, everybody needs one."
          columns={[
            { title: 'Name', text: ({ name }) => name },
            { title: 'Role', text: ({ role }) => role },
            { title: 'Id', text: ({ id }) => id, show: ({ id }) => <code>{id}</code> },
            {
              title: 'Made',
              text: ({ created_at }) => created_at,
              show: ({ created_at }) => <Ago at={created_at} />,
            },
            {
              title: 'Revoked',
              text: ({ revoked_at }) => revoked_at,
              show: ({ id, name, revoked_at }) =>
                revoked_at === null ? (
                  <button
                    type="button"
                    class="quiet"
                    aria-label={`Revoke ${name}`}
                    onClick={() => void revoke(id).catch((cause: unknown) => setRefused(toError(cause)))}
                  >
                    revoke
                  </button>
                ) : (
                  <Ago at={revoked_at} />
                ),
            },
          ]}
        />
      )}
    </Part>
  );
}

function NewKey({ onMade }: { onMade: (key: string) => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<(typeof ROLES)[number]>('writer');
  const [error, setError] = useState<Error>();
  const make = async (): Promise<void> => {
    setError(undefined);
    const { key } = await client.call('POST /keys', { body: { name: name.trim(), role } });
    setName('');
    onMade(key);
  };
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        void make().catch((cause: unknown) => setError(toError(cause)));
      }}
    >
      <label>
        Whose key <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <label>
        Role{' '}
        <select
          value={role}
          onChange={({ currentTarget: { value } }) =>
            setRole(ROLES.find((known) => known === value) ?? 'reader')
          }
        >
          {ROLES.map((known) => (
            <option key={known}>{known}</option>
          ))}
        </select>
      </label>
      <button type="submit" disabled={name.trim() === ''}>
        Make a key
      </button>
      {error === undefined ? null : <Trouble error={error} />}
    </form>
  );
}
