/** What can be done with the runs that were chosen in the list. */
import { useState } from 'preact/hooks';
import type { PipelineRunSummary } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { linkTo } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { toError } from '../../parts/trouble.tsx';

interface Props {
  runs: readonly PipelineRunSummary[];
  onDone: () => void;
}

export function Selected({ runs, onDone }: Props) {
  const mayAct = useMay('writer');
  const [told, setTold] = useState<readonly string[]>([]);
  if (runs.length === 0 && told.length === 0) return null;
  const active = runs.filter(({ status }) => status === 'active');
  const ended = runs.filter(({ status }) => status !== 'active');
  // One after the other: each answer stands beside its run, whatever becomes of the others.
  const each = async (
    list: readonly PipelineRunSummary[],
    act: (id: string) => Promise<string>,
  ): Promise<void> => {
    setTold([]);
    for (const { id, number } of list) {
      const what = await act(id).catch((cause: unknown) => toError(cause).message);
      setTold((old) => [...old, `Run ${number}: ${what}`]);
    }
    onDone();
  };
  const cancel = async (id: string): Promise<string> => {
    await client.runs.cancel(id);
    return 'cancelled';
  };
  const replay = async (id: string): Promise<string> => `replayed as ${await client.runs.replay(id)}`;
  const [first, second] = runs.toSorted((a, b) => a.number - b.number);
  return (
    <div class="panel">
      <div class="row">
        <span>{runs.length === 1 ? '1 run is' : `${runs.length} runs are`} chosen</span>
        {runs.length !== 2 || first === undefined || second === undefined ? null : (
          <a href={linkTo('compare', [first.id, second.id])}>Compare the two</a>
        )}
        {mayAct && active.length > 0 ? (
          <button type="button" onClick={() => void each(active, cancel)}>
            Cancel {active.length}
          </button>
        ) : null}
        {mayAct && ended.length > 0 ? (
          <button type="button" onClick={() => void each(ended, replay)}>
            Replay {ended.length}
          </button>
        ) : null}
      </div>
      {ended.length > 1 ? (
        <p class="soft">Only one run is active at a time: what cannot start now says so.</p>
      ) : null}
      {told.length === 0 ? null : (
        <div role="status">
          <ul class="plain">
            {told.map((line) => (
              <li key={line} class="foreign">
                {line}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
