/** Buttons behind one reason: whoever decides says why, and the history keeps it. */
import { useState } from 'preact/hooks';
import { toError, Trouble } from '../../parts/trouble.tsx';

interface Props {
  actions: Readonly<Record<string, (reason: string) => Promise<unknown>>>;
  reload: () => void;
}

export function Decide({ actions, reload }: Props) {
  const [reason, setReason] = useState('');
  const [error, setError] = useState<Error>();
  const act = async (start: (reason: string) => Promise<unknown>): Promise<void> => {
    setError(undefined);
    try {
      await start(reason);
      setReason('');
      reload();
    } catch (cause) {
      setError(toError(cause));
    }
  };
  return (
    <div class="row">
      <input
        aria-label="Reason"
        placeholder="reason"
        value={reason}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
      {Object.entries(actions).map(([label, start]) => (
        <button key={label} type="button" disabled={reason.trim() === ''} onClick={() => void act(start)}>
          {label}
        </button>
      ))}
      {error === undefined ? null : <Trouble error={error} />}
    </div>
  );
}
