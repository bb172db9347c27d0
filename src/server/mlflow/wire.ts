/**
 * MLflow's wire rules: POST, PATCH and DELETE carry JSON, GET query parameters; unknown fields
 * are ignored; int64 comes as number or text; unset fields are left out of answers; NaN and the infinities
 * are texts, as protobuf's JSON has them.
 */
import type { Context } from 'hono';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { parseJson } from '../../core/json-depth.ts';
import { parseDouble } from '../../mlflow/double.ts';
import { readUtf8Text, refuseEncodedBody, type AppEnv } from '../http/index.ts';

/** Unset, null and absent are one for protobuf. */
const unset = <T extends z.ZodType>(type: T) =>
  z
    .union([z.null(), z.undefined(), type])
    .transform((value) => value ?? undefined)
    .optional() as unknown as z.ZodOptional<T>;

export const text = z.string();
/** No double needs more, written out without an exponent. */
const MAX_NUMBER_CHARS = 400;
/**
 * Of a list that names no limit of its own: each item may become a row, and a statement takes 65,535 values.
 */
const MAX_ITEMS = 10_000;
/** Required texts are never empty: protobuf does not tell empty from absent. */
export const requiredText = text.min(1);
export const optionalText = unset(text);
/** Ids of experiments, which some clients send as numbers. */
export const idText = z.union([text, z.int()]).transform(String).pipe(requiredText);
/** An int64. */
export const requiredInt = z
  .union([z.int(), text.max(MAX_NUMBER_CHARS).regex(/^[+-]?\d+$/)])
  .transform(Number)
  .refine((value) => Math.abs(value) < 2 ** 63);
export const optionalInt = unset(requiredInt);
export const optionalBoolean = unset(
  z.union([z.boolean(), z.enum(['true', 'false'])]).transform((v) => String(v) === 'true'),
);
/** A double; JSON has no NaN, so it may be a text. */
export const requiredFloat = z
  .union([
    z.number(),
    text
      .max(MAX_NUMBER_CHARS)
      .regex(/^\s*[+-]?(?:nan|inf(?:inity)?|\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)\s*$/i),
  ])
  .transform(parseDouble);

/** A repeated field; in a query one value comes alone. */
export const list = <T extends z.ZodType>(item: T, most = MAX_ITEMS) =>
  z.preprocess((value) => (value === undefined || value === null ? [] : value), z.array(item).max(most));
export const pair = z.object({ key: requiredText, value: text.nullish().transform((value) => value ?? '') });
export const pairs = list(pair);

/** A member of an enum by name or by number. */
export const choice = <const N extends readonly string[]>(names: N, numbers: readonly number[]) =>
  unset(
    z
      .union([
        z.enum(names),
        z.union([z.int(), text.regex(/^\d+$/)]).transform((value) => names[numbers.indexOf(Number(value))]),
      ])
      .refine((name) => name !== undefined) as unknown as z.ZodType<N[number]>,
  );

/** The last value of a key wins. */
export function toTags(list: readonly { key: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(list.map(({ key, value }) => [key, value]));
}

export function unlessEmpty<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items;
}

/** Undefined for what is not plain. */
export type PlainReader<T> = (input: Readonly<Record<string, unknown>>) => T | undefined;

/** @throws AppError `invalid-input` in MLflow's words */
export async function readInput<T extends z.ZodType>(
  c: Context<AppEnv>,
  schema: T,
  readPlain?: PlainReader<z.output<T>>,
): Promise<z.output<T>> {
  const raw = c.req.method === 'GET' ? readQuery(c, schema) : await readBody(c);
  const input = { ...raw, ...c.req.param() };
  if (raw['run_id'] === undefined && raw['run_uuid'] !== undefined)
    Object.assign(input, { run_id: raw['run_uuid'] });
  const plain = readPlain?.(input);
  if (plain !== undefined) return plain;
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw describeFault(parsed.error, input);
}

const BODY = 'the body of the request';

async function readBody(c: Context<AppEnv>): Promise<Record<string, unknown>> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  refuseEncodedBody(c);
  const body = await readUtf8Text(c);
  if (body === '') return {};
  if (type !== 'application/json')
    throw new AppError(
      'invalid-input',
      `Bad Request. Content-Type must be one of ['application/json'].${type === undefined ? '' : ` Got ${type.slice(0, 100)}.`}`,
    );
  const value = parseJson(body, BODY);
  // Old clients encode twice.
  const message = typeof value === 'string' ? parseJson(value, BODY) : value;
  if (message === null) return {};
  if (typeof message === 'object' && !Array.isArray(message)) return message as Record<string, unknown>;
  throw new AppError('invalid-input', `${BODY} must be a JSON object`);
}

/** One value stays alone unless the schema wants a list. */
function readQuery(c: Context<AppEnv>, schema: z.ZodType): Record<string, unknown> {
  const shape = schema instanceof z.ZodObject ? (schema.shape as Record<string, unknown>) : {};
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([name, values]) => [
      name,
      shape[name] instanceof z.ZodPipe && values.length > 0 && isList(shape[name]) ? values : values[0],
    ]),
  );
}

function isList(type: z.ZodPipe): boolean {
  return type.def.out instanceof z.ZodArray;
}

const HINT = ' See the API docs for more information about request parameters.';

function describeFault(error: z.ZodError, input: unknown): AppError {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const value = path.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[name] : undefined,
    input,
  );
  const name = path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );
  const details = { field: name };
  if (value === undefined || value === null || value === '')
    return new AppError('invalid-input', `Missing value for required parameter '${name}'.${HINT}`, {
      details,
    });
  const shown = JSON.stringify(value).slice(0, 500);
  const limit = issue?.code === 'too_big' ? ` It may hold at most ${issue.maximum}.` : '';
  return new AppError(
    'invalid-input',
    `Invalid value ${shown} for parameter '${name}' supplied:  Hint: Value was of type '${pythonType(value)}'.${limit}${HINT}`,
    { details },
  );
}

/** MLflow's messages name types as Python does, and its clients' tests read them. */
function pythonType(value: unknown): string {
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return Array.isArray(value) ? 'list' : 'dict';
}
