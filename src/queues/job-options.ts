/**
 * What a prediction job was asked for, resolved once at its start and kept with it: every shard, whoever
 * predicts it, does the same.
 */
import { z } from 'zod';
import { COPY_POLICIES, fieldMapSchema, type Config } from '../core/config/index.ts';
import { AppError } from '../core/errors.ts';
import { copyOptionsSchema, loadChannels, requireChannels, type Channels } from '../copy/index.ts';
import { TABLE_FORMATS, type TableColumn } from '../data/index.ts';

const map = fieldMapSchema;
/** How the creatives go out: as a table of their own, or in the catalogue as it came. */
export const OUT_FORMATS = [...TABLE_FORMATS, 'same'] as const;
export type OutFormat = (typeof OUT_FORMATS)[number];
const format = z.enum(OUT_FORMATS);
/** Only so many of the first products are predicted. */
const preview = z.int().min(1).max(1000).optional();
/** What the catalogue is called from job to job. */
const catalogue = z.string().min(1).max(1000).optional();
/** Rows that the last job of the catalogue had are left out. */
const onlyChanged = z.boolean().optional();
/** Whether the map is kept for tables of the same header. */
const remember = z.boolean().optional();

/** Whether a row's own brand says which profile its texts keep. */
const brandByRecord = z.boolean().default(false);
/** Whether the output names its texts, and feedback on them is taken. */
const textIds = z.boolean().default(false);

/** What a caller may ask for; the rest comes from the configuration. */
const predictRequestSchema = copyOptionsSchema.extend({
  brandByRecord,
  textIds,
  map: map.optional(),
  format: format.optional(),
  preview,
  catalogue,
  onlyChanged,
  remember,
  /** How texts are chosen; `best` unless a job asks for the other. */
  policy: z.enum(COPY_POLICIES).optional(),
});
export type PredictJobRequest = z.input<typeof predictRequestSchema>;

export const predictOptionsSchema = copyOptionsSchema.required({ channels: true, count: true }).extend({
  map,
  format,
  // With a default, since the options of earlier jobs have none.
  policy: z.enum(COPY_POLICIES).default('best'),
  columns: z.array(
    z.strictObject({ name: z.string(), kind: z.enum(['text', 'integer', 'number', 'texts']) }),
  ),
  shardRows: z.int().min(1),
  shardsInFlight: z.int().min(1),
  preview,
  catalogue,
  onlyChanged,
  remember,
  brandByRecord,
  textIds,
  /** Of every brand there was when the job began, where rows name theirs: `acme@3`. */
  brandVersions: z.array(z.string()).default([]),
});
export type PredictJobOptions = z.infer<typeof predictOptionsSchema>;

/** @throws AppError `invalid-input` that names the field and what is allowed */
export function resolvePredictOptions(
  config: Pick<Config, 'copy' | 'data' | 'jobs'>,
  request: unknown,
): PredictJobOptions {
  const parsed = predictRequestSchema.safeParse(request);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new AppError(
      'invalid-input',
      `the options of the job cannot be used: ${field === '' ? '' : `${field}: `}${issue?.message ?? 'invalid'}`,
      { details: { field } },
    );
  }
  if (parsed.data.onlyChanged === true && parsed.data.catalogue === undefined) {
    throw new AppError(
      'invalid-input',
      'only the rows that changed can be predicted where the catalogue has a name to find its last job by: name it (catalogue)',
      { details: { field: 'catalogue' } },
    );
  }
  const { channels = [], count: asked, map: columns, format: wanted, policy = 'best', ...rest } = parsed.data;
  const brand = rest.brand ?? config.copy.brand ?? undefined;
  const known = loadChannels(config.copy.channels);
  const distinct = requireChannels(channels, known);
  return {
    ...rest,
    ...(brand !== undefined && { brand }),
    brandVersions: [],
    channels: distinct,
    count: asked ?? config.copy.candidates,
    language: rest.language ?? config.copy.language,
    map: columns ?? config.data.map,
    format: wanted ?? 'jsonl',
    policy,
    columns: listColumns(distinct, known, {
      isBranded: brand !== undefined || rest.brandByRecord,
      isDrawn: policy === 'explore',
      isNamed: rest.textIds,
    }),
    shardRows: config.jobs.shardRows,
    shardsInFlight: config.jobs.shardsInFlight,
  };
}

/** Of a job that explores: the probability of the text of that field. */
export function propensityColumn(field: string): string {
  return `${field}.propensity`;
}

/** Of a job whose texts have ids: the id of the text of that field, or the ids of its texts. */
export function textIdColumn(field: string): string {
  return `${field}.text_id`;
}

/**
 * Columns of the output: the product, its creative, and the fields of every channel as `x.text`. Nothing that
 * changes when it is made again.
 */
function listColumns(
  channels: readonly string[],
  known: Channels,
  { isBranded, isDrawn, isNamed }: Record<'isBranded' | 'isDrawn' | 'isNamed', boolean>,
): TableColumn[] {
  const perChannel = channels.flatMap((channel) =>
    Object.entries(known[channel]?.fields ?? {}).map(([field, { items }]): TableColumn => ({
      name: `${channel}.${field}`,
      kind: items === undefined ? 'text' : 'texts',
    })),
  );
  const fields: TableColumn[] = [
    { name: 'social_media_caption', kind: 'text' },
    { name: 'ad_copy', kind: 'text' },
    ...perChannel,
  ];
  const single = fields.filter(({ kind }) => kind === 'text').map(({ name }) => name);
  return [
    { name: 'line', kind: 'integer' },
    { name: 'id', kind: 'text' },
    { name: 'category', kind: 'text' },
    { name: 'title', kind: 'text' },
    { name: 'description', kind: 'text' },
    { name: 'confidence_score', kind: 'number' },
    { name: 'social_media_caption', kind: 'text' },
    { name: 'hashtags', kind: 'texts' },
    { name: 'ad_copy', kind: 'text' },
    { name: 'writer', kind: 'text' },
    { name: 'fallback', kind: 'text' },
    { name: 'model_version', kind: 'integer' },
    ...(isBranded ? [{ name: 'brand', kind: 'text' } as const] : []),
    ...perChannel,
    ...(isDrawn ? single : []).map((field): TableColumn => ({
      name: propensityColumn(field),
      kind: 'number',
    })),
    ...(isNamed ? fields : []).map(({ name, kind }): TableColumn => ({ name: textIdColumn(name), kind })),
  ];
}
