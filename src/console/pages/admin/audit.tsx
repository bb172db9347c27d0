/** Who changed what, and what was refused: filtered on the page, whole as a file. */
import { useState } from 'preact/hooks';
import type { Answer, Query } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { Choose } from '../../parts/choose.tsx';
import { renderCsv } from '../../parts/csv.ts';
import { saveFile } from '../../parts/download.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Ago } from '../../parts/time.tsx';
import { toError, Trouble, Waiting } from '../../parts/trouble.tsx';
import { Part } from './part.tsx';

type Entry = Answer<'GET /audit'>['entries'][number];

const PAGE_SIZE = 50;
const MOST_AT_ONCE = 500;
const OUTCOMES = ['done', 'refused', 'failed'] as const;
const PARTS = [
  ['actor', 'Actor'],
  ['action', 'Action'],
  ['object', 'Object'],
] as const;

const COLUMNS: readonly Column<Entry>[] = [
  { title: 'Number', isNumber: true, text: ({ number }) => number },
  { title: 'When', text: ({ at }) => at, show: ({ at }) => <Ago at={at} /> },
  { title: 'Actor', text: ({ actor }) => actor },
  { title: 'Action', text: ({ action }) => action },
  {
    title: 'Object',
    text: ({ object }) => object,
    show: ({ object }) => <span class="foreign">{object}</span>,
  },
  { title: 'Outcome', text: ({ outcome }) => outcome },
  {
    title: 'Details',
    text: ({ details }) => (Object.keys(details).length === 0 ? null : JSON.stringify(details)),
  },
];

export function Audit() {
  const [filter, setFilter] = useState<Query<'GET /audit'>>({});
  const [before, setBefore] = useState<number>();
  const [error, setError] = useState<Error>();
  const query = { ...filter, before, limit: PAGE_SIZE };
  const {
    data,
    error: fault,
    reload,
  } = useLive(`audit ${JSON.stringify(query)}`, [], async () => client.call('GET /audit', { query }));
  const change = (part: Query<'GET /audit'>): void => {
    setBefore(undefined);
    setFilter({ ...filter, ...part });
  };
  const saveAll = async (): Promise<void> => {
    setError(undefined);
    const all: Entry[] = [];
    for (;;) {
      const page = { ...filter, before: all.at(-1)?.number, limit: MOST_AT_ONCE };
      const { entries } = await client.call('GET /audit', { query: page });
      all.push(...entries);
      if (entries.length < MOST_AT_ONCE) break;
    }
    saveFile('audit.csv', renderCsv(all, COLUMNS));
  };
  const last = data?.entries.at(-1);
  return (
    <Part title="Audit log">
      <div class="row filters">
        {PARTS.map(([part, title]) => (
          <label key={part}>
            {title}{' '}
            <input
              size={12}
              placeholder="any part of it"
              value={filter[part] ?? ''}
              onChange={(event) => change({ [part]: event.currentTarget.value.trim() || undefined })}
            />
          </label>
        ))}
        <Choose
          label="Outcome"
          value={filter.outcome ?? ''}
          options={OUTCOMES}
          onChoose={(value) => change({ outcome: OUTCOMES.find((known) => known === value) })}
        />
        <button
          type="button"
          class="quiet"
          onClick={() => void saveAll().catch((cause: unknown) => setError(toError(cause)))}
        >
          Download all of it
        </button>
      </div>
      {error === undefined ? null : <Trouble error={error} />}
      {data === undefined ? (
        <Waiting error={fault} retry={reload} />
      ) : (
        <Table
          name="Audit log"
          rows={data.entries}
          keyOf={({ number }) => number}
          empty="No entry is like that."
          columns={COLUMNS}
        />
      )}
      <p class="row">
        {before === undefined ? null : (
          <button type="button" class="quiet" onClick={() => setBefore(undefined)}>
            Newest
          </button>
        )}
        {data?.entries.length === PAGE_SIZE && last !== undefined ? (
          <button type="button" class="quiet" onClick={() => setBefore(last.number)}>
            Older
          </button>
        ) : null}
      </p>
    </Part>
  );
}
