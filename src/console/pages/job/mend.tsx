/** The refused rows of a catalogue, to be mended in place; those that were are run again, and only those. */
import { useState } from 'preact/hooks';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo } from '../../app/route.ts';
import { toError, Trouble, Waiting } from '../../parts/trouble.tsx';
import type { Inspection } from '../catalogues/wizard.tsx';

export type JobView = Awaited<ReturnType<typeof client.jobs.get>>;

type Refused = Inspection['refused_rows'][number];
type Cells = Refused['cells'];

export function Mend({ job }: { job: JobView }) {
  const { data, error, reload } = useLive(`inspection ${job.id}`, [], async () =>
    client.call('GET /jobs/{id}/inspection', { path: { id: job.id } }),
  );
  const [mended, setMended] = useState<Readonly<Record<number, Cells>>>({});
  const [refused, setRefused] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const rows = data?.inspection.refused_rows ?? [];
  const ready = Object.entries(mended).filter(
    ([, { title, description }]) => title.trim() && description.trim(),
  );
  const run = async (): Promise<void> => {
    setBusy(true);
    const lines = ready.map(([, { id, title, description, category }]) =>
      JSON.stringify({
        ...(id === '' ? {} : { id }),
        title,
        description,
        ...(category === '' ? {} : { category }),
      }),
    );
    const { channels, tone, audience, keywords, bannedWords, count, seed } = job.options as Wishes;
    const started = await client.jobs.start(
      { body: `${lines.join('\n')}\n`, contentType: 'application/x-ndjson' },
      {
        // Rows by themselves are no file that could be given back as it came.
        out_format: job.format === 'same' ? 'csv' : job.format,
        channels,
        tone,
        audience,
        keywords,
        ...(bannedWords === undefined ? {} : { banned_words: bannedWords }),
        count,
        seed,
      },
    );
    location.assign(linkTo('job', [started]));
  };
  return (
    <section aria-label="Refused rows">
      <h2>Refused rows</h2>
      {data === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : (
        <>
          {rows.length < data.inspection.refused ? (
            <p class="soft">
              The first {rows.length} of {data.inspection.refused.toLocaleString()}.
            </p>
          ) : null}
          <ul class="plain">
            {rows.map((row) => (
              <RefusedRow
                key={row.line}
                row={row}
                cells={mended[row.line] ?? row.cells}
                onMend={(cells) => setMended((old) => ({ ...old, [row.line]: cells }))}
              />
            ))}
          </ul>
          <button
            type="button"
            class="primary"
            disabled={ready.length === 0 || busy}
            onClick={() =>
              void run().catch((cause: unknown) => {
                setBusy(false);
                setRefused(toError(cause));
              })
            }
          >
            Run the {ready.length} mended {ready.length === 1 ? 'row' : 'rows'}
          </button>
          {refused === undefined ? null : <Trouble error={refused} />}
        </>
      )}
    </section>
  );
}

/** What of a job's options its mended rows are asked for as well. */
interface Wishes {
  channels?: string[];
  tone?: 'friendly' | 'professional' | 'playful' | 'elegant' | 'direct';
  audience?: string;
  keywords?: string[];
  bannedWords?: string[];
  count?: number;
  seed?: number;
}

interface RowProps {
  row: Refused;
  cells: Cells;
  onMend: (cells: Cells) => void;
}

function RefusedRow({ row, cells, onMend }: RowProps) {
  return (
    <li class="panel">
      <p class="warn foreign">
        Line {row.line}: {row.field} {row.value === '' ? '' : `“${row.value}” `}
        {row.reason}
      </p>
      <div class="form">
        <label>
          Title of line {row.line}
          <input
            dir="auto"
            value={cells.title}
            onInput={(event) => onMend({ ...cells, title: event.currentTarget.value })}
          />
        </label>
        <label>
          Description of line {row.line}
          <textarea
            dir="auto"
            rows={2}
            value={cells.description}
            onInput={(event) => onMend({ ...cells, description: event.currentTarget.value })}
          />
        </label>
      </div>
    </li>
  );
}
