/** The form of a product: what copy is asked for. */
import { useEffect, useState } from 'preact/hooks';
import type { Answer, PredictRequest } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { Choose } from '../../parts/choose.tsx';
import { CHANNELS } from './channels.ts';

export interface ProductInput {
  title: string;
  description: string;
  channels?: string[];
  tone?: (typeof TONES)[number];
  count: number;
  brand?: string;
  writer?: WriterName;
  /** Of the served model; the one in service when left out. */
  version?: number;
}

export type WriterName = NonNullable<PredictRequest['writer']>;
/** As people know them; which of them are there is the configuration's to say. */
export const WRITERS: readonly WriterName[] = ['templates', 'transformers', 'openai', 'llama', 'module'];

const TONES = ['friendly', 'professional', 'playful', 'elegant', 'direct'] as const;
const EXAMPLE = {
  title: 'Premium Headphones',
  description: 'Crystal clear sound, all-day comfort and a battery that lasts the whole week.',
};

interface Props {
  initial: { title: string; description: string };
  busy: boolean;
  /** Of one product: by one, or by two beside each other. */
  write: (asked: readonly ProductInput[]) => void;
}

export function Product({ initial, busy, write }: Props) {
  const [title, setTitle] = useState(initial.title);
  const [description, setDescription] = useState(initial.description);
  const [channels, setChannels] = useState<readonly string[]>([]);
  const [tone, setTone] = useState('');
  const [brand, setBrand] = useState('');
  const [brands, setBrands] = useState<Answer<'GET /brands'>['brands']>([]);
  const [writer, setWriter] = useState('');
  const [version, setVersion] = useState('');
  const [other, setOther] = useState('');
  const [versions, setVersions] = useState<readonly number[]>([]);
  useEffect(() => {
    // Without them copy is written all the same.
    void client.call('GET /brands', {}).then(
      (answer) => setBrands(answer.brands),
      () => undefined,
    );
    void listVersions().then(setVersions, () => undefined);
  }, []);
  const submit = (event: Event): void => {
    event.preventDefault();
    const chosenTone = TONES.find((name) => name === tone);
    const product: ProductInput = {
      title,
      description,
      count: 8,
      ...(channels.length > 0 ? { channels: [...channels] } : {}),
      ...(chosenTone === undefined ? {} : { tone: chosenTone }),
      ...(brand === '' ? {} : { brand }),
      ...choiceOf(writer),
      ...choiceOf(version),
    };
    write(other === '' ? [product] : [product, { ...product, ...choiceOf(other) }]);
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
      <div class="choices">
        <label>
          Tone
          <select value={tone} onChange={(event) => setTone(event.currentTarget.value)}>
            <option value="">any</option>
            {TONES.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        {brands.length === 0 ? null : (
          <Choose
            label="Brand"
            none="none"
            value={brand}
            options={brands.map(({ name }) => name)}
            onChoose={setBrand}
          />
        )}
        <Choose label="Writer" none="as configured" value={writer} options={WRITERS} onChoose={setWriter} />
        {versions.length < 2 ? null : (
          <Choose
            label="Version"
            none="in service"
            value={version}
            options={versions.map(String)}
            onChoose={setVersion}
          />
        )}
        <label>
          Beside it{' '}
          <select value={other} onChange={(event) => setOther(event.currentTarget.value)}>
            <option value="">no other</option>
            <optgroup label="Writers">
              {WRITERS.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </optgroup>
            {versions.length < 2 ? null : (
              <optgroup label="Versions">
                {versions.map((number) => (
                  <option key={number} value={number}>
                    version {number}
                  </option>
                ))}
              </optgroup>
            )}
          </select>
        </label>
      </div>
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

/** A writer by its name, a version by its number. */
function choiceOf(choice: string): Pick<ProductInput, 'writer' | 'version'> {
  const writer = WRITERS.find((name) => name === choice);
  if (writer !== undefined) return { writer };
  return choice === '' ? {} : { version: Number(choice) };
}

const MOST_VERSIONS = 20;

/** Newest first. */
async function listVersions(): Promise<number[]> {
  const [model] = await client.models.list();
  const versions = model === undefined ? [] : await client.models.versions(model.name);
  return versions.slice(0, MOST_VERSIONS).map(({ version }) => version);
}
