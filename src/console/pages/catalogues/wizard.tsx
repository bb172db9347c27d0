/** From a file to a job: what it is recognised as, which column is which field, what would be refused. */
import { useRef, useState } from 'preact/hooks';
import { ApiError, type Answer, type Query } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { linkTo } from '../../app/route.ts';
import { Table } from '../../parts/table.tsx';
import { toError, Trouble } from '../../parts/trouble.tsx';
import { Sample, SAMPLE_ROWS } from './sample.tsx';

export type Inspection = Answer<'GET /jobs/{id}/inspection'>['inspection'];

const TYPES: readonly [ending: string, type: string][] = [
  ['.csv', 'text/csv'],
  ['.tsv', 'text/tab-separated-values'],
  ['.json', 'application/json'],
  ['.jsonl', 'application/x-ndjson'],
];
const FORMATS: readonly [name: Format, title: string][] = [
  ['same', 'the file as it came, with the copy in it'],
  ['csv', 'csv'],
  ['jsonl', 'jsonl'],
  ['parquet', 'parquet'],
];
type Format = NonNullable<Query<'POST /jobs/predict'>['out_format']>;
const FIELDS = ['title', 'description', 'category', 'id'] as const;

/** Columns by field, as somebody chose them; the others are as they were recognised. */
type Choices = Readonly<Partial<Record<(typeof FIELDS)[number], string>>>;

const pairsOf = (choices: Choices): string[] => [
  'auto',
  ...Object.entries(choices).map(([field, column]) => `${field}:${column}`),
];

/** Without the browser's guess of a type: it takes CSV for a spreadsheet where Excel is installed. */
function contentOf(file: File): { body: Blob; contentType: string } {
  const name = file.name.toLowerCase();
  const [, type] = TYPES.find(([ending]) => name.endsWith(ending)) ?? [];
  return { body: file.slice(), contentType: type ?? 'application/octet-stream' };
}

/** The columns of a file none of which could be told: somebody has to say which is which. */
function columnsOf(error: Error | undefined): readonly string[] {
  if (!(error instanceof ApiError)) return [];
  const { columns } = error.details;
  return Array.isArray(columns) ? columns : [];
}

/** Three products and one row that cannot be used, so that one sees what becomes of each. */
const SAMPLE = `id,title,description,category
1,Oak Tea Tray,Solid oak with two handles. Carries eight cups and wipes clean.,Kitchen
2,Desk Lamp,A warm light for the desk. Dims in three steps.,Lighting
3,,A row without a title is refused and can be mended.,Lighting
4,Wool Blanket,Woven of merino wool. Warm in winter and light enough to travel with.,Home
`;

export function Wizard() {
  const [file, setFile] = useState<File>();
  const [choices, setChoices] = useState<Choices>({});
  const [found, setFound] = useState<Inspection>();
  const [sample, setSample] = useState<string>();
  const [busy, setBusy] = useState('');
  const [error, setError] = useState<Error>();
  // What was found of a file is no longer of use once another was chosen.
  const newest = useRef(0);
  const attempt = (doing: string, work: () => Promise<void>): void => {
    setBusy(doing);
    setError(undefined);
    work()
      .catch((cause: unknown) => setError(toError(cause)))
      .finally(() => setBusy(''));
  };
  const look = (chosen: File, columns: Choices): void => {
    setFile(chosen);
    setChoices(columns);
    setSample(undefined);
    newest.current += 1;
    const turn = newest.current;
    attempt('Reading…', async () => {
      const inspection = await client.jobs.inspect(contentOf(chosen), { map: pairsOf(columns) });
      if (turn === newest.current) setFound(inspection);
    });
  };
  const unknown = columnsOf(error);
  const take = (chosen: File | undefined): void => {
    setFound(undefined);
    if (chosen !== undefined) look(chosen, {});
  };
  return (
    <section
      aria-label="A new catalogue"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        take(event.dataTransfer?.files[0]);
      }}
    >
      <label class="drop">
        A file of products: drop it here, or choose one. CSV, TSV, JSON, JSONL, XML, Excel or Parquet; exports
        of shops are recognised.
        <input type="file" onChange={(event) => take(event.currentTarget.files?.[0])} />
      </label>
      <p>
        <button
          type="button"
          class="quiet"
          onClick={() => take(new File([SAMPLE], 'sample.csv', { type: 'text/csv' }))}
        >
          Use a sample
        </button>
      </p>
      {busy === '' ? null : <p role="status">{busy}</p>}
      {error === undefined ? null : <Trouble error={error} />}
      {file !== undefined && found === undefined && unknown.length > 0 ? (
        <Mapping
          columns={unknown}
          mapping={{}}
          choices={choices}
          onChoose={(columns) => look(file, columns)}
        />
      ) : null}
      {file === undefined || found === undefined ? null : (
        <>
          <h2 class="foreign">{file.name}</h2>
          <p>
            {found.is_recognised ? 'Recognised as ' : 'Read as '}
            <strong>{found.format}</strong>: {found.accepted.toLocaleString()}{' '}
            {found.accepted === 1 ? 'product' : 'products'}, {found.refused.toLocaleString()} refused
          </p>
          <Mapping
            columns={found.columns}
            mapping={found.mapping}
            choices={choices}
            onChoose={(columns) => look(file, columns)}
          />
          <Preview found={found} />
          <Start
            busy={busy !== ''}
            start={(request, isSample) =>
              attempt('Sending…', async () => {
                const map = pairsOf(choices);
                const preview = isSample ? { preview: SAMPLE_ROWS, out_format: 'jsonl' as const } : {};
                const id = await client.jobs.start(contentOf(file), { ...request, map, ...preview });
                if (isSample) setSample(id);
                else location.assign(linkTo('job', [id]));
              })
            }
          />
          {sample === undefined ? null : <Sample key={sample} jobId={sample} rows={found.accepted} />}
        </>
      )}
    </section>
  );
}

interface MappingProps {
  columns: readonly string[];
  mapping: Inspection['mapping'];
  choices: Choices;
  onChoose: (choices: Choices) => void;
}

function Mapping({ columns, mapping, choices, onChoose }: MappingProps) {
  return (
    <fieldset class="row choices">
      <legend>Columns</legend>
      {FIELDS.map((field) => (
        <label key={field}>
          {field}{' '}
          <select
            value={choices[field] ?? ''}
            onChange={({ currentTarget: { value } }) => {
              const { [field]: _, ...others } = choices;
              onChoose(value === '' ? others : { ...others, [field]: value });
            }}
          >
            <option value="">{(mapping[field] ?? ['none']).join(', else ')}</option>
            {columns.map((column) => (
              <option key={column} value={column}>
                {column}
              </option>
            ))}
          </select>
        </label>
      ))}
    </fieldset>
  );
}

function Preview({ found }: { found: Inspection }) {
  return (
    <>
      <details open={found.refused === 0}>
        <summary>The first {found.preview.length} products</summary>
        <Table
          name="Products"
          rows={found.preview}
          keyOf={({ line }) => line}
          empty="No row can be used: choose other columns."
          columns={[
            { title: 'Line', isNumber: true, text: ({ line }) => line },
            { title: 'Title', text: ({ product }) => product.title },
            { title: 'Description', text: ({ product }) => product.description },
            { title: 'Category', text: ({ product }) => product.category },
          ]}
        />
      </details>
      {found.refused === 0 ? null : (
        <details open>
          <summary>
            {found.refused.toLocaleString()} refused {found.refused === 1 ? 'row' : 'rows'}: they can be
            mended when the others are done
          </summary>
          <Table
            name="Refused rows"
            rows={found.refused_rows}
            keyOf={({ line }) => line}
            empty="None."
            columns={[
              { title: 'Line', isNumber: true, text: ({ line }) => line },
              { title: 'Reason', text: ({ field, reason }) => `${field} ${reason}` },
              { title: 'It holds', text: ({ value }) => value },
              { title: 'Title', text: ({ cells }) => cells.title },
            ]}
          />
        </details>
      )}
    </>
  );
}

interface StartProps {
  busy: boolean;
  start: (request: { out_format: Format; channels?: string[] }, isSample: boolean) => void;
}

function Start({ busy, start }: StartProps) {
  const [format, setFormat] = useState<Format>('csv');
  const [channels, setChannels] = useState('');
  const send = (isSample: boolean): void => {
    const listed = channels.split(',').map((name) => name.trim());
    start({ out_format: format, ...(channels.trim() === '' ? {} : { channels: listed }) }, isSample);
  };
  return (
    <form
      class="row choices"
      onSubmit={(event) => {
        event.preventDefault();
        send(false);
      }}
    >
      <label>
        Channels{' '}
        <input
          placeholder="x,instagram"
          value={channels}
          onInput={(event) => setChannels(event.currentTarget.value)}
        />
      </label>
      <label>
        Result{' '}
        <select
          value={format}
          onChange={({ currentTarget: { value } }) =>
            setFormat(FORMATS.find(([name]) => name === value)?.[0] ?? 'csv')
          }
        >
          {FORMATS.map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary" disabled={busy}>
        Start
      </button>
      <button type="button" disabled={busy} onClick={() => send(true)}>
        Try the first {SAMPLE_ROWS}
      </button>
    </form>
  );
}
