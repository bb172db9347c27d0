/** How a route of ours is declared: what it takes, answers, refuses and does, in one place. */
import { createRoute, z, type RouteConfig } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { withoutNulls } from './absent-nulls.ts';
import { errorResponse } from './errors.ts';
import { createRouter, type AppEnv, type Router } from './router.ts';

type Responses = RouteConfig['responses'];
type Answer = Responses[number];
type RawBody = NonNullable<NonNullable<RouteConfig['request']>['body']>;

/** What `handle` gives: the members of a JSON answer beside its status, or a response of its own making. */
type Given<A> = A extends { content: { 'application/json': { schema: infer S extends z.ZodType } } }
  ? Response | (z.input<S> extends { status: 'success' } ? Omit<z.input<S>, 'status'> : z.input<S>)
  : Response;

interface Declaration<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  H extends z.ZodObject,
  B extends z.ZodType,
  A extends Answer,
> {
  summary: string;
  /** Of the path. */
  params?: P;
  query?: Q;
  headers?: H;
  /** A body of JSON, whose null members count as absent where their schema has no null. */
  body?: B;
  /** Whether the body may be left out. */
  mayOmitBody?: boolean;
  /** A body of another kind, which `handle` reads itself. */
  rawBody?: RawBody;
  answer: A;
  /** Of the answer; 200 where it is left out. */
  status?: 200 | 201 | 202 | 204 | 302;
  /** Status and meaning of what it may refuse, beside what any route may (`refusalsOf`). */
  refusals?: Readonly<Record<number, string>>;
  /** Where it stands in another group than the other routes of its router. */
  tag?: string;
  /** It asks neither for a key nor for the database. */
  standsAlone?: boolean;
  handle: (asked: {
    params: z.output<P>;
    query: z.output<Q>;
    headers: z.output<H>;
    body: z.output<B>;
    c: Context<AppEnv>;
  }) => Promise<Given<A>>;
}

export interface Route {
  addTo: (router: Router, tag: string) => void;
}

/** @param where `'GET /runs/{id}'` */
export function route<
  A extends Answer,
  P extends z.ZodObject = never,
  Q extends z.ZodObject = never,
  H extends z.ZodObject = never,
  B extends z.ZodType = never,
>(where: string, declaration: Declaration<P, Q, H, B, A>): Route {
  const [method = '', path = ''] = where.split(' ');
  const { summary, params, query, headers, answer, status = 200, handle } = declaration;
  const body = declaration.rawBody ?? jsonBody(declaration.body, declaration.mayOmitBody !== true);
  const takesInput = [params, query, headers, body].some((part) => part !== undefined);
  return {
    addTo: (router, tag) => {
      const declared = createRoute({
        method: method.toLowerCase() as 'get',
        path,
        tags: [declaration.tag ?? tag],
        summary,
        ...(takesInput && { request: { params, query, headers, body } }),
        responses: {
          ...refusalsOf(declaration, takesInput, body !== undefined),
          [status]: answer,
        },
      });
      const answerTo = async (c: Context<AppEnv>): Promise<Response> => {
        // Undefined for what is not declared.
        const valid = (part: string): never => c.req.valid(part as never);
        const given = await handle({
          params: valid('param'),
          query: valid('query'),
          headers: valid('header'),
          body: valid('json'),
          c,
        });
        return given instanceof Response
          ? given
          : c.json({ status: 'success', ...(given as object) }, status as 200);
      };
      // What it answers is held against its schema where it is declared.
      router.openapi(declared, answerTo as never);
    },
  };
}

/** A router of one capability; the tag groups its routes in the OpenAPI document. */
export function createRoutes(tag: string, routes: readonly Route[]): Router {
  const router = createRouter();
  for (const { addTo } of routes) addTo(router, tag);
  return router;
}

/** `{status: "success", ...shape}`. */
export function jsonAnswer<T extends z.core.$ZodLooseShape>(description: string, shape: T) {
  return {
    description,
    content: { 'application/json': { schema: z.object({ status: z.literal('success'), ...shape }) } },
  };
}

function jsonBody(schema: z.ZodType | undefined, required: boolean): RawBody | undefined {
  return schema && { required, content: { 'application/json': { schema: withoutNulls(schema) } } };
}

/** Any route may be refused its key, its input and its body, or find the database away. */
function refusalsOf(
  {
    standsAlone = false,
    params,
    refusals,
  }: Pick<Declaration<z.ZodObject, never, never, never, never>, 'standsAlone' | 'params' | 'refusals'>,
  takesInput: boolean,
  takesBody: boolean,
): Responses {
  const told = {
    ...(takesInput && { 400: 'a value that cannot be used: error.field and error.limit' }),
    ...(!standsAlone && {
      401: 'no API key, or one that is not in force',
      403: 'the role of the key does not suffice, or a page of another site asks',
      503: 'the database is away: Retry-After says when to come again',
    }),
    ...(params !== undefined && { 404: 'there is no such thing' }),
    ...(takesBody && {
      413: 'the body is too large',
      415: 'a content type, charset or encoding that is not read',
    }),
    ...refusals,
  };
  return Object.fromEntries(Object.entries(told).map(([status, text]) => [status, errorResponse(text)]));
}
