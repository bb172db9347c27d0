/**
 * What answers at the moment: versions loaded, traffic between them, how long each phase takes, the queue.
 */
import { useState } from 'preact/hooks';
import { baseUrl, client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Table } from '../../parts/table.tsx';
import { Ago } from '../../parts/time.tsx';
import { toError, Trouble, Waiting } from '../../parts/trouble.tsx';
import { readSamples, sumOf } from './samples.ts';

/** All that is shown of them: others are counted in the database when they are asked for. */
const METRICS = [
  'copyloop_queue_texts',
  'copyloop_score_cache_total',
  'copyloop_shadow_score_difference',
  'copyloop_phase_seconds',
];

async function load() {
  const [info, metrics] = await Promise.all([
    client.info(),
    fetch(`${baseUrl}metrics?names=${METRICS.join(',')}`).then(async (answer) => await answer.text()),
  ]);
  return { info, samples: readSamples(metrics) };
}

const PHASES = ['tokenize', 'wait', 'compute', 'write'] as const;

export default function Serving() {
  const { data, error, reload } = useLive('serving', ['models'], load);
  const mayMove = useMay('admin');
  if (data === undefined)
    return (
      <>
        <h1>Serving</h1>
        <Waiting error={error} retry={reload} />
      </>
    );
  const { info, samples } = data;
  const { champion, challenger = 0, shadow = false } = info.traffic;
  const hits = sumOf(samples, 'copyloop_score_cache_total', { result: 'hit' });
  const misses = sumOf(samples, 'copyloop_score_cache_total', { result: 'miss' });
  const shadowed = sumOf(samples, 'copyloop_shadow_score_difference_count');
  const difference = sumOf(samples, 'copyloop_shadow_score_difference_sum');
  return (
    <>
      <h1>Serving</h1>
      <ol class="loop">
        <li>
          <span class="soft">Traffic</span>
          <strong>{champion} %</strong>
          <div class="soft">champion</div>
          <div class="soft">
            {challenger} % challenger{shadow ? ', which also scores a copy of every request' : ''}
          </div>
        </li>
        <li>
          <span class="soft">In line</span>
          <strong>{sumOf(samples, 'copyloop_queue_texts')}</strong>
          <div class="soft">texts wait</div>
          <div class="soft">
            {info.sessions} sessions of {info.threads_per_session}{' '}
            {info.threads_per_session === 1 ? 'thread' : 'threads'}
          </div>
        </li>
        <li>
          <span class="soft">Cache</span>
          <strong>{hits + misses === 0 ? '–' : `${Math.round((100 * hits) / (hits + misses))} %`}</strong>
          <div class="soft">of scores were known</div>
        </li>
        <li>
          <span class="soft">Shadow</span>
          <strong>{shadowed === 0 ? '–' : (difference / shadowed).toFixed(3)}</strong>
          <div class="soft">mean difference of scores</div>
        </li>
      </ol>
      {mayMove ? <MoveTraffic {...{ champion, shadow, reload }} /> : null}
      <h2>Loaded</h2>
      {info.load_failures.map(({ alias, version, error: failure }) => (
        <Trouble key={alias} error={{ message: `${alias} ${version} could not be loaded: ${failure}` }} />
      ))}
      <Table
        name="Loaded versions"
        rows={info.models}
        keyOf={({ alias }) => alias}
        empty="No model is loaded: the first run makes a champion."
        columns={[
          { title: 'Alias', text: ({ alias }) => alias },
          {
            title: 'Version',
            isNumber: true,
            text: ({ version }) => version,
            show: ({ name, version }) => <a href={linkTo('version', [name, version])}>{version}</a>,
          },
          { title: 'Precision', text: ({ precision }) => precision },
          {
            title: 'Loaded',
            text: ({ loaded_at }) => loaded_at,
            show: ({ loaded_at }) => <Ago at={loaded_at} />,
          },
          { title: 'Loading took, ms', isNumber: true, text: ({ load_ms }) => load_ms },
        ]}
      />
      <h2>Phases since the server started</h2>
      <Table
        name="Phases"
        rows={PHASES}
        keyOf={(phase) => phase}
        empty="None."
        columns={[
          { title: 'Phase', text: (phase) => phase },
          {
            title: 'Times',
            isNumber: true,
            text: (phase) => sumOf(samples, 'copyloop_phase_seconds_count', { phase }),
          },
          {
            title: 'Mean, ms',
            isNumber: true,
            text: (phase) => {
              const times = sumOf(samples, 'copyloop_phase_seconds_count', { phase });
              if (times === 0) return null;
              return Number(
                ((1000 * sumOf(samples, 'copyloop_phase_seconds_sum', { phase })) / times).toFixed(2),
              );
            },
          },
        ]}
      />
    </>
  );
}

interface MoveProps {
  champion: number;
  shadow: boolean;
  reload: () => void;
}

function MoveTraffic({ champion, shadow, reload }: MoveProps) {
  const [share, setShare] = useState(champion);
  const [copies, setCopies] = useState(shadow);
  const [error, setError] = useState<Error>();
  const move = async (): Promise<void> => {
    setError(undefined);
    await client.traffic.set({ champion: share, challenger: 100 - share, shadow: copies });
    reload();
  };
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        void move().catch((cause: unknown) => setError(toError(cause)));
      }}
    >
      <label>
        Champion, %{' '}
        <input
          type="number"
          min="0"
          max="100"
          required
          value={share}
          onInput={(event) => setShare(Number(event.currentTarget.value))}
        />
      </label>
      <label>
        <input
          type="checkbox"
          checked={copies}
          onChange={(event) => setCopies(event.currentTarget.checked)}
        />{' '}
        the challenger scores a copy
      </label>
      <button type="submit" disabled={share === champion && copies === shadow}>
        Move traffic
      </button>
      {error === undefined ? null : <Trouble error={error} />}
    </form>
  );
}
