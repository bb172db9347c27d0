/** The schedule: the next ticks, those of late and why some were skipped, and a pause for all workers. */
import { useState } from 'preact/hooks';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Figure } from '../../parts/figure.tsx';
import { Status } from '../../parts/status.tsx';
import { Ago, Moment } from '../../parts/time.tsx';
import { toError, Trouble, Waiting } from '../../parts/trouble.tsx';
import { StartRun } from '../runs/runs.tsx';

export default function Schedule() {
  const { data, error, reload } = useLive('schedule', ['runs'], async () => client.call('GET /schedule', {}));
  const [refused, setRefused] = useState<Error>();
  const mayPause = useMay('admin');
  if (data === undefined) return <Waiting error={error} retry={reload} />;
  const { schedule } = data;
  const setPaused = async (paused: boolean): Promise<void> => {
    setRefused(undefined);
    await client.call('PUT /schedule', { body: { paused } });
    reload();
  };
  return (
    <>
      <div class="row">
        <h1>Schedule</h1>
        {mayPause ? (
          <button type="button" onClick={() => void setPaused(!schedule.paused).catch(setRefused)}>
            {schedule.paused ? 'Resume' : 'Pause'}
          </button>
        ) : null}
        <StartRun onStarted={reload} />
      </div>
      {refused === undefined ? null : <Trouble error={refused} />}
      <p>
        {schedule.enabled
          ? schedule.paused
            ? 'Paused'
            : 'Runs start by themselves.'
          : 'Switched off by the configuration'}
        {schedule.changed_at === null ? null : (
          <span class="soft foreign">
            , {schedule.paused ? 'paused' : 'resumed'} by {schedule.changed_by}{' '}
            <Ago at={schedule.changed_at} />
          </span>
        )}
      </p>
      <ul class="loop">
        <Figure
          of="Next run"
          value={
            schedule.paused ? 'paused' : schedule.next[0] === undefined ? '–' : <Ago at={schedule.next[0]} />
          }
        >
          {schedule.next[0] === undefined ? (
            'only when somebody starts one'
          ) : (
            <Moment at={schedule.next[0]} />
          )}
        </Figure>
        <Figure of="Pattern" value={<code>{schedule.cron}</code>}>
          in {schedule.time_zone}
        </Figure>
      </ul>
      <h2>Next</h2>
      {schedule.next.length === 0 ? <p class="soft">None.</p> : null}
      <ul class="plain">
        {schedule.next.map((at) => (
          <li key={at}>
            <Moment at={at} />{' '}
            <span class="soft">
              (<Ago at={at} />)
            </span>
          </li>
        ))}
      </ul>
      <Preview cron={schedule.cron} timeZone={schedule.time_zone} />
      <h2>Of late</h2>
      {schedule.last.length === 0 ? <p class="soft">No tick yet.</p> : null}
      <ul class="plain">
        {schedule.last.map((tick) => (
          <li key={tick.slot}>
            <Moment at={tick.slot} /> <Status value={tick.outcome} />{' '}
            {tick.run_id === null ? null : <a href={linkTo('run', [tick.run_id])}>{tick.run_id}</a>}{' '}
            <span class="soft foreign">{tick.reason}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** What another pattern would come to. It takes effect in the configuration, where every worker reads it. */
function Preview({ cron, timeZone }: { cron: string; timeZone: string }) {
  const [pattern, setPattern] = useState(cron);
  const [zone, setZone] = useState(timeZone);
  const [next, setNext] = useState<readonly string[]>();
  const [error, setError] = useState<Error>();
  const show = async (): Promise<void> => {
    setError(undefined);
    setNext(undefined);
    const { preview } = await client.call('GET /schedule', { query: { cron: pattern, timeZone: zone } });
    setNext(preview?.next ?? []);
  };
  return (
    <details>
      <summary>Try another pattern</summary>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void show().catch((cause: unknown) => setError(toError(cause)));
        }}
      >
        <label>
          Pattern{' '}
          <input
            required
            size={14}
            value={pattern}
            onInput={(event) => {
              setPattern(event.currentTarget.value);
              setNext(undefined);
            }}
          />
        </label>
        <label>
          Time zone{' '}
          <input
            required
            size={16}
            value={zone}
            onInput={(event) => {
              setZone(event.currentTarget.value);
              setNext(undefined);
            }}
          />
        </label>
        <button type="submit">Show its next runs</button>
      </form>
      {error === undefined ? null : <Trouble error={error} />}
      {next === undefined ? null : (
        <div role="status">
          <ul>
            {next.map((at) => (
              <li key={at}>
                <Moment at={at} />
              </li>
            ))}
          </ul>
          <p class="soft">
            To keep it: <code>pipeline.schedule.cron: &apos;{pattern}&apos;</code> and{' '}
            <code>timeZone: {zone}</code> in the configuration, and a restart.
          </p>
        </div>
      )}
    </details>
  );
}
