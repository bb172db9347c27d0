/** A receipt as a page of text. */
import { percent } from '../../core/html-page.ts';
import type { MissingLink, Receipt } from './schema.ts';

type Line = readonly [string, string | number | null];

export function renderReceipt(receipt: Receipt): string {
  const { prediction, model_version, tracking_run, dataset, gate, pipeline_run } = receipt;
  const sections = [
    ...(prediction === null
      ? []
      : [
          section('prediction', prediction, (found) => [
            ['id', found.id],
            ['made', found.created_at],
            ['title', found.title],
            ['ad copy', found.ad_copy],
            ['confidence', found.confidence_score.toFixed(4)],
            ['writer', found.writer],
            ...(found.brand === null
              ? []
              : [['brand', `${found.brand.name}, version ${found.brand.version} of its profile`] as const]),
            ...found.authors.map((author): Line => ['by', describeAuthor(author)]),
            ['request', found.request_id],
            ['served as', found.served_as],
            ['answer', `sha256 ${found.response_sha256}`],
          ]),
        ]),
    section('model version', model_version, (found) => [
      ['version', `${found.version} of ${found.name}`],
      ['registered', found.registered_at],
      ['files', found.source],
      ['weights', hash(found.weights_sha256)],
      ...(found.aliases.length === 0
        ? [[prediction === null ? 'aliases now' : 'aliases then', 'none'] as const]
        : found.aliases.map(
            (held) =>
              [
                prediction === null ? 'alias now' : 'alias then',
                `${held.alias} since ${held.since}, moved by ${held.moved_by}: ${held.reason}`,
              ] as const,
          )),
    ]),
    section('tracking run', tracking_run, (found) => [
      ['id', `${found.run_id}${found.is_deleted ? ' (in the bin)' : ''}`],
      ['status', found.run_status],
      ['from, to', `${found.started_at}, ${found.ended_at ?? 'not ended'}`],
      ['recipe', found.seed === null ? found.recipe : `${found.recipe}, seed ${found.seed}`],
      ['commit', found.source_commit],
      ['base', hash(found.base_sha256)],
      ['weights', hash(found.weights_sha256)],
    ]),
    section('dataset', dataset, (found) => [
      [
        'version',
        `${found.version}, ${found.rows} rows, made ${found.created_at} by run ${found.pipeline_run}`,
      ],
      ['digest', found.digest],
      ['source', found.source],
      ...Object.entries(found.splits).map(([split, { rows, sha256 }]): Line => [
        split,
        `${rows} rows, sha256 ${sha256}`,
      ]),
      ...found.parents.map((parent): Line => [
        'parent',
        parent.status === 'missing'
          ? describeMissing(parent)
          : `version ${parent.version}, digest ${parent.digest}, made ${parent.created_at}`,
      ]),
    ]),
    section('gate', gate, (found) => [
      ['decision', found.decision],
      ...found.reasons.map((reason): Line => ['because', reason]),
      ['challenger', `${found.challenger.name}: ${percent(found.challenger.accuracy)}`],
      ['against', `${found.baseline.name}: ${percent(found.baseline.accuracy)}`],
      ['gain', `${percent(found.gain)} on ${found.held_out_rows} held-out rows`],
      ['report', `${found.report_key}, sha256 ${found.report_sha256}`],
    ]),
    section('pipeline run', pipeline_run, (found) => [
      ['id', `${found.id} (number ${found.number}), ${found.run_status}`],
      ['started by', describeTrigger(found)],
      ['from, to', `${found.created_at}, ${found.finished_at ?? 'not ended'}`],
    ]),
  ];
  return sections.join('\n\n');
}

type Author = Extract<NonNullable<Receipt['prediction']>, { status: 'found' }>['authors'][number];

function describeAuthor(author: Author): string {
  const { prompt_tokens: read, completion_tokens: written, cost, currency, fingerprint } = author;
  return [
    `${author.writer}, model ${author.model ?? 'not named'}${fingerprint === null ? '' : ` (${fingerprint})`}`,
    `prompt ${author.prompt ?? 'of its own'}`,
    `seed ${author.seed}`,
    ...(author.examples.length === 0 ? [] : [`examples ${author.examples.join(' ')}`]),
    JSON.stringify(author.parameters),
    author.is_counted ? `${read} tokens read, ${written} written` : 'tokens not counted',
    ...(cost === null ? [] : [`${cost} ${currency ?? ''}`.trim()]),
  ].join('; ');
}

function section<T extends { status: 'found' }>(
  name: string,
  link: T | MissingLink,
  describe: (found: T) => readonly Line[],
): string {
  const title = name.toUpperCase();
  if (isMissing(link)) return `${title}\n  ${describeMissing(link)}`;
  const rows = describe(link).map(([key, value]) => `  ${key.padEnd(12)} ${value ?? 'not recorded'}`);
  return [title, ...rows].join('\n');
}

function isMissing(link: { status: string }): link is MissingLink {
  return link.status === 'missing';
}

function describeMissing({ cause, message }: MissingLink): string {
  return `MISSING (${cause}): ${message}`;
}

function describeTrigger(run: {
  trigger: string;
  scheduled_for: string | null;
  replay_of: string | null;
}): string {
  if (run.replay_of !== null) return `a replay of run ${run.replay_of}`;
  if (run.scheduled_for !== null) return `the schedule, for ${run.scheduled_for}`;
  return run.trigger === 'feedback' ? 'feedback on what was served' : `hand (${run.trigger})`;
}

function hash(sha256: string | null): string | null {
  return sha256 === null ? null : `sha256 ${sha256}`;
}
