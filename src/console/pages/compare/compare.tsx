/** Two runs beside each other: what was asked of each, how long its stages took and what came of it. */
import type { PipelineRun } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { listDifferences, renderValue } from '../../parts/differences.ts';
import { Table } from '../../parts/table.tsx';
import { formatDuration, secondsBetween } from '../../parts/time.tsx';
import { Waiting } from '../../parts/trouble.tsx';

interface Line {
  what: string;
  first: string | null;
  second: string | null;
}

export default function Compare({ route }: PageProps) {
  const [a = '', b = ''] = route.rest;
  const { data, error, reload } = useLive(
    `compare ${a} ${b}`,
    ['runs'],
    async () => await Promise.all([client.runs.get(a), client.runs.get(b)]),
  );
  if (data === undefined) return <Waiting error={error} retry={reload} />;
  const [first, second] = data;
  const options = listDifferences(first.options, second.options).map(({ key, ours, theirs }) => ({
    what: key,
    first: renderValue(ours),
    second: renderValue(theirs),
  }));
  const results = listResults(first, second);
  const same = results.filter((line) => line.first === line.second);
  const parts = [
    {
      heading: 'What came of them',
      what: 'Result',
      rows: results.filter((line) => line.first !== line.second),
      empty: 'The same.',
    },
    { heading: 'Options that differ', what: 'Option', rows: options, empty: 'They were asked for the same.' },
    {
      heading: 'How long they took',
      what: 'Stage',
      rows: listDurations(first, second),
      empty: 'No stage has begun.',
    },
  ];
  return (
    <>
      <p class="soft">
        <a href={linkTo('runs')}>Runs</a> / <a href={linkTo('run', [a])}>{first.number}</a> beside{' '}
        <a href={linkTo('run', [b])}>{second.number}</a>
      </p>
      <h1>
        Runs {first.number} and {second.number}
      </h1>
      {parts.map(({ heading, what, rows, empty }) => (
        <section key={what}>
          <h2>{heading}</h2>
          <Table
            name={`${what}s of runs ${first.number} and ${second.number}`}
            rows={rows}
            keyOf={(line) => line.what}
            empty={empty}
            columns={[
              { title: what, text: (line) => line.what },
              { title: `Run ${first.number}`, text: (line) => line.first },
              { title: `Run ${second.number}`, text: (line) => line.second },
            ]}
          />
          {what !== 'Result' || same.length === 0 ? null : (
            <details>
              <summary>{same.length} the same of both</summary>
              <Table
                name={`The same of runs ${first.number} and ${second.number}`}
                rows={same}
                keyOf={(line) => line.what}
                empty="None."
                columns={[
                  { title: what, text: (line) => line.what },
                  { title: 'Both runs', text: (line) => line.first },
                ]}
              />
            </details>
          )}
        </section>
      ))}
    </>
  );
}

const nameOf = ({ stage, candidate }: PipelineRun['stages'][number]): string =>
  candidate === null ? stage : `${stage} ${candidate}`;

/** Of each stage's result what a cell can hold: numbers and short texts. */
function listResults(first: PipelineRun, second: PipelineRun): Line[] {
  const told = (run: PipelineRun): Map<string, string> => {
    const found = new Map([['status', run.status]]);
    for (const stage of run.stages)
      for (const { key, ours } of listDifferences(stage.result, undefined))
        if (isTelling(key, ours)) found.set(`${nameOf(stage)}: ${key}`, renderResult(ours));
    return found;
  };
  const [a, b] = [told(first), told(second)];
  return [...new Set([...a.keys(), ...b.keys()])].map((what) => ({
    what,
    first: a.get(what) ?? null,
    second: b.get(what) ?? null,
  }));
}

/** More than six digits of a fraction tell nothing of a run. */
const renderResult = (value: unknown): string =>
  typeof value === 'number' && !Number.isInteger(value)
    ? String(Number(value.toPrecision(6)))
    : (renderValue(value) ?? '');

const isTelling = (key: string, value: unknown): boolean =>
  !/key$|sha256|digest|uri$|RunId$/i.test(key) && (typeof value === 'number' || typeof value === 'string');

function listDurations(first: PipelineRun, second: PipelineRun): Line[] {
  const took = (run: PipelineRun): Map<string, string> =>
    new Map(
      run.stages.flatMap((stage) => {
        const seconds = secondsBetween(stage.started_at, stage.finished_at);
        return seconds === null ? [] : [[nameOf(stage), formatDuration(seconds * 1000)] as const];
      }),
    );
  const [a, b] = [took(first), took(second)];
  return [...new Set([...a.keys(), ...b.keys()])].map((what) => ({
    what,
    first: a.get(what) ?? null,
    second: b.get(what) ?? null,
  }));
}
