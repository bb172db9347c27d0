/** Prediction jobs: drop a catalogue, watch it being predicted, take the result. */
import { useState } from 'preact/hooks';
import { baseUrl, client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import type { PageProps } from '../../app/route.ts';
import { Status } from '../../parts/status.tsx';
import { Ago, formatDuration } from '../../parts/time.tsx';
import { Trouble, Waiting } from '../../parts/trouble.tsx';
import { Upload } from './upload.tsx';

type Job = Awaited<ReturnType<typeof client.jobs.list>>[number];

export default function Catalogues(_props: PageProps) {
  const { data: jobs, error, reload } = useLive('jobs', ['jobs'], () => client.jobs.list({ limit: 50 }));
  return (
    <>
      <h1>Catalogues</h1>
      <Upload onStarted={reload} />
      <h2>Jobs</h2>
      {jobs === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : jobs.length === 0 ? (
        <p class="soft">No catalogue yet.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col" class="number">
                  Job
                </th>
                <th scope="col">Status</th>
                <th scope="col">Source</th>
                <th scope="col" class="number">
                  Rows
                </th>
                <th scope="col" class="number">
                  Refused
                </th>
                <th scope="col">Started</th>
                <th scope="col">Result</th>
              </tr>
            </thead>
            <tbody>
              {jobs.map((job) => (
                <JobRow key={job.id} job={job} reload={reload} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function JobRow({ job, reload }: { job: Job; reload: () => void }) {
  const [error, setError] = useState<Error>();
  const path = `${baseUrl}jobs/${encodeURIComponent(job.id)}`;
  const { total, done, refused } = job.rows;
  return (
    <tr>
      <td class="number">{job.number}</td>
      <td>
        <Status value={job.status} />
        {job.status === 'active' ? <Progress job={job} /> : null}
        {job.error === null ? null : <Trouble error={job.error} />}
      </td>
      <td class="foreign">{job.source}</td>
      <td class="number">
        {done}
        {total === null ? null : ` of ${total}`}
      </td>
      <td class="number">{refused === 0 ? '0' : <a href={`${path}/refused`}>{refused}</a>}</td>
      <td>
        <Ago at={job.created_at} />
      </td>
      <td>
        {job.status === 'succeeded' ? <a href={`${path}/output`}>{job.format}</a> : null}
        {job.status === 'active' ? (
          <button type="button" onClick={() => void client.jobs.cancel(job.id).then(reload, setError)}>
            Cancel
          </button>
        ) : null}
        {error === undefined ? null : <Trouble error={error} />}
      </td>
    </tr>
  );
}

function Progress({ job }: { job: Job }) {
  const { total, done } = job.rows;
  const { data } = useLive(job.id, ['jobs'], () => client.jobs.get(job.id));
  return (
    <div>
      <progress max={total ?? 1} value={total === null ? undefined : done} aria-label={`Job ${job.number}`} />
      {data?.rows_per_second === undefined || data.rows_per_second === null ? null : (
        <div class="soft">
          {Math.round(data.rows_per_second)} rows/s
          {data.seconds_left === null ? null : `, ${formatDuration(data.seconds_left * 1000)} left`}
        </div>
      )}
    </div>
  );
}
