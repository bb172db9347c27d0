/** What can be done with a run: cancelled, replayed whole or in part, copied as a command. */
import { useState } from 'preact/hooks';
import type { Body, PipelineRun } from '../../../client/index.ts';
import { baseUrl, client } from '../../app/api.ts';
import { linkTo } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { toError, Trouble } from '../../parts/trouble.tsx';

type ReplayRequest = Body<'POST /runs/{id}/replay'>;

/** A run shows its own stages; what is asked for is one of them. */
function toStage(name: string): ReplayRequest['from'] {
  return name === '' ? undefined : (name as ReplayRequest['from']);
}

/** Goes to the new run; what cannot be replayed says so before it starts. */
async function replay(id: string, request: ReplayRequest): Promise<void> {
  location.assign(linkTo('run', [await client.runs.replay(id, undefined, request)]));
}

export function Actions({ run, reload }: { run: PipelineRun; reload: () => void }) {
  const [error, setError] = useState<Error>();
  const mayAct = useMay('writer');
  if (!mayAct) return null;
  const act = (work: Promise<unknown>): void => {
    setError(undefined);
    work.catch((cause: unknown) => setError(toError(cause)));
  };
  const command = `curl -X POST ${baseUrl}runs/${run.id}/replay`;
  return (
    <>
      {run.status === 'active' ? (
        <button type="button" onClick={() => act(client.runs.cancel(run.id).then(reload))}>
          Cancel
        </button>
      ) : (
        <button type="button" onClick={() => act(replay(run.id, {}))}>
          Replay
        </button>
      )}
      <CopyButton text={command} what="as a command" />
      {error === undefined ? null : <Trouble error={error} />}
    </>
  );
}

/** Takes what earlier stages left. */
export function ReplayFrom({ run, from }: { run: PipelineRun; from: string }) {
  const [error, setError] = useState<Error>();
  const mayReplay = useMay('writer');
  if (!mayReplay) return null;
  return (
    <>
      <button
        type="button"
        class="quiet"
        aria-label={`Replay from here: ${from}`}
        onClick={() =>
          void replay(run.id, { from: toStage(from) }).catch((cause: unknown) => setError(toError(cause)))
        }
      >
        from here
      </button>
      {error === undefined ? null : <Trouble error={error} />}
    </>
  );
}

/** The same run again, with some of its options other than they were. */
export function ReplayChanged({ run }: { run: PipelineRun }) {
  const mayReplay = useMay('writer');
  const [from, setFrom] = useState('');
  const [recipes, setRecipes] = useState('');
  const [rest, setRest] = useState('');
  const [error, setError] = useState<Error>();
  if (!mayReplay || run.status === 'active') return null;
  const start = async (): Promise<void> => {
    setError(undefined);
    const options = rest.trim() === '' ? {} : (JSON.parse(rest) as NonNullable<ReplayRequest>['options']);
    const named = recipes.split(',').map((name) => name.trim());
    const chosen = recipes.trim() === '' ? {} : { recipes: named };
    await replay(run.id, {
      from: toStage(from),
      options: { ...options, ...chosen },
    });
  };
  return (
    <details>
      <summary>Replay with changes</summary>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void start().catch((cause: unknown) => setError(toError(cause)));
        }}
      >
        <label>
          From
          <select value={from} onChange={(event) => setFrom(event.currentTarget.value)}>
            <option value="">the beginning</option>
            {[...new Set(run.stages.map(({ stage }) => stage))].slice(1).map((stage) => (
              <option key={stage}>{stage}</option>
            ))}
          </select>
        </label>
        <label>
          Recipes, separated by commas
          <input
            value={recipes}
            placeholder="as in this run"
            onInput={(event) => setRecipes(event.currentTarget.value)}
          />
        </label>
        <label>
          Other options, as JSON
          <textarea
            rows={3}
            value={rest}
            placeholder={'{"source": {"kind": "synthetic", "count": 500}}'}
            onInput={(event) => setRest(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Replay</button>
        {error === undefined ? null : <Trouble error={error} />}
      </form>
    </details>
  );
}
