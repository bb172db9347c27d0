/**
 * Our things as answers: the members that a schema names, in its spelling, with times in ISO 8601. What the
 * schema does not name stays here.
 */
import { z } from '@hono/zod-openapi';

type Camel<K> = K extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail> & string>}` : K;

/** What can be rendered as T. */
type Source<T> = unknown extends T
  ? unknown
  : T extends string
    ? string extends T
      ? T | Date
      : T
    : T extends readonly (infer Item)[]
      ? readonly Source<Item>[]
      : T extends object
        ? string extends keyof T
          ? { readonly [K in keyof T as string extends K ? never : K]: T[K] }
          : { readonly [K in keyof T as Camel<K>]: Source<T[K]> }
        : T;

export function renderAs<T extends z.ZodObject>(schema: T, value: Source<z.input<T>>): z.input<T> {
  return render(schema, value) as z.input<T>;
}

function render(schema: unknown, value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value === null || value === undefined) return value;
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional)
    return render(schema.unwrap(), value);
  if (schema instanceof z.ZodArray)
    return (value as readonly unknown[]).map((item) => render(schema.element, item));
  if (!(schema instanceof z.ZodObject)) return value;
  // An open object is somebody else's and goes out as it is.
  if (schema.def.catchall instanceof z.ZodUnknown) return value;
  const source = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(schema.shape).map(([name, member]) => [name, render(member, source[toCamelCase(name)])]),
  );
}

function toCamelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
