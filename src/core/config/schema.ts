/**
 * The whole configuration as one zod schema, a block per section; config/default.yaml documents every key.
 */
import { z } from 'zod';
import { findCronFault } from './cron.ts';
import { MAPPABLE_FIELDS } from './fields.ts';
import { SECRET_SOURCE_KEYS, sourceSchema } from './sources.ts';

const positiveInt = z.int().min(1);
const nonNegativeInt = z.int().min(0);
const milliseconds = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const fraction = z.number().min(0).max(1);
const openFraction = z.number().gt(0).lt(1);
const text = z.string().min(1);
const slug = z.string().regex(/^[a-z0-9-]+$/, 'only a-z, 0-9 and -');

/** Name of a file in the folder `model.recipes`. */
export const recipeNameSchema = slug.max(60);

export const candidateSchema = z.strictObject({
  name: slug.max(60),
  recipe: recipeNameSchema,
  seed: nonNegativeInt.max(2 ** 31 - 1).default(1),
  /** Settings of the recipe that this candidate changes, for sweeps. */
  settings: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])).default({}),
});
export type CandidateConfig = z.infer<typeof candidateSchema>;

/** By the name of a stage; the queues, which declare the stages, refuse a name that is none. */
const perStage = <T extends z.ZodType>(value: T) => z.record(slug, value);

export const scheduleSchema = z.strictObject({
  enabled: z.boolean(),
  cron: text.superRefine((pattern, context) => {
    const message = findCronFault(pattern);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  }),
  timeZone: z.string().refine(isTimeZone, 'an IANA time zone such as UTC or Europe/Berlin'),
});

/** Of one run: all of them are trained, and shown on one page. */
export const MOST_CANDIDATES = 200;

const pipeline = z.strictObject({
  schedule: scheduleSchema,
  candidates: z
    .array(candidateSchema)
    .min(1)
    .max(MOST_CANDIDATES)
    .refine((list) => new Set(list.map((c) => c.name)).size === list.length, 'candidate names must differ'),
  trainThreads: nonNegativeInt.max(256),
  checkpointCopyMs: milliseconds,
});

/**
 * Our field: their column, or '' where it has none. `auto` reads any table by what its columns are called,
 * not only known exports.
 */
export const fieldMapSchema = z.preprocess(
  (map) => (map === 'auto' ? { auto: 'yes' } : map),
  z.partialRecord(z.enum([...MAPPABLE_FIELDS, 'auto']), z.string().max(500)),
);

const CHECK_SEVERITIES = ['off', 'note', 'warn', 'stop'] as const;
/** `mostly`: the share of the rows that must be free of what is looked for. */
const check = (severity: (typeof CHECK_SEVERITIES)[number], mostly: number) => ({
  severity: z.enum(CHECK_SEVERITIES).default(severity),
  mostly: fraction.default(mostly),
});
/** With defaults, since runs of earlier versions are stored without them. */
const checks = z
  .strictObject({
    nearDuplicates: z.strictObject({ ...check('warn', 0.9), threshold: fraction.default(0.7) }).prefault({}),
    conflictingLabels: z.strictObject(check('warn', 0.99)).prefault({}),
    labelErrors: z.strictObject(check('note', 0.9)).prefault({}),
    language: z
      .strictObject({ ...check('note', 0.95), expected: text.nullable().default(null) })
      .prefault({}),
    alike: z.strictObject(check('warn', 0.9)).prefault({}),
    lengths: z.strictObject(check('note', 0.99)).prefault({}),
    personalData: z.strictObject({ ...check('warn', 0.99), mask: z.boolean().default(false) }).prefault({}),
  })
  .prefault({});

const data = z.strictObject({
  source: sourceSchema,
  map: fieldMapSchema,
  label: z.strictObject({ threshold: z.number(), column: text.nullable() }),
  split: z.strictObject({ holdoutFraction: openFraction, validationFraction: openFraction }),
  joinParent: z.boolean(),
  drift: z.strictObject({ psiWarn: z.number().min(0), psiAlert: z.number().min(0) }),
  refusedKept: nonNegativeInt,
  checks,
});

const model = z.strictObject({
  name: slug,
  experiment: text.max(500),
  base: text,
  hubUrl: z.url({ protocol: /^https?$/ }),
  recipes: text,
});

const tracking = z.strictObject({
  uri: z.url({ protocol: /^https?$/ }).nullable(),
  token: text.nullable(),
  username: text.nullable(),
  password: text.nullable(),
  timeoutMs: milliseconds.min(1),
  retries: nonNegativeInt.max(10),
});

const gate = z.strictObject({
  minimumGain: fraction,
  minimumHoldoutRows: positiveInt,
  significance: z.strictObject({ enabled: z.boolean(), alpha: openFraction }),
  segments: z.strictObject({ enabled: z.boolean(), tolerance: fraction, minimumRows: positiveInt }),
  approval: z.enum(['none', 'required']),
  // With a default, since runs that were stored before there was this rule are read by this schema.
  value: z.enum(['off', 'not-worse', 'better']).default('off'),
});

const groups = z.array(text);

const oidc = z.strictObject({
  issuer: z.url({ protocol: /^https?$/ }),
  clientId: text,
  clientSecret: text.nullable().default(null),
  /** Seals what a browser carries through a sign-in. */
  cookieSecret: text.min(32),
  scope: text.default('openid profile email'),
  groupsClaim: text.default('groups'),
  roles: z.strictObject({
    reader: groups.default([]),
    writer: groups.default([]),
    admin: groups.default([]),
  }),
  sessionHours: positiveInt.max(720).default(12),
});

const server = z.strictObject({
  host: text,
  port: z.int().min(0).max(65535),
  apiKeys: z.enum(['auto', 'required', 'off']),
  allowHosts: z.array(text),
  requestsPerMinute: positiveInt.nullable(),
  publicUrl: z.url({ protocol: /^https?$/ }).nullable(),
  oidc: oidc.nullable(),
  bodyLimitBytes: positiveInt,
  batchBodyLimitBytes: positiveInt,
  maxBatchItems: positiveInt,
  maxTitleChars: positiveInt,
  maxDescriptionChars: positiveInt,
  shutdownGraceMs: milliseconds,
  drainDelayMs: milliseconds,
  keepAliveMs: milliseconds,
  trustProxy: z.boolean(),
  basePath: z
    .string()
    .regex(/^(?:\/[\w.~-]+)*$/, 'must be a path such as /copyloop, without a slash at its end'),
});

const worker = z.strictObject({ host: text, port: z.int().min(0).max(65535).nullable() });

const audit = z.strictObject({ keepDays: positiveInt.max(36_500) });

const outbound = z.strictObject({ allowHosts: z.array(text) });

const webhooks = z.strictObject({
  allowHttp: z.boolean(),
  timeoutMs: milliseconds.min(100),
  attempts: positiveInt.max(100),
  backoffMs: milliseconds.min(1),
  backoffMaxMs: milliseconds.min(1),
  keepDays: positiveInt.max(3650),
  secretKey: text.min(32).nullable(),
});

const canaryRulesSchema = z.strictObject({
  enabled: z.boolean(),
  share: z.number().min(0.01).max(0.5),
  alpha: openFraction,
  budget: positiveInt,
  minimumEvents: positiveInt,
  maxDays: positiveInt.max(365),
});

const serving = z.strictObject({
  threads: nonNegativeInt.max(256),
  threadsPerSession: nonNegativeInt.max(256),
  precision: z.enum(['auto', 'fp32', 'int8']),
  maxLength: z.int().min(8).max(512),
  maxBatchTokens: z.int().min(8),
  maxQueueTokens: positiveInt,
  requestTimeoutMs: milliseconds.min(1),
  batchTimeoutMs: milliseconds.min(1),
  cacheEntries: nonNegativeInt,
  reloadPollMs: milliseconds.min(100),
  predictionSampleRate: fraction,
  predictionRetentionDays: positiveInt,
  canary: canaryRulesSchema,
});

/** How the text that goes out is chosen. */
export const COPY_POLICIES = ['best', 'explore'] as const;
/** Languages that copy is written in; `auto` follows the record. */
export const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'nl'] as const;
export type Language = (typeof LANGUAGES)[number];
export const LANGUAGE_CHOICES = ['auto', ...LANGUAGES] as const;
export type LanguageChoice = (typeof LANGUAGE_CHOICES)[number];

export const WRITER_NAMES = ['templates', 'transformers', 'openai', 'llama', 'module'] as const;
export type WriterName = (typeof WRITER_NAMES)[number];

const copy = z.strictObject({
  writers: z
    .array(z.enum(WRITER_NAMES))
    .min(1)
    .max(WRITER_NAMES.length)
    .refine((list) => new Set(list).size === list.length, 'writers must differ'),
  writer: z.enum(WRITER_NAMES).nullable(),
  channelWriters: z.record(text, z.enum(WRITER_NAMES)),
  together: z.boolean(),
  prompt: text,
  examples: nonNegativeInt.max(20),
  policy: z.enum(COPY_POLICIES),
  holdback: fraction,
  explorationFloor: z.number().min(0).max(0.5),
  candidates: positiveInt.max(64),
  language: z.enum(LANGUAGE_CHOICES),
  channels: text,
  brand: text.max(80).nullable(),
  transformers: z.strictObject({ model: text.nullable(), maxNewTokens: positiveInt.max(1024) }),
  openai: z.strictObject({
    baseUrl: z.url().nullable(),
    apiKey: text.nullable(),
    model: text.nullable(),
    timeoutMs: milliseconds.min(1),
    retries: nonNegativeInt.max(10),
    maxTokensPerDay: positiveInt,
    maxParallel: positiveInt.max(1000),
    requestsPerMinute: positiveInt.nullable(),
    tokensPerMinute: positiveInt.nullable(),
    repairs: nonNegativeInt.max(5),
    price: z
      .strictObject({
        prompt: z.number().min(0),
        cachedPrompt: z.number().min(0).optional(),
        completion: z.number().min(0),
        currency: z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code such as USD'),
      })
      .nullable(),
  }),
  llama: z.strictObject({
    model: text.nullable(),
    package: text,
    lora: text.nullable(),
    contextTokens: positiveInt.min(256),
    threads: z.number().int().nonnegative().default(0),
    timeoutMs: milliseconds.min(1),
  }),
  module: z.strictObject({ path: text.nullable(), settings: z.record(z.string(), z.unknown()) }),
});

/** What a text is judged by, as a share of its trials: of impressions, or of verdicts. */
export const LEARNING_REWARDS = ['clicks', 'conversions', 'verdicts'] as const;
export type LearningReward = (typeof LEARNING_REWARDS)[number];

const learning = z.strictObject({
  reward: z.enum(LEARNING_REWARDS),
  drift: z.strictObject({
    days: positiveInt.max(365),
    minimum: positiveInt,
    startRun: openFraction.nullable(),
  }),
});

const feedback = z.strictObject({
  retrainAfter: nonNegativeInt,
  debounceMs: milliseconds,
  weight: z.number().gt(0).max(1000),
});

const jobs = z.strictObject({
  maxUploadBytes: positiveInt,
  shardRows: positiveInt.max(100_000),
  shardsInFlight: positiveInt.max(10_000),
  retentionDays: positiveInt,
});

const queues = z.strictObject({
  prefix: z
    .string()
    .regex(/^(?:[a-z0-9-]+|\{[a-z0-9-]+\})$/, 'only a-z, 0-9 and -, in braces for Redis Cluster: {copyloop}'),
  attempts: positiveInt.max(100).nullable(),
  backoffMs: milliseconds,
  backoffMaxMs: milliseconds,
  backoffJitter: fraction,
  lockDurationMs: milliseconds.min(500),
  stalledIntervalMs: milliseconds.min(250),
  maxStalledCount: z.int().min(10),
  keepCompleted: positiveInt,
  keepFailed: positiveInt,
  reconcileIntervalMs: milliseconds.min(250).max(60_000),
  shutdownGraceMs: milliseconds,
  timeoutsMs: perStage(milliseconds.min(1)),
  concurrency: perStage(positiveInt.max(256)),
});

const storage = z.strictObject({
  varDir: text,
  databaseUrl: z.url({ protocol: /^postgres(ql)?$/ }).nullable(),
  redisUrl: z.url({ protocol: /^rediss?$/ }).nullable(),
  poolSize: z
    .int()
    .min(
      2,
      'at least 2: with one connection a slow statement keeps /ready and the state of running stages waiting',
    )
    .max(1000),
  statementTimeoutMs: milliseconds.min(100).nullable(),
  migrate: z.enum(['auto', 'never']),
  leftoverAgeMs: positiveInt,
  artifacts: z
    .strictObject({
      kind: z.enum(['folder', 's3']),
      bucket: text.nullable(),
      prefix: z.string(),
      region: text,
      endpoint: z.url().nullable(),
      forcePathStyle: z.boolean(),
      accessKeyId: text.nullable(),
      secretAccessKey: text.nullable(),
    })
    .refine((a) => a.kind !== 's3' || a.bucket !== null, {
      path: ['bucket'],
      message: 'must be set when kind is s3',
    }),
});

const logging = z.strictObject({
  level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
  format: z.enum(['auto', 'json', 'pretty']),
  maxFileBytes: positiveInt.min(4096),
  maxFiles: positiveInt.min(2).max(1000),
  maxAgeDays: positiveInt.max(3650),
});

export const configSchema = z.strictObject({
  pipeline,
  data,
  model,
  tracking,
  gate,
  server,
  worker,
  audit,
  outbound,
  webhooks,
  serving,
  copy,
  feedback,
  learning,
  jobs,
  queues,
  storage,
  logging,
});

export type Config = z.infer<typeof configSchema>;

/** Keys whose values are secrets (or, for addresses, may hold one); `copyloop config` masks them. */
export const SECRET_KEYS: readonly string[] = [
  'copy.openai.baseUrl',
  'copy.openai.apiKey',
  ...SECRET_SOURCE_KEYS.map((key) => `data.source.${key}`),
  'model.hubUrl',
  'server.oidc.clientSecret',
  'server.oidc.cookieSecret',
  'storage.artifacts.accessKeyId',
  'storage.artifacts.endpoint',
  'storage.artifacts.secretAccessKey',
  'storage.databaseUrl',
  'storage.redisUrl',
  'tracking.password',
  'tracking.token',
  'tracking.uri',
  'webhooks.secretKey',
];

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
