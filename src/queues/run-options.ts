/**
 * What a run was asked for, resolved against the configuration once, at its start, and kept with it: a replay
 * does the same again.
 */
import { z } from 'zod';
import {
  candidateSchema,
  configSchema,
  fieldMapSchema,
  MOST_CANDIDATES,
  recipeNameSchema,
  SOURCE_KINDS,
  sourceRequestKeys,
  SOURCES,
  type SourceRule,
  type Config,
} from '../core/config/index.ts';
import { AppError } from '../core/errors.ts';

export const runOptionsSchema = z.strictObject({
  data: configSchema.shape.data,
  candidates: configSchema.shape.pipeline.shape.candidates,
  model: configSchema.shape.model,
  gate: configSchema.shape.gate,
  /**
   * Whether an outsider named the address of the source: it is then held to the destination policy, in
   * replays as well.
   */
  sourceNamedBy: z.enum(['operator', 'http']).default('http'),
  /** Whether the map is kept for tables of the same header. */
  remember: z.boolean().default(false),
});
export type RunOptions = z.infer<typeof runOptionsSchema>;

/** What a caller may change for one run; everything else comes from the configuration. */
export const runRequestSchema = z.strictObject({
  source: z
    .strictObject({ kind: z.enum(SOURCE_KINDS), ...sourceRequestKeys })
    .partial()
    .optional(),
  map: fieldMapSchema.optional(),
  label: z
    .strictObject({ threshold: z.number().optional(), column: z.string().min(1).nullable().optional() })
    .optional(),
  joinParent: z.boolean().optional(),
  remember: z.boolean().optional(),
  /** Short for candidates named after their recipe, each with seed 1. */
  recipes: z.array(recipeNameSchema).min(1).optional(),
  candidates: z.array(candidateSchema).min(1).max(MOST_CANDIDATES).optional(),
});
export type RunRequest = z.input<typeof runRequestSchema>;

type OptionsConfig = Pick<Config, 'data' | 'model' | 'gate'> & {
  pipeline: Pick<Config['pipeline'], 'candidates'>;
};

/** @throws AppError `invalid-input` that names the field and what is allowed */
export function resolveRunOptions(
  config: OptionsConfig,
  request: unknown,
  cameOverHttp: boolean,
): RunOptions {
  const asked = parseOrThrow(runRequestSchema, request);
  if (asked.recipes !== undefined && asked.candidates !== undefined) {
    throw new AppError('invalid-input', 'give either recipes or candidates, not both', {
      details: { field: 'recipes' },
    });
  }
  const { data } = config;
  const impliedKind = SOURCE_KINDS.find((kind) => {
    const { needs }: SourceRule = SOURCES[kind];
    return needs !== undefined && (asked.source?.[needs as keyof typeof asked.source] ?? null) !== null;
  });
  return parseOrThrow(runOptionsSchema, {
    data: {
      ...data,
      source: {
        ...data.source,
        ...(impliedKind && { kind: impliedKind }),
        // The configured credentials are for the configured address, and go nowhere else.
        ...(asked.source?.url !== undefined && 'credentialsFile' in data.source && { credentialsFile: null }),
        ...asked.source,
      },
      map: asked.map ?? data.map,
      label: { ...data.label, ...asked.label },
      joinParent: asked.joinParent ?? data.joinParent,
    },
    candidates:
      asked.candidates ??
      asked.recipes?.map((recipe) => ({ name: recipe, recipe })) ??
      config.pipeline.candidates,
    model: config.model,
    gate: config.gate,
    remember: asked.remember ?? false,
    sourceNamedBy: cameOverHttp && typeof asked.source?.url === 'string' ? 'http' : 'operator',
  });
}

function parseOrThrow<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw new AppError(
    'invalid-input',
    `the options of the run cannot be used: ${field === '' ? '' : `${field}: `}${issue?.message ?? 'invalid'}`,
    { details: { field } },
  );
}
