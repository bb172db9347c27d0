/** The start of a job: a file, the format of its result, and the channels to write for. */
import { useState } from 'preact/hooks';
import { client } from '../../app/api.ts';
import { Trouble } from '../../parts/trouble.tsx';

const TYPES: readonly [ending: string, type: string][] = [
  ['.csv', 'text/csv'],
  ['.tsv', 'text/tab-separated-values'],
  ['.json', 'application/json'],
  ['.jsonl', 'application/x-ndjson'],
];
const FORMATS = ['csv', 'jsonl', 'parquet'] as const;

export function Upload({ onStarted }: { onStarted: () => void }) {
  const [file, setFile] = useState<File>();
  const [format, setFormat] = useState<(typeof FORMATS)[number]>('csv');
  const [channels, setChannels] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const start = async (): Promise<void> => {
    if (file === undefined) return;
    setBusy(true);
    setError(undefined);
    try {
      const types = TYPES.find(([ending]) => file.name.toLowerCase().endsWith(ending));
      const listed = channels.split(',').map((name) => name.trim());
      await client.jobs.start(
        // Without the browser's guess of a type: it takes CSV for a spreadsheet where Excel is installed.
        { body: file.slice(), contentType: types?.[1] ?? 'application/octet-stream' },
        { format, ...(channels.trim() === '' ? {} : { channels: listed }) },
      );
      onStarted();
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        setFile(event.dataTransfer?.files[0]);
      }}
    >
      <label>
        A file of products: CSV, TSV, JSON or JSONL, with a title and a description in each row
        <input type="file" onChange={(event) => setFile(event.currentTarget.files?.[0])} />
      </label>
      {file === undefined ? null : (
        <p class="foreign">
          {file.name}, {(file.size / 1e6).toFixed(1)} MB
        </p>
      )}
      <label>
        Channels
        <input
          placeholder="x,instagram"
          value={channels}
          onInput={(event) => setChannels(event.currentTarget.value)}
        />
      </label>
      <label>
        Result
        <select
          value={format}
          onChange={(event) => setFormat(FORMATS.find((name) => name === event.currentTarget.value) ?? 'csv')}
        >
          {FORMATS.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary" disabled={file === undefined || busy}>
        {busy ? 'Sending…' : 'Start'}
      </button>
      {error === undefined ? null : <Trouble error={error} />}
    </form>
  );
}
