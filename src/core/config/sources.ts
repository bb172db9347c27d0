/**
 * What can be said of a data source, a row a kind: its keys under `data.source`, and which of them it cannot
 * do without.
 */
import { z } from 'zod';

const text = z.string().min(1);
const nonNegativeInt = z.int().min(0);

export interface SourceRule {
  /**
   * Keys of this kind with their defaults; a key that ends in url, token, password or secret is shown masked.
   */
  keys: z.ZodRawShape;
  needs?: string;
  /**
   * Whether a caller of the HTTP interface may name it; addresses are then held to the destination policy.
   */
  isOpenToCallers: boolean;
}

/** Keys of every file, wherever it lies; optional, so that what was stored before they were there is read. */
const fileKeys = {
  encoding: text.nullish(),
  sheet: text.nullish(),
};
const transferKeys = {
  timeoutMs: nonNegativeInt.max(2 ** 31 - 1).default(30_000),
  maxBytes: z
    .int()
    .min(1)
    .default(2 ** 30),
};

export const SOURCES = {
  synthetic: {
    keys: {
      count: z.int().min(1).max(10_000_000),
      seed: nonNegativeInt.max(2 ** 31 - 1),
    },
    isOpenToCallers: true,
  },
  file: { keys: { path: text.nullable().default(null), ...fileKeys }, needs: 'path', isOpenToCallers: false },
  http: {
    keys: {
      url: z
        .url({ protocol: /^https?$/ })
        .nullable()
        .default(null),
      /** A file with what the address asks for: `user:password`, a token, or a whole Authorization header. */
      credentialsFile: text.nullish(),
      ...transferKeys,
      ...fileKeys,
    },
    needs: 'url',
    isOpenToCallers: true,
  },
  s3: {
    keys: {
      uri: z
        .string()
        .regex(/^s3:\/\/[^/]+\/.+[^/]$/u, 'must be s3://bucket/key')
        .nullish(),
      ...fileKeys,
    },
    needs: 'uri',
    isOpenToCallers: false,
  },
  postgres: {
    keys: {
      /** A file with the address, so that neither settings nor runs hold its password. */
      databaseUrlFile: text.nullish(),
      query: text.nullish(),
    },
    needs: 'query',
    isOpenToCallers: false,
  },
} as const satisfies Record<string, SourceRule>;

export type SourceKind = keyof typeof SOURCES;
export const SOURCE_KINDS = Object.keys(SOURCES) as [SourceKind, ...SourceKind[]];

type Keys<K extends SourceKind> = (typeof SOURCES)[K]['keys'];
type Together<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer I) => void ? I : never;

/** The keys of all kinds, which lie side by side under `data.source`. */
export const sourceKeys = Object.assign({}, ...Object.values(SOURCES).map(({ keys }) => keys)) as Together<
  Keys<SourceKind>
>;

/** What a run may ask for: the limits of a transfer are the operator's. */
const { timeoutMs: _timeoutMs, maxBytes: _maxBytes, ...requestKeys } = sourceKeys;
/** Without defaults: what a request leaves out comes from the configuration. */
export const sourceRequestKeys = Object.fromEntries(
  Object.entries<z.ZodType>(requestKeys).map(([key, schema]) => [
    key,
    schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType) : schema,
  ]),
) as typeof requestKeys;

/** Keys that hold secrets, or addresses that may. */
export const SECRET_SOURCE_KEYS = Object.keys(sourceKeys).filter((key) =>
  /(?:url|token|password|secret|secretaccesskey|accesskeyid)$/iu.test(key),
);

export const sourceSchema = z
  .strictObject({ kind: z.enum(SOURCE_KINDS), ...sourceKeys })
  .superRefine((source, context) => {
    const { needs }: SourceRule = SOURCES[source.kind];
    if (needs === undefined || (source[needs as keyof typeof source] ?? null) !== null) return;
    context.addIssue({ code: 'custom', path: [needs], message: `must be set when kind is ${source.kind}` });
  });
