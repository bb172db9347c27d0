/** What the checks hold against rows, each of which may be set aside: later versions leave it out. */
import { useState } from 'preact/hooks';
import type { Answer } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Table } from '../../parts/table.tsx';
import { toError, Trouble } from '../../parts/trouble.tsx';

type Finding = Answer<'GET /datasets/{version}/findings'>['findings'][number];

/** `nearDuplicates` as a person says it. */
const spoken = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

export function Findings({ version }: { version: number }) {
  const maySetAside = useMay('writer');
  const [findings, setFindings] = useState<readonly Finding[]>();
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const [error, setError] = useState<Error>();
  const fail = (cause: unknown): void => setError(toError(cause));
  const path = { version };
  const load = async (): Promise<void> => {
    setError(undefined);
    setFindings((await client.call('GET /datasets/{version}/findings', { path })).findings);
  };
  const setAside = async ({ content, check, detail }: Finding): Promise<void> => {
    setError(undefined);
    const body = { rows: [content], reason: `${spoken(check)}: ${detail}`.slice(0, 500) };
    await client.call('POST /datasets/{version}/aside', { path, body });
    setGone((old) => new Set(old).add(content));
  };
  return (
    <details
      onToggle={(event) => {
        if (event.currentTarget.open && findings === undefined) void load().catch(fail);
      }}
    >
      <summary>What its checks found</summary>
      {error === undefined ? null : <Trouble error={error} />}
      {findings === undefined ? (
        error === undefined && <p class="soft">Loading…</p>
      ) : (
        <Table
          name={`Findings of dataset ${version}`}
          rows={findings}
          keyOf={({ check, content }) => `${check} ${content}`}
          empty="Nothing is held against its rows."
          columns={[
            { title: 'Check', text: ({ check }) => spoken(check) },
            { title: 'Title', text: ({ title }) => title },
            { title: 'Label', isNumber: true, text: ({ label }) => label },
            { title: 'Found', text: ({ detail }) => detail },
            {
              title: 'Set aside',
              isAction: true,
              text: () => null,
              show: (finding) =>
                gone.has(finding.content) ? (
                  <span class="soft">set aside</span>
                ) : maySetAside ? (
                  <button
                    type="button"
                    class="quiet"
                    aria-label={`Set aside: ${finding.title.slice(0, 60)}`}
                    onClick={() => void setAside(finding).catch(fail)}
                  >
                    set aside
                  </button>
                ) : null,
            },
          ]}
        />
      )}
    </details>
  );
}
