/** The first products of a catalogue written for a look at them, and what the whole of it would take. */
import { useEffect, useState } from 'preact/hooks';
import type { Job } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { Table } from '../../parts/table.tsx';
import { formatDuration } from '../../parts/time.tsx';
import { toError, Trouble } from '../../parts/trouble.tsx';

export const SAMPLE_ROWS = 10;

/** Of a creative's line, what is shown. */
interface Creative {
  title: string;
  ad_copy: string;
  social_media_caption: string;
  confidence_score: number | null;
  writer?: string;
}

/** @param rows of the whole catalogue */
export function Sample({ jobId, rows }: { jobId: string; rows: number }) {
  const { data: job, error } = useLive(jobId, ['jobs'], () => client.jobs.get(jobId));
  const [creatives, setCreatives] = useState<readonly Creative[]>();
  const [unread, setUnread] = useState<Error>();
  useEffect(() => {
    if (job?.status !== 'succeeded') return;
    readCreatives(jobId).then(setCreatives, (cause: unknown) => setUnread(toError(cause)));
  }, [jobId, job?.status]);
  const trouble = unread ?? job?.error ?? error;
  if (trouble !== undefined && trouble !== null) return <Trouble error={trouble} />;
  if (job === undefined || creatives === undefined)
    return <p role="status">Writing the first {SAMPLE_ROWS} products…</p>;
  return (
    <section aria-label="A sample">
      <p role="status">{describeEstimate(job, creatives, rows)}</p>
      <Table
        name="Sample"
        rows={creatives.map((creative, index) => ({ ...creative, index }))}
        keyOf={({ index }) => index}
        empty="No product can be used."
        columns={[
          { title: 'Product', text: ({ title }) => title },
          { title: 'Ad copy', text: (creative) => creative.ad_copy },
          { title: 'Caption', text: (creative) => creative.social_media_caption },
          {
            title: 'Score',
            isNumber: true,
            text: (creative) => creative.confidence_score,
            show: (creative) => creative.confidence_score?.toFixed(2) ?? '–',
          },
        ]}
      />
    </section>
  );
}

async function readCreatives(jobId: string): Promise<Creative[]> {
  const text = await new Response(await client.jobs.output(jobId)).text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Creative);
}

/** A prompt holds the product and some hundred words of order; the answer several texts a field. */
const TOKENS_OF_ORDER = 700;
const CHARS_PER_TOKEN = 4;

/** By what the sample took: the loading of the model is in it, so that it is rather too long. */
function describeEstimate(job: Job, creatives: readonly Creative[], rows: number): string {
  const { started_at: from, finished_at: to } =
    job.stages.find(({ stage }) => stage === 'predict-shard') ?? {};
  const each = Math.max(1, creatives.length);
  const took =
    from && to ? ` at most about ${formatDuration(((Date.parse(to) - Date.parse(from)) / each) * rows)}` : '';
  const isModel = creatives.some(({ writer }) => writer !== undefined && writer !== 'templates');
  const chars = creatives.reduce((sum, creative) => sum + JSON.stringify(creative).length, 0);
  const tokens = Math.round(((TOKENS_OF_ORDER + (2 * chars) / each / CHARS_PER_TOKEN) * rows) / 100) * 100;
  const all = `All ${rows.toLocaleString()} ${rows === 1 ? 'product' : 'products'}:`;
  return `${all}${took}${isModel ? `, and about ${tokens.toLocaleString()} tokens of a language model` : ', and no tokens: templates write'}.`;
}
