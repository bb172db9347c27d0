/** What a person says of the ad copy: taken, rewritten or refused. It becomes rows of the next dataset. */
import { useState } from 'preact/hooks';
import { client } from '../../app/api.ts';
import { Trouble } from '../../parts/trouble.tsx';

type Outcome = 'accepted' | 'edited' | 'rejected';

export function Verdict({ predictionId, text }: { predictionId: string; text: string }) {
  const [edited, setEdited] = useState(text);
  const [given, setGiven] = useState<Outcome>();
  const [error, setError] = useState<Error>();
  const give = async (outcome: Outcome): Promise<void> => {
    await client.feedback({
      prediction_id: predictionId,
      outcome,
      idempotency_key: `studio-${outcome}`,
      ...(outcome === 'edited' ? { edited_text: edited } : {}),
    });
    setGiven(outcome);
  };
  if (given !== undefined) return <p role="status">Noted: {given}. The next run learns from it.</p>;
  const isEdited = edited !== text;
  return (
    <div class="panel">
      <label>
        Ad copy
        <textarea
          dir="auto"
          rows={3}
          value={edited}
          onInput={(event) => setEdited(event.currentTarget.value)}
        />
      </label>
      <div class="row">
        <button
          type="button"
          class="primary"
          onClick={() => void give(isEdited ? 'edited' : 'accepted').catch(setError)}
        >
          {isEdited ? 'Take the edited text' : 'Accept'}
        </button>
        <button type="button" onClick={() => void give('rejected').catch(setError)}>
          Reject
        </button>
      </div>
      {error === undefined ? null : <Trouble error={error} />}
    </div>
  );
}
