/** The form of a product: what copy is asked for. */
import { useState } from 'preact/hooks';
import { CHANNELS } from './channels.ts';

export interface ProductInput {
  title: string;
  description: string;
  channels?: string[];
  tone?: (typeof TONES)[number];
  count: number;
}

const TONES = ['friendly', 'professional', 'playful', 'elegant', 'direct'] as const;
const EXAMPLE = {
  title: 'Premium Headphones',
  description: 'Crystal clear sound, all-day comfort and a battery that lasts the whole week.',
};

interface Props {
  initial: { title: string; description: string };
  busy: boolean;
  write: (product: ProductInput) => void;
}

export function Product({ initial, busy, write }: Props) {
  const [title, setTitle] = useState(initial.title);
  const [description, setDescription] = useState(initial.description);
  const [channels, setChannels] = useState<readonly string[]>([]);
  const [tone, setTone] = useState('');
  const submit = (event: Event): void => {
    event.preventDefault();
    const chosenTone = TONES.find((name) => name === tone);
    write({
      title,
      description,
      count: 8,
      ...(channels.length > 0 ? { channels: [...channels] } : {}),
      ...(chosenTone === undefined ? {} : { tone: chosenTone }),
    });
  };
  return (
    <form onSubmit={submit} class="form">
      <label>
        Title
        <input required dir="auto" value={title} onInput={(event) => setTitle(event.currentTarget.value)} />
      </label>
      <label>
        Description
        <textarea
          required
          dir="auto"
          rows={4}
          value={description}
          onInput={(event) => setDescription(event.currentTarget.value)}
        />
      </label>
      <fieldset>
        <legend>Channels</legend>
        {CHANNELS.map(([name, label]) => (
          <label key={name} class="choice">
            <input
              type="checkbox"
              checked={channels.includes(name)}
              onChange={({ currentTarget }) =>
                setChannels(
                  currentTarget.checked ? [...channels, name] : channels.filter((other) => other !== name),
                )
              }
            />{' '}
            {label}
          </label>
        ))}
      </fieldset>
      <label>
        Tone
        <select value={tone} onChange={(event) => setTone(event.currentTarget.value)}>
          <option value="">any: all compete</option>
          {TONES.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <div class="row">
        <button type="submit" class="primary" disabled={busy}>
          {busy ? 'Writing…' : 'Write copy'}
        </button>
        <button
          type="button"
          onClick={() => {
            setTitle(EXAMPLE.title);
            setDescription(EXAMPLE.description);
          }}
        >
          Use an example
        </button>
      </div>
    </form>
  );
}
