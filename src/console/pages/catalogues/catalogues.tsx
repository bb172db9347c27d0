/** Prediction jobs: drop a catalogue, watch it being predicted, take the result. */
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { Ago } from '../../parts/time.tsx';
import { Waiting } from '../../parts/trouble.tsx';
import { Wizard } from './wizard.tsx';

export default function Catalogues() {
  const { data: jobs, error, reload } = useLive('jobs', ['jobs'], () => client.jobs.list({ limit: 50 }));
  const mayStart = useMay('writer');
  return (
    <>
      <h1>Catalogues</h1>
      {mayStart ? <Wizard /> : null}
      <h2>Jobs</h2>
      {jobs === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : (
        <Table
          name="Jobs"
          rows={jobs}
          keyOf={({ id }) => id}
          empty="No catalogue yet."
          columns={[
            {
              title: 'Job',
              text: ({ number }) => number,
              show: ({ id, number }) => <a href={linkTo('job', [id])}>{number}</a>,
            },
            {
              title: 'Status',
              text: ({ status }) => status,
              show: ({ status }) => <Status value={status} />,
            },
            { title: 'Source', text: ({ source }) => source },
            {
              title: 'Rows',
              isNumber: true,
              text: ({ rows }) => rows.done,
              show: ({ rows: { done, total } }) => `${done}${total === null ? '' : ` of ${total}`}`,
            },
            { title: 'Refused', isNumber: true, text: ({ rows }) => rows.refused },
            {
              title: 'Started',
              text: ({ created_at }) => created_at,
              show: ({ created_at }) => <Ago at={created_at} />,
            },
          ]}
        />
      )}
    </>
  );
}
