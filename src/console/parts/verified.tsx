/** Whether a model version was trained again to the same end, and when. */
import { Ago } from './time.tsx';

/** As `copyloop verify` leaves it at a version: what it found, and when. */
export const VERIFIED_TAG = 'copyloop.verified';
const VERDICTS: Readonly<Record<string, string>> = {
  equal: 'reproduced to the last bit',
  'within-tolerance': 'reproduced within the tolerance',
};

export function Verified({ tag }: { tag: string | undefined }) {
  const [verdict = '', at] = tag?.split(' ') ?? [];
  if (at === undefined) return null;
  const told = VERDICTS[verdict];
  return (
    <span class={told === undefined ? 'bad' : 'good'}>
      {told === undefined ? '✕ not reproduced' : `✓ ${told}`}{' '}
      <span class="soft">
        <Ago at={at} />
      </span>
    </span>
  );
}
