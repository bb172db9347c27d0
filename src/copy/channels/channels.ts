/**
 * config/channels.yaml as typed data. Limits live there, with their kind, source and date; no limit is a
 * constant of the code.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError, toError } from '../../core/errors.ts';
import { packageRoot } from '../../core/paths.ts';
import { COUNT_METHODS } from './count.ts';

const LIMIT_KINDS = ['hard', 'shown', 'advised'] as const;
export type LimitKind = (typeof LIMIT_KINDS)[number];

const FIELD_ROLES = [
  'post',
  'ad',
  'headline',
  'description',
  'subject',
  'message',
  // What a shop's shelf says: what the product is called, one thing about it, all about it. No calls.
  'title',
  'bullet',
  'listing',
] as const;
export type FieldRole = (typeof FIELD_ROLES)[number];

const source = z.string().min(1);
const date = z.string().regex(/^\d{4}-\d{2}(-\d{2})?$/);
const count = z.int().positive();
const name = z.string().regex(/^[a-z][a-z0-9_]*$/);

const limitSchema = z.strictObject({ kind: z.enum(LIMIT_KINDS), max: count, source, date });

const itemsSchema = z
  .strictObject({ min: count, max: count, write: count })
  .refine((items) => items.min <= items.write && items.write <= items.max, 'min <= write <= max must hold');

const fieldSchema = z.strictObject({
  role: z.enum(FIELD_ROLES),
  count: z.enum(COUNT_METHODS),
  aim: count,
  plain: z.boolean().default(false),
  items: itemsSchema.optional(),
  limits: z.array(limitSchema).min(1),
  hashtags: z
    .strictObject({ advised: z.int().nonnegative(), hard: count.optional(), source, date })
    .optional(),
});

const channelsSchema = z
  .strictObject({
    channels: z.record(
      name,
      z.strictObject({ title: z.string().min(1), fields: z.record(name, fieldSchema) }),
    ),
  })
  .transform(({ channels }) => channels)
  .refine((channels) => hasSingle(channels, 'post'), 'one channel must have a field of role post')
  .refine((channels) => hasSingle(channels, 'ad'), 'one channel must have a field of role ad');

export type ChannelField = z.infer<typeof fieldSchema>;
export type Channel = { title: string; fields: Record<string, ChannelField> };
/** Channels by name: `x`, `instagram`, ... */
export type Channels = Record<string, Channel>;

function hasSingle(
  channels: Record<string, { fields: Record<string, ChannelField> }>,
  role: FieldRole,
): boolean {
  return Object.values(channels).some(({ fields }) =>
    Object.values(fields).some((field) => field.role === role && field.items === undefined),
  );
}

/** @throws AppError `invalid-config` naming the key and what is allowed there. */
export function parseChannels(document: unknown): Channels {
  const parsed = channelsSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid-config', `the channels are not valid:\n${z.prettifyError(parsed.error)}`);
}

/**
 * Reads a file of channels (default: the package's own config/channels.yaml); a relative path starts at the
 * package's folder.
 *
 * @throws AppError `invalid-config` when it cannot be read or is not valid.
 */
export function loadChannels(file = 'config/channels.yaml'): Channels {
  const resolved = path.resolve(packageRoot, file);
  let document: unknown;
  try {
    document = parse(readFileSync(resolved, 'utf8'));
  } catch (thrown) {
    const error = toError(thrown);
    throw new AppError('invalid-config', `cannot read the channels of ${resolved}: ${error.message}`, {
      cause: error,
    });
  }
  return parseChannels(document);
}

/**
 * The length that no text of the field may exceed: its hard limit, or the largest that it states where it has
 * none.
 */
export function ceilingOf(field: ChannelField): number {
  const hard = field.limits.filter((limit) => limit.kind === 'hard').map((limit) => limit.max);
  return hard.length > 0 ? Math.min(...hard) : Math.max(...field.limits.map((limit) => limit.max));
}
