/** From one text back to the rows that its model learned from, as one picture: a box a link of the chain. */
import type { ComponentChildren } from 'preact';
import type { Receipt as ReceiptLinks } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Download } from '../../parts/download.tsx';
import { Status } from '../../parts/status.tsx';
import { Ago } from '../../parts/time.tsx';
import { Waiting } from '../../parts/trouble.tsx';
import { Decision } from '../runs/runs.tsx';

/** `#/receipt/<prediction id>`, or `#/receipt/<model>/<version>`. */
async function readReceipt(rest: readonly string[]): Promise<ReceiptLinks> {
  const [name = '', version] = rest;
  if (version === undefined) return (await client.receipt(name)).receipt;
  return await client.models.receipt(name, Number(version));
}

export default function Receipt({ route }: PageProps) {
  const { data, error, reload } = useLive(route.rest.join('/'), [], () => readReceipt(route.rest));
  if (data === undefined)
    return (
      <>
        <h1>Receipt</h1>
        <Waiting error={error} retry={reload} />
      </>
    );
  return (
    <>
      <div class="row">
        <h1>Receipt</h1>
        <CopyButton text={location.href} what="the link" />
        <Download name="receipt.json" make={() => JSON.stringify(data, null, 2)}>
          JSON
        </Download>
      </div>
      <ol class="chain">
        {data.prediction === null ? null : <PredictionBox link={data.prediction} />}
        <VersionBox link={data.model_version} />
        <TrainingBox link={data.tracking_run} />
        <GateBox link={data.gate} />
        <DatasetBox
          link={data.dataset}
          search={data.prediction?.status === 'found' ? data.prediction.title : undefined}
        />
        <RunBox link={data.pipeline_run} />
      </ol>
    </>
  );
}

interface Missing {
  status: 'missing';
  cause: string;
  message: string;
}

type Found<L> = Extract<L, { status: 'found' }>;

interface BoxProps<L> {
  title: string;
  link: L;
  children: (found: Found<L>) => ComponentChildren;
}

/** A link that is there, or the cause why it is not. */
function Box<L extends { status: 'found' } | Missing>({ title, link, children }: BoxProps<L>) {
  return (
    <li>
      <span class="soft">{title}</span>
      {link.status === 'missing' ? (
        <p class="warn foreign">
          {link.cause.replaceAll('-', ' ')}: {link.message}
        </p>
      ) : (
        children(link as Found<L>)
      )}
    </li>
  );
}

/** A hash, short, whole on hover and when copied. */
function Hash({ name, value }: { name: string; value: string | null }) {
  if (value === null) return null;
  return (
    <div class="soft">
      {name} <code title={value}>{value.slice(0, 12)}…</code> <CopyButton text={value} />
    </div>
  );
}

type Link<K extends keyof ReceiptLinks> = NonNullable<ReceiptLinks[K]>;

function PredictionBox({ link }: { link: Link<'prediction'> }) {
  return (
    <Box title="The text" link={link}>
      {(found) => (
        <>
          <p class="text foreign" dir="auto">
            {found.ad_copy}
          </p>
          <p class="foreign">
            for {found.title}, score {found.confidence_score.toFixed(2)}, by {found.writer},{' '}
            <Ago at={found.created_at} />
          </p>
          <Hash name="answer" value={found.response_sha256} />
        </>
      )}
    </Box>
  );
}

function VersionBox({ link }: { link: Link<'model_version'> }) {
  return (
    <Box title="was chosen by the model version" link={link}>
      {(found) => (
        <>
          <p>
            <a class="foreign" href={linkTo('version', [found.name, found.version])}>
              {found.name} {found.version}
            </a>
            , registered <Ago at={found.registered_at} />
          </p>
          {found.aliases.map(({ alias, since, moved_by }) => (
            <div key={alias} class="soft foreign">
              {alias} since <Ago at={since} />, set by {moved_by}
            </div>
          ))}
          <Hash name="weights" value={found.weights_sha256} />
        </>
      )}
    </Box>
  );
}

function TrainingBox({ link }: { link: Link<'tracking_run'> }) {
  return (
    <Box title="which was trained in" link={link}>
      {(found) => (
        <>
          <p>
            <a href={linkTo('trainings', [], { pinned: found.run_id })}>{found.run_id.slice(0, 12)}</a>{' '}
            <Status value={found.run_status.toLowerCase()} />
          </p>
          <p>
            recipe {found.recipe ?? '–'}, seed {found.seed ?? '–'}
          </p>
          <Hash name="commit" value={found.source_commit} />
        </>
      )}
    </Box>
  );
}

const asShare = (value: number): string => `${(100 * value).toFixed(1)}\u00A0%`;

function GateBox({ link }: { link: Link<'gate'> }) {
  return (
    <Box title="and judged by the gate" link={link}>
      {(found) => (
        <>
          <p>
            <Decision decision={found.decision} version={null} />: {found.challenger.name} is right on{' '}
            {asShare(found.challenger.accuracy)} of {found.held_out_rows.toLocaleString()} held-out rows,{' '}
            {found.baseline.name} on {asShare(found.baseline.accuracy)}
          </p>
          <Hash name="report" value={found.report_sha256} />
        </>
      )}
    </Box>
  );
}

function DatasetBox({ link, search }: { link: Link<'dataset'>; search: string | undefined }) {
  return (
    <Box title="learned from the rows of" link={link}>
      {(found) => (
        <>
          <p>
            <a href={linkTo('dataset', [found.version])}>dataset version {found.version}</a>:{' '}
            {found.rows.toLocaleString()} rows of <span class="foreign">{found.source}</span>
          </p>
          <p class="soft">
            {Object.entries(found.splits)
              .map(([split, { rows }]) => `${split} ${rows.toLocaleString()}`)
              .join(', ')}
          </p>
          {search === undefined ? null : (
            <p>
              <a href={linkTo('dataset', [found.version], { search: search.slice(0, 200) })}>
                Its rows of this product
              </a>
            </p>
          )}
          {found.parents.map((parent, index) =>
            parent.status === 'missing' ? null : (
              <div key={index} class="soft">
                made from <a href={linkTo('dataset', [parent.version])}>version {parent.version}</a> (
                {parent.rows.toLocaleString()} rows)
              </div>
            ),
          )}
          <Hash name="rows" value={found.digest} />
        </>
      )}
    </Box>
  );
}

function RunBox({ link }: { link: Link<'pipeline_run'> }) {
  return (
    <Box title="all in the pipeline run" link={link}>
      {(found) => (
        <p>
          <a href={linkTo('run', [found.id])}>run {found.number}</a>, started by {found.trigger}{' '}
          <Ago at={found.created_at} /> <Status value={found.run_status} />
        </p>
      )}
    </Box>
  );
}
