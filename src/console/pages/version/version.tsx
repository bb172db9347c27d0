/** One model version: what the gate found about it, and a person's word on it. */
import type { GateReport } from '../../../client/index.ts';
import { baseUrl, client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Figure } from '../../parts/figure.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { Ago } from '../../parts/time.tsx';
import { Waiting } from '../../parts/trouble.tsx';
import { Verified, VERIFIED_TAG } from '../../parts/verified.tsx';
import { Decide } from '../registry/decide.tsx';
import { Decision } from '../runs/runs.tsx';

/** Of a gate's report, what is shown here; the whole of it is a page of its own. */
interface Judged {
  decision: string;
  reasons: string[];
  comparison: {
    rows: number;
    leakedRows: number;
    gain: number;
    challenger: Scores;
    baseline: Scores;
    bootstrap: { low: number; high: number; confidence: number };
    segments: Segment[];
  };
}
interface Scores {
  name: string;
  accuracy: number;
  logLoss: number | null;
}
interface Segment {
  segmentation: string;
  value: string;
  rows: number;
  challengerAccuracy: number;
  baselineAccuracy: number;
  isJudged: boolean;
  isWorse: boolean;
}

async function load(name: string, number: number) {
  const [{ version, comparison }, gate] = await Promise.all([
    client.call('GET /models/{name}/versions/{version}', { path: { name, version: number } }),
    client.models.gateReport(name, number).catch(() => undefined),
  ]);
  return { version, comparison, judged: gate === undefined ? undefined : readJudged(gate) };
}

/** Reports of earlier releases may lack parts: then only the page of the report shows what there is. */
function readJudged(gate: GateReport): Judged | undefined {
  const { report } = (gate['comparison'] ?? {}) as { report?: Judged };
  return report?.comparison?.challenger === undefined ? undefined : report;
}

export default function Version({ route }: PageProps) {
  const [name = '', number] = route.rest;
  const version = Number(number);
  const { data, error, reload } = useLive(`${name} ${version}`, ['models'], () => load(name, version));
  const mayDecide = useMay('admin');
  if (data === undefined) return <Waiting error={error} retry={reload} />;
  const { approval, aliases, created_at, tracking_run_id, pipeline_run_id, gate_report } = data.version;
  return (
    <>
      <p class="soft">
        <a href={linkTo('registry', [name])}>Registry</a> / <span class="foreign">{name}</span> / {version}
      </p>
      <div class="row">
        <h1 class="foreign">
          {name} {version}
        </h1>
        {approval === null ? null : <Status value={approval} />}
        <Verified tag={data.version.tags[VERIFIED_TAG]} />
        {aliases.map((alias) => (
          <strong key={alias} class="foreign">
            {alias}
          </strong>
        ))}
      </div>
      <p class="soft row">
        <span>
          Registered <Ago at={created_at} />
        </span>
        {pipeline_run_id === null ? null : <a href={linkTo('run', [pipeline_run_id])}>Its run</a>}
        {tracking_run_id === null ? null : (
          <a href={linkTo('trainings', [], { pinned: tracking_run_id })}>Its training</a>
        )}
        <a href={linkTo('receipt', [name, version])}>Receipt</a>
      </p>
      {approval === 'pending' && mayDecide ? (
        <div class="panel asks">
          <p>This version has won the gate and waits for a person.</p>
          <Decide
            actions={{
              Approve: (reason) => client.models.approve(name, version, { reason }),
              Reject: (reason) => client.models.reject(name, version, { reason }),
            }}
            reload={reload}
          />
        </div>
      ) : null}
      <h2>Gate report</h2>
      {data.judged === undefined ? (
        <p class="soft">No gate has judged it, or its report is of an earlier release.</p>
      ) : (
        <Report judged={data.judged} />
      )}
      {gate_report === null ? null : (
        <p>
          <a href={`${baseUrl}models/${encodeURIComponent(name)}/versions/${version}/gate.html`}>
            The whole report
          </a>
        </p>
      )}
      <h2>Beside earlier versions</h2>
      <Table
        name="Earlier versions"
        rows={data.comparison?.earlier ?? []}
        keyOf={(earlier) => earlier.version}
        empty="There is none to compare with."
        columns={[
          {
            title: 'Version',
            isNumber: true,
            text: (earlier) => earlier.version,
            show: (earlier) => <a href={linkTo('version', [name, earlier.version])}>{earlier.version}</a>,
          },
          {
            title: 'Accuracy',
            isNumber: true,
            text: ({ accuracy }) => accuracy,
            show: ({ accuracy }) => share(accuracy),
          },
          {
            title: 'Gain over it',
            isNumber: true,
            text: ({ gain }) => gain,
            show: ({ gain }) => points(gain),
          },
        ]}
      />
      <h2>Verify and export</h2>
      <ul class="plain">
        <li>
          <CopyButton
            text={`copyloop verify ${version} --model ${quote(name)}`}
            what="the command that verifies it"
          />{' '}
          <span class="soft">
            trains it once more from its record and compares every bit; it takes as long as the training did
          </span>
        </li>
        <li>
          <CopyButton
            text={`copyloop export ${version} --model ${quote(name)} --out ${quote(`${name}-${version}`)}`}
            what="the command that exports it"
          />{' '}
          <span class="soft">with ONNX graphs, for Python, transformers.js and ONNX Runtime</span>
        </li>
      </ul>
    </>
  );
}

/** As a shell reads it, whatever stands in the name. */
const quote = (name: string): string =>
  /^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;

const share = (value: number | null): string => (value === null ? '–' : `${(100 * value).toFixed(1)}\u00A0%`);
const points = (value: number | null): string =>
  value === null ? '–' : `${value > 0 ? '+' : ''}${(100 * value).toFixed(1)} points`;

function Report({ judged: { decision, reasons, comparison } }: { judged: Judged }) {
  const { challenger, baseline, rows, gain, leakedRows, bootstrap, segments } = comparison;
  return (
    <>
      <ul class="loop">
        <Figure of="Gain" value={points(gain)}>
          {Math.round(100 * bootstrap.confidence)} % interval {points(bootstrap.low)} to{' '}
          {points(bootstrap.high)}
        </Figure>
        <Figure of="Right on held-out rows" value={share(challenger.accuracy)}>
          {baseline.name}: {share(baseline.accuracy)}
        </Figure>
        <Figure of="Held-out rows" value={rows.toLocaleString()}>
          {leakedRows === 0 ? (
            'none of them trained on'
          ) : (
            <span class="warn">{leakedRows} of them trained on</span>
          )}
        </Figure>
        <Figure of="Decision" value={<Decision decision={decision} version={null} />} />
      </ul>
      <ul class="plain">
        {reasons.map((reason) => (
          <li key={reason} class="foreign">
            {reason}
          </li>
        ))}
      </ul>
      <Table
        name="Models"
        rows={[challenger, baseline]}
        keyOf={(scores) => scores.name}
        empty="None."
        columns={[
          { title: 'Model', text: (scores) => scores.name },
          {
            title: 'Accuracy',
            isNumber: true,
            text: ({ accuracy }) => accuracy,
            show: ({ accuracy }) => share(accuracy),
          },
          {
            title: 'Log loss',
            isNumber: true,
            text: ({ logLoss }) => logLoss,
            show: ({ logLoss }) => logLoss?.toFixed(4) ?? '–',
          },
        ]}
      />
      <details>
        <summary>
          {segments.length} {segments.length === 1 ? 'segment' : 'segments'}
        </summary>
        <Table
          name="Segments"
          rows={segments}
          keyOf={({ segmentation, value }) => `${segmentation} ${value}`}
          empty="The rows have no segments."
          columns={[
            { title: 'Segment', text: ({ segmentation, value }) => `${segmentation}: ${value}` },
            { title: 'Rows', isNumber: true, text: (segment) => segment.rows },
            {
              title: challenger.name,
              isNumber: true,
              text: ({ challengerAccuracy }) => challengerAccuracy,
              show: ({ challengerAccuracy }) => share(challengerAccuracy),
            },
            {
              title: baseline.name,
              isNumber: true,
              text: ({ baselineAccuracy }) => baselineAccuracy,
              show: ({ baselineAccuracy }) => share(baselineAccuracy),
            },
            {
              title: 'Judged',
              text: ({ isJudged, isWorse }) => (isWorse ? 'worse' : isJudged ? 'not worse' : 'too few rows'),
            },
          ]}
        />
      </details>
    </>
  );
}
