/**
 * How a route of ours is declared: its body and its answers as JSON, and the refusals that every route may
 * give.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { RouteConfig } from '@hono/zod-openapi';
import { withoutNulls } from './absent-nulls.ts';
import { errorResponse } from './errors.ts';

/**
 * A route with what any route may answer beside its own: its key, its input, its body and the database may be
 * refused or away.
 * @param standsAlone that it asks neither for a key nor for the database
 */
export function defineRoute<
  // Keeps the path a literal, from which the types of its parameters follow.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  P extends string,
  R extends Omit<RouteConfig, 'path'> & { path: P; standsAlone?: boolean },
>({ standsAlone = false, ...route }: R) {
  const { params, query, headers, body } = route.request ?? {};
  const takesInput = [params, query, headers, body].some((part) => part !== undefined);
  const common = {
    ...(takesInput && { 400: errorResponse('a value that cannot be used: error.field and error.limit') }),
    ...(!standsAlone && {
      401: errorResponse('no API key, or one that is not in force'),
      403: errorResponse('the role of the key does not suffice, or a page of another site asks'),
      503: errorResponse('the database is away: Retry-After says when to come again'),
    }),
    ...(params !== undefined && { 404: errorResponse('there is no such thing') }),
    ...(body !== undefined && {
      413: errorResponse('the body is too large'),
      415: errorResponse('a content type, charset or encoding that is not read'),
    }),
  };
  // What is refused is thrown, so that the types of answers are the route's own.
  const responses: R['responses'] = { ...common, ...route.responses };
  return createRoute({ ...route, responses });
}

/** A body of JSON, whose null members count as absent where their schema has no null. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { required: true, content: { 'application/json': { schema: withoutNulls(schema) } } } as const;
}

/** `{status: "success", ...shape}`. */
export function jsonAnswer<T extends z.core.$ZodLooseShape>(description: string, shape: T) {
  return {
    description,
    content: { 'application/json': { schema: z.object({ status: z.literal('success'), ...shape }) } },
  };
}
