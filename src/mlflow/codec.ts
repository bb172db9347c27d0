/**
 * A codec says once how a value stands in MLflow's JSON and among our entities, and serves both ways: the
 * remote store reads by its schema, the server writes by `render`. What we write is ours and typed, so it
 * is not checked a second time, as `z.encode` would: a page of runs has tens of thousands of values.
 */
import { z } from 'zod';
import { renderDouble } from './double.ts';
import { zodOf } from './zod-of.ts';

export interface Codec<Wire, Entity> {
  /** Reads what any version of MLflow sends: a zod schema, as which `zodOf` gives it. */
  schema: { parse(value: unknown): Entity };
  /** Undefined for what is unset, which JSON leaves out. */
  render(entity: Entity): Wire;
}

export type Wire<C> = C extends Codec<infer W, infer _E> ? W : never;
export type Entity<C> = C extends Codec<infer _W, infer E> ? E : never;

type Fields = Readonly<Record<string, readonly [wireName: string, codec: Codec<unknown, unknown>]>>;

/** What may be undefined may be left out. */
type Loose<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: T[K];
} extends infer O
  ? { [K in keyof O]: O[K] }
  : never;
type WireOf<F extends Fields> = Loose<{ [K in keyof F as F[K][0]]: Wire<F[K][1]> }>;
type EntityOf<F extends Fields> = Loose<{ -readonly [K in keyof F]: Entity<F[K][1]> }>;

/** `{ ourName: [their_name, codec] }`. */
export function message<const F extends Fields>(fields: F): Codec<WireOf<F>, EntityOf<F>> {
  const entries = Object.entries(fields).map(([name, [wireName, codec]]) => ({ name, wireName, codec }));
  return {
    schema: z
      .object(Object.fromEntries(entries.map(({ wireName, codec }) => [wireName, zodOf(codec)])))
      .transform(
        (wire) =>
          Object.fromEntries(entries.map(({ name, wireName }) => [name, wire[wireName]])) as EntityOf<F>,
      ),
    render: (entity) => {
      const given = entity as Readonly<Record<string, unknown>>;
      const wire: Record<string, unknown> = {};
      for (const { name, wireName, codec } of entries) wire[wireName] = codec.render(given[name]);
      return wire as WireOf<F>;
    },
  };
}

const asItIs = <T>(value: T): T => value;

export const requiredText: Codec<string, string> = { schema: z.string(), render: asItIs };
export const text: Codec<string, string> = { schema: z.string().default(''), render: asItIs };
export const textUnlessEmpty: Codec<string | undefined, string> = {
  schema: z.string().default(''),
  render: (value) => (value === '' ? undefined : value),
};
export const optionalText: Codec<string | undefined, string | undefined> = {
  schema: z.string().optional(),
  render: asItIs,
};
/** Protobuf does not tell empty from unset. */
export const nullableText: Codec<string | undefined, string | null> = {
  schema: z
    .string()
    .optional()
    .transform((value) => (value === undefined || value === '' ? null : value)),
  render: (value) => value ?? undefined,
};

/** An int64 may come as text. */
const int64 = z.union([z.number(), z.string()]).transform(Number).pipe(z.int());
export const requiredInt: Codec<number, number> = { schema: int64, render: asItIs };
export const int: Codec<number, number> = { schema: int64.default(0), render: asItIs };
export const nullableInt: Codec<number | undefined, number | null> = {
  schema: int64.nullish().transform((value) => value ?? null),
  render: (value) => value ?? undefined,
};
/** Versions of models are numbers that travel as text. */
export const versionNumber: Codec<string, number> = { schema: int64, render: String };

/** MLflow's SQL store keeps an infinity as the greatest double, so that is what one reads back. */
export const double: Codec<number | string, number> = {
  schema: z
    .union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])
    .transform(Number)
    .transform((value) => (Math.abs(value) === Number.MAX_VALUE ? Math.sign(value) * Infinity : value))
    .default(0),
  render: renderDouble,
};

export function choice<const N extends readonly string[]>(
  names: N,
  unset?: NoInfer<N[number]>,
): Codec<N[number], N[number]> {
  const known = z.enum(names) as unknown as z.ZodType<N[number]>;
  const schema = unset === undefined ? known : known.optional().transform((name) => name ?? unset);
  return { schema, render: asItIs };
}

/** A repeated field; protobuf does not tell empty from unset. */
export function list<W, E>(item: Codec<W, E>): Codec<readonly W[] | undefined, E[]> {
  return {
    schema: z.array(zodOf(item)).default([]),
    render: (items) => (items.length === 0 ? undefined : items.map((one) => item.render(one))),
  };
}

export interface MlflowPair {
  key: string;
  value: string;
}

/** Tags and params: pairs there, values by name here. */
export const pairs: Codec<readonly MlflowPair[] | undefined, Readonly<Record<string, string>>> = {
  schema: z
    .array(z.object({ key: z.string(), value: z.string().default('') }))
    .default([])
    .transform((given) => Object.fromEntries(given.map(({ key, value }) => [key, value]))),
  render: (values) => {
    const rendered = toPairs(values);
    return rendered.length === 0 ? undefined : rendered;
  },
};

export function toPairs(values: Readonly<Record<string, string>>): MlflowPair[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}
