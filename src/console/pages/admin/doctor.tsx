/** What `copyloop doctor` finds on the server's machine, looked at when it is asked for. */
import { useState } from 'preact/hooks';
import type { Answer } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { toError, Trouble } from '../../parts/trouble.tsx';
import { Part } from './part.tsx';

type Checks = Answer<'GET /admin/doctor'>['checks'];

export function Doctor() {
  const [checks, setChecks] = useState<Checks>();
  const [isLooking, setLooking] = useState(false);
  const [error, setError] = useState<Error>();
  const look = async (): Promise<void> => {
    setLooking(true);
    setError(undefined);
    try {
      setChecks((await client.call('GET /admin/doctor', {})).checks);
    } catch (cause) {
      setError(toError(cause));
    }
    setLooking(false);
  };
  return (
    <Part title="Doctor">
      <p>
        <button type="button" disabled={isLooking} onClick={() => void look()}>
          {isLooking ? 'Looking…' : checks === undefined ? 'Examine this server' : 'Examine it again'}
        </button>
      </p>
      {error === undefined ? null : <Trouble error={error} />}
      {checks === undefined ? null : (
        <Table
          name="Doctor"
          rows={checks}
          keyOf={({ name }) => name}
          empty="This server was started without one: copyloop doctor examines its machine."
          columns={[
            { title: 'What', text: ({ name }) => name },
            {
              title: 'How it is',
              text: ({ status }) => status,
              show: ({ status }) => <Status value={status} />,
            },
            { title: 'Found', text: ({ found }) => found },
            { title: 'What to do', text: ({ remedy }) => remedy },
          ]}
        />
      )}
    </Part>
  );
}
