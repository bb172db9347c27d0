/** All texts above a score at once, with a sample to look at before. */
import { useState } from 'preact/hooks';
import { client } from '../../app/api.ts';
import { toError, Trouble } from '../../parts/trouble.tsx';
import type { ReviewText } from './one-text.tsx';

/** As many as one request moves. */
const MOST = 500;
const SAMPLE = 5;

interface Props {
  filters: { field: string | undefined; assignee: string | undefined };
  onTaken: (told: string) => void;
}

export function TakeMany({ filters, onTaken }: Props) {
  const [least, setLeast] = useState('0.80');
  const [found, setFound] = useState<readonly ReviewText[]>();
  const [error, setError] = useState<Error>();
  const fail = (cause: unknown): void => setError(toError(cause));
  const look = async (): Promise<void> => {
    setError(undefined);
    const query = { state: 'in_review', min_score: Number(least), limit: MOST, ...filters } as const;
    setFound((await client.call('GET /texts', { query })).texts);
  };
  const take = async (texts: readonly ReviewText[]): Promise<void> => {
    const text_ids = texts.map(({ text_id }) => text_id);
    const { moved, refused } = await client.call('POST /texts/state', {
      body: { state: 'approved', text_ids },
    });
    setFound(undefined);
    onTaken(
      `Accepted ${moved}${refused.length === 0 ? '' : `; ${refused.length} were not: ${refused[0]?.message ?? ''}`}`,
    );
  };
  return (
    <details>
      <summary>Take many above a score</summary>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void look().catch(fail);
        }}
      >
        <label>
          Score at least{' '}
          <input
            type="number"
            min="0"
            max="1"
            step="0.01"
            required
            value={least}
            onInput={(event) => {
              setLeast(event.currentTarget.value);
              setFound(undefined);
            }}
          />
        </label>
        <button type="submit">Show a sample</button>
      </form>
      {error === undefined ? null : <Trouble error={error} />}
      {found === undefined ? null : found.length === 0 ? (
        <p class="soft">No text scores so high.</p>
      ) : (
        <>
          <ul>
            {sampleOf(found).map(({ text_id, text, score }) => (
              <li key={text_id} class="foreign" dir="auto">
                {score?.toFixed(2)} {text}
              </li>
            ))}
          </ul>
          <button type="button" class="primary" onClick={() => void take(found).catch(fail)}>
            Accept all {found.length}
          </button>
        </>
      )}
    </details>
  );
}

/** Spread over all of them, the best and the least among them. */
function sampleOf(texts: readonly ReviewText[]): readonly ReviewText[] {
  const ordered = texts.toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0));
  if (ordered.length <= SAMPLE) return ordered;
  const step = (ordered.length - 1) / (SAMPLE - 1);
  return Array.from({ length: SAMPLE }, (_, index) => ordered[Math.round(index * step)]).filter(
    (text) => text !== undefined,
  );
}
