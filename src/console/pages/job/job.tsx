/** One catalogue: how far it is, its result, and its refused rows to be mended. */
import { useState } from 'preact/hooks';
import { baseUrl, client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Status } from '../../parts/status.tsx';
import { Ago, formatDuration } from '../../parts/time.tsx';
import { toError, Trouble, Waiting } from '../../parts/trouble.tsx';
import { Mend, type JobView } from './mend.tsx';

export default function Job({ route }: PageProps) {
  const [id = ''] = route.rest;
  const { data: job, error, reload } = useLive(id, ['jobs'], () => client.jobs.get(id));
  const mayAct = useMay('writer');
  if (job === undefined) return <Waiting error={error} retry={reload} />;
  const path = `${baseUrl}jobs/${encodeURIComponent(job.id)}`;
  const { total, done, refused } = job.rows;
  return (
    <>
      <p class="soft">
        <a href={linkTo('catalogues')}>Catalogues</a> / {job.id}
      </p>
      <div class="row">
        <h1>Job {job.number}</h1>
        <Status value={job.status} />
        {mayAct ? <Actions job={job} reload={reload} /> : null}
      </div>
      <p class="soft foreign">
        {job.source}, started <Ago at={job.created_at} />, with{' '}
        <a href={linkTo('version', [job.model.name, job.model.version])}>version {job.model.version}</a>
      </p>
      {job.error === null ? null : <Trouble error={job.error} />}
      <p>
        <strong>{done.toLocaleString()}</strong>
        {total === null ? null : ` of ${total.toLocaleString()}`} done, {refused.toLocaleString()} refused
      </p>
      {job.status === 'active' ? <Progress job={job} /> : null}
      {job.status === 'succeeded' ? (
        <p class="row">
          <a href={`${path}/output`} class="button primary">
            Download the result ({job.format})
          </a>
          {refused === 0 ? null : <a href={`${path}/refused`}>Refused rows (jsonl)</a>}
        </p>
      ) : null}
      {['succeeded', 'failed'].includes(job.status) && (refused > 0 || job.error !== null) && mayAct ? (
        <Mend job={job} />
      ) : null}
    </>
  );
}

function Progress({ job }: { job: JobView }) {
  const { total, done } = job.rows;
  return (
    <p>
      <progress max={total ?? 1} value={total === null ? undefined : done} aria-label={`Job ${job.number}`} />{' '}
      {job.rows_per_second === null ? null : (
        <span class="soft">
          {Math.round(job.rows_per_second)} rows/s
          {job.seconds_left === null ? null : `, ${formatDuration(job.seconds_left * 1000)} left`}
        </span>
      )}
    </p>
  );
}

function Actions({ job, reload }: { job: JobView; reload: () => void }) {
  const [error, setError] = useState<Error>();
  const act = (work: Promise<unknown>): void => {
    setError(undefined);
    work.then(reload, (cause: unknown) => setError(toError(cause)));
  };
  return (
    <>
      {job.status === 'active' ? (
        <button type="button" onClick={() => act(client.jobs.pause(job.id))}>
          Pause
        </button>
      ) : null}
      {job.status === 'active' || job.status === 'paused' ? (
        <button type="button" onClick={() => act(client.jobs.cancel(job.id))}>
          Cancel
        </button>
      ) : null}
      {job.status === 'failed' || job.status === 'paused' ? (
        <button type="button" onClick={() => act(client.jobs.resume(job.id))}>
          Resume
        </button>
      ) : null}
      {error === undefined ? null : <Trouble error={error} />}
    </>
  );
}
