/** Several values of one setting, each a candidate of one run; the gate judges the best of them. */
import { useState } from 'preact/hooks';
import { client } from '../../app/api.ts';
import { linkTo } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { toError, Trouble } from '../../parts/trouble.tsx';

/** `3e-4` is a number, `balanced` a word; as `copyloop sweep --set` reads them. */
function parseValue(text: string): string | number | boolean | null {
  if (text === 'null') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

export function Sweep() {
  const mayStart = useMay('writer');
  const [recipe, setRecipe] = useState('head');
  const [setting, setSetting] = useState('learningRate');
  const [values, setValues] = useState('1e-4, 3e-4, 1e-3');
  const [error, setError] = useState<Error>();
  if (!mayStart) return null;
  const wanted = values
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '');
  const start = async (): Promise<void> => {
    setError(undefined);
    const candidates = wanted.map((value, index) => ({
      name: `${recipe}-${index + 1}`,
      recipe,
      settings: { [setting]: parseValue(value) },
    }));
    location.assign(linkTo('run', [await client.runs.start({ candidates })]));
  };
  const input = (label: string, value: string, set: (text: string) => void, size: number) => (
    <label>
      {label} <input required size={size} value={value} onInput={(event) => set(event.currentTarget.value)} />
    </label>
  );
  return (
    <details>
      <summary>Start a sweep</summary>
      <form
        class="row filters"
        onSubmit={(event) => {
          event.preventDefault();
          void start().catch((cause: unknown) => setError(toError(cause)));
        }}
      >
        {input('Recipe', recipe, setRecipe, 10)}
        {input('Setting', setting, setSetting, 14)}
        {input('Values', values, setValues, 18)}
        <button type="submit" disabled={wanted.length === 0}>
          Train {wanted.length} {wanted.length === 1 ? 'candidate' : 'candidates'}
        </button>
      </form>
      {error === undefined ? null : <Trouble error={error} />}
    </details>
  );
}
