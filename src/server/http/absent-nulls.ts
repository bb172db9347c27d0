/**
 * JSON from languages that write absent members as null: such a member counts as absent, unless its schema
 * gives null a meaning.
 */
import { z } from '@hono/zod-openapi';

type Def = { type: string } & Partial<{
  innerType: z.ZodType;
  out: z.ZodType;
  element: z.ZodType;
  shape: Record<string, z.ZodType>;
  /** Of names that the shape has not; `never` refuses them. */
  catchall: z.ZodType;
  valueType: z.ZodType;
  options: z.ZodType[];
}>;

/** The schema, for a value without the null members that it would refuse. */
export function withoutNulls<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => dropNulls(value, schema), schema);
}

/** The value itself where it has none. */
function dropNulls(value: unknown, schema: z.ZodType): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const def = schema.def as unknown as Def;
  const inner = def.type === 'pipe' ? def.out : def.innerType;
  if (inner !== undefined) return dropNulls(value, inner);
  if (def.type === 'union') {
    const member = def.options?.find((one) => fits(value, one));
    return member === undefined ? value : dropNulls(value, member);
  }
  if (Array.isArray(value)) {
    const { element } = def;
    return element === undefined ? value : value.map((item) => dropNulls(item, element));
  }
  if (def.type !== 'object' && def.type !== 'record') return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
      const own = def.type === 'record' ? def.valueType : def.shape?.[name];
      if (own === undefined)
        return member === null && def.catchall?.def.type === 'never' ? [] : [[name, member]];
      if (member === null) return own.safeParse(null).success ? [[name, null]] : [];
      return [[name, dropNulls(member, own)]];
    }),
  );
}

/** Which member of a union a value is meant for: a list or an object. */
function fits(value: object, schema: z.ZodType): boolean {
  const { type, innerType, out } = schema.def as unknown as Def;
  const inner = type === 'pipe' ? out : innerType;
  if (inner !== undefined) return fits(value, inner);
  return Array.isArray(value) ? type === 'array' || type === 'tuple' : type === 'object' || type === 'record';
}
