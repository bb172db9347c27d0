/**
 * What texts earned, by field, channel and version; whether the champion's choice pays; a canary's evidence.
 */
import { useState } from 'preact/hooks';
import type { Answer } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Status } from '../../parts/status.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Ago } from '../../parts/time.tsx';
import { toError, Trouble, Waiting } from '../../parts/trouble.tsx';

type Summary = Answer<'GET /learning/summary'>;
type Canary = Answer<'GET /learning/canary'>['canaries'][number];
type Counts = Summary['total'];

/** Sums of a large log are answered again for a while; they are not of what was told since. */
const LATE_MS = 60_000;

async function load() {
  const [summary, canary] = await Promise.all([
    client.call('GET /learning/summary', {}),
    client.call('GET /learning/canary', {}),
  ]);
  return { summary, canary };
}

export default function Learning() {
  const { data, error, reload } = useLive('learning', ['models', 'texts'], load);
  const [isCounting, setIsCounting] = useState(false);
  if (data === undefined)
    return (
      <>
        <h1>Learning</h1>
        <Waiting error={error} retry={reload} />
      </>
    );
  const { summary, canary } = data;
  const { total } = summary;
  const countAgain = async (): Promise<void> => {
    setIsCounting(true);
    try {
      await client.call('GET /learning/summary', { query: { fresh: 'true' } });
    } finally {
      setIsCounting(false);
      reload();
    }
  };
  return (
    <>
      <h1>Learning</h1>
      <ol class="loop">
        <li>
          <span class="soft">Earned a text</span>
          <strong>{share(total.rate)}</strong>
          <div class="soft">
            by {summary.reward}, counted <Ago at={summary.counted_at} />
          </div>
          {Date.now() - Date.parse(summary.counted_at) < LATE_MS ? null : (
            <button
              type="button"
              disabled={isCounting}
              onClick={() => void countAgain().catch(() => undefined)}
            >
              {isCounting ? 'Counting' : 'Count again'}
            </button>
          )}
        </li>
        <li>
          <span class="soft">Shown</span>
          <strong>{total.impressions.toLocaleString()}</strong>
          <div class="soft">{total.clicks.toLocaleString()} clicks</div>
        </li>
        <li>
          <span class="soft">Said of texts</span>
          <strong>{(total.accepted + total.edited + total.rejected).toLocaleString()}</strong>
          <div class="soft">
            {total.accepted} accepted, {total.edited} edited, {total.rejected} rejected
          </div>
        </li>
      </ol>
      <Choices summary={summary} />
      <h2>By field</h2>
      <Table
        name="By field"
        rows={summary.fields}
        keyOf={({ field }) => field}
        empty="Nothing was told of any text yet: send clicks and verdicts to POST /feedback."
        columns={[
          { title: 'Field', text: ({ field }) => field, show: ({ field }) => field.replaceAll('_', ' ') },
          ...COUNTS,
        ]}
      />
      <h2>By channel</h2>
      <Table
        name="By channel"
        rows={summary.channels}
        keyOf={({ channel }) => channel}
        empty="Nothing yet."
        columns={[{ title: 'Channel', text: ({ channel }) => channel }, ...COUNTS]}
      />
      <h2>By version</h2>
      <Table
        name="By version"
        rows={summary.versions}
        keyOf={({ version }) => version}
        empty="Nothing yet."
        columns={[{ title: 'Version', text: ({ version }) => version }, ...COUNTS]}
      />
      <h2>Canaries</h2>
      {canary.canaries.length === 0 ? (
        <p class="soft">
          None. <a href={linkTo('serving')}>Serving</a> gives a challenger a share of the traffic.
        </p>
      ) : null}
      {canary.canaries.map((one) => (
        <CanaryBox key={one.id} canary={one} isActive={canary.active?.id === one.id} reload={reload} />
      ))}
    </>
  );
}

const share = (value: number | null): string => (value === null ? '–' : `${(100 * value).toFixed(2)} %`);

const number = (title: string, of: (row: Omit<Counts, 'rate'>) => number): Column<Counts> => ({
  title,
  isNumber: true,
  text: of,
  show: (row) => of(row).toLocaleString(),
});
const COUNTS: readonly Column<Counts>[] = [
  number('Texts', ({ texts }) => texts),
  number('Shown', ({ impressions }) => impressions),
  number('Clicks', ({ clicks }) => clicks),
  number('Accepted', ({ accepted }) => accepted),
  number('Edited', ({ edited }) => edited),
  number('Rejected', ({ rejected }) => rejected),
  { title: 'Rate', isNumber: true, text: ({ rate }) => rate, show: ({ rate }) => share(rate) },
];

/** The champion's choice beside chance and holdback, each with its interval. */
function Choices({ summary: { policies, choices } }: { summary: Summary }) {
  const estimates = [
    { name: 'the best by the champion', value: choices.best },
    { name: 'any at random', value: choices.random },
  ];
  if (choices.draws === 0)
    return (
      <p class="soft">
        No text was drawn by chance yet: with the policy explore, what was drawn tells what another choice
        would have earned.
      </p>
    );
  return (
    <>
      <h2>What a choice earns</h2>
      <Table
        name="Choices"
        rows={estimates}
        keyOf={({ name }) => name}
        empty="Nothing yet."
        columns={[
          { title: `Of ${choices.draws} draws`, text: ({ name }) => name },
          {
            title: 'Earns',
            isNumber: true,
            text: ({ value }) => value?.value ?? null,
            show: ({ value }) => share(value?.value ?? null),
          },
          {
            title: 'Between',
            text: ({ value }) => (value === null ? null : `${share(value.low)} and ${share(value.high)}`),
          },
        ]}
      />
      <Table
        name="Policies"
        rows={policies}
        keyOf={({ policy }) => policy}
        empty="Nothing yet."
        columns={[
          { title: 'Policy', text: ({ policy }) => policy },
          { title: 'Texts', isNumber: true, text: ({ texts }) => texts },
          { title: 'Rate', isNumber: true, text: ({ rate }) => rate, show: ({ rate }) => share(rate) },
        ]}
      />
    </>
  );
}

interface CanaryProps {
  canary: Canary;
  isActive: boolean;
  reload: () => void;
}

function CanaryBox({ canary, isActive, reload }: CanaryProps) {
  const mayStop = useMay('admin');
  const [reason, setReason] = useState('');
  const [error, setError] = useState<Error>();
  const stop = async (): Promise<void> => {
    await client.call('POST /learning/canary/stop', { body: { reason } });
    reload();
  };
  const { evidence } = canary;
  return (
    <div class="panel">
      <div class="row">
        <strong>
          version {canary.version} against {canary.champion}
        </strong>
        <Status value={canary.status} />
        <span class="soft foreign">{canary.reason}</span>
      </div>
      {evidence === null ? (
        <p class="soft">Nothing was counted yet.</p>
      ) : (
        <p>
          Earns {share(evidence.difference)} more, between {share(evidence.low)} and {share(evidence.high)}:{' '}
          {evidence.challenger.rewards} of {evidence.challenger.shown} against {evidence.champion.rewards} of{' '}
          {evidence.champion.shown}
        </p>
      )}
      {isActive && mayStop ? (
        <div class="row">
          <input
            aria-label="Reason"
            placeholder="reason"
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
          <button
            type="button"
            disabled={reason.trim() === ''}
            onClick={() => void stop().catch((cause: unknown) => setError(toError(cause)))}
          >
            Stop it
          </button>
        </div>
      ) : null}
      {error === undefined ? null : <Trouble error={error} />}
    </div>
  );
}
