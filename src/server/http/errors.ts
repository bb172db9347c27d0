/**
 * Every error of a request as JSON with the status that its code stands for: what went wrong and what to do,
 * never a stack.
 */
import type { Context, ErrorHandler, NotFoundHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import { HTTPException } from 'hono/http-exception';
import { z } from '@hono/zod-openapi';
import { AppError, ERROR_CODES, toAppError } from '../../core/errors.ts';
import { describeTimeout, describeUnstorable, isConnectionLost } from '../../db/index.ts';
import { setHeader } from './headers.ts';
import type { AppEnv, Router } from './router.ts';

const errorBodySchema = z
  .object({
    status: z.literal('error'),
    error: z.looseObject({
      code: z.enum(ERROR_CODES),
      message: z.string(),
      field: z.string().optional(),
      limit: z.number().optional(),
      request_id: z.string().optional(),
    }),
  })
  .openapi('Error');

export type ErrorBody = z.infer<typeof errorBodySchema>;

/** For `responses` of a route. */
export const errorResponse = (description: string) => ({
  description,
  content: { 'application/json': { schema: errorBodySchema } },
});

/** @param contentType of the request, where the error tells it */
export function describeError(thrown: unknown, contentType?: string): AppError {
  if (!(thrown instanceof HTTPException)) {
    const unkeepable = describeUnstorable(thrown);
    if (unkeepable !== undefined) return new AppError('invalid-input', unkeepable, { cause: thrown });
    if (!(thrown instanceof AppError) && isConnectionLost(thrown)) {
      const { message } = toAppError(thrown);
      return new AppError('unavailable', `the queues cannot be reached (${message}): try again in a moment`, {
        cause: thrown,
      });
    }
    const late = describeTimeout(thrown);
    return late === undefined ? toAppError(thrown) : new AppError('timed-out', late, { cause: thrown });
  }
  const { status, message } = thrown;
  if (status === 415) {
    const sent = contentType === undefined ? 'no content-type' : JSON.stringify(contentType.slice(0, 100));
    return new AppError(
      'wrong-media-type',
      `the body has ${sent}: send JSON with content-type application/json`,
      { cause: thrown },
    );
  }
  return new AppError(status === 413 ? 'payload-too-large' : 'invalid-input', message, { cause: thrown });
}

/** Internal errors keep their text in the log. */
export function messageFor(error: AppError): string {
  return error.code === 'internal'
    ? 'the server failed at this request; its log has the reason'
    : error.message;
}

/** A caller learns the request id to ask with. */
function renderErrorBody(error: AppError, requestId: string | undefined): ErrorBody {
  const message = `${messageFor(error)}${error.code === 'internal' ? ' under the request id' : ''}`;
  return {
    status: 'error',
    error: { code: error.code, message, ...error.details, ...(requestId && { request_id: requestId }) },
  };
}

/** As MLflow's servers write them. */
export function renderMlflowError(error: AppError): { error_code: string; message: string } {
  return { error_code: String(error.details['mlflow'] ?? error.traits.mlflow), message: messageFor(error) };
}

/** How the protocol of a path writes its errors; undefined for our own routes. */
export type ErrorShape = (path: string) => ((error: AppError) => object) | undefined;

/**
 * When to try again, in whatever protocol the error is told: as the error says, or in a second where the
 * server is not ready.
 */
export function setRetryAfter(c: Context, error: AppError): void {
  const retryAfter = error.details['retryAfterSeconds'] ?? (error.traits.httpStatus === 503 ? 1 : undefined);
  if (retryAfter !== undefined) setHeader(c, 'Retry-After', String(retryAfter));
}

/** Of what is refused before a route sees it, too: in the shape that its caller reads. */
export const handleErrorOf = (shapeOf: ErrorShape): ErrorHandler<AppEnv> =>
  function handleError(thrown, c) {
    const error = describeError(thrown, c.req.header('content-type'));
    const { httpStatus } = error.traits;
    const log = c.get('log');
    const requestId = c.get('requestId');
    if (httpStatus === 500) log.error({ err: error, requestId }, 'a request failed');
    else log.debug({ err: error, requestId }, 'a request was refused');
    setRetryAfter(c, error);
    // A browser asks for name and password itself, and a script of a page would wait for that dialog.
    if (httpStatus === 401 && c.req.header('sec-fetch-dest') !== 'empty')
      setHeader(c, 'WWW-Authenticate', 'Basic realm="copyloop", charset="UTF-8"');
    // 499 is nginx's number for a caller who hung up; the type of Hono knows registered ones only.
    const render = shapeOf(c.req.path) ?? ((shown: AppError) => renderErrorBody(shown, requestId));
    return c.json(render(error), httpStatus as 400);
  };

/** In our own shape. */
export const handleError = handleErrorOf(() => undefined);

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** For what no route of the app takes: 405 with the methods that its path does take, else 404. */
export function handleNotFoundOf(app: Router): NotFoundHandler<AppEnv> {
  return function handleNotFound(c) {
    const { method, path } = c.req;
    const allowed = METHODS.filter((known) => hasRoute(app, known === 'HEAD' ? 'GET' : known, path));
    // Below a pattern that takes the method there may be nothing.
    if (allowed.length > 0 && !allowed.some((known) => known === method)) refuseMethod(c, allowed);
    throw new AppError('not-found', `there is no ${method} ${path}; /openapi.json lists what there is`);
  };
}

/** Refuses methods that no path takes (TRACE, PROPFIND, OPTIONS...) before anything else looks at them. */
export function refuseOtherMethods(app: Router) {
  return createMiddleware<AppEnv>(async function refuseOtherMethods(c, next) {
    if (METHODS.some((known) => known === c.req.method)) return next();
    const allowed = METHODS.filter((known) => hasRoute(app, known === 'HEAD' ? 'GET' : known, c.req.path));
    return refuseMethod(c, allowed.length > 0 ? allowed : METHODS);
  });
}

function refuseMethod(c: Context<AppEnv>, allowed: readonly string[]): never {
  setHeader(c, 'Allow', allowed.join(', '));
  throw new AppError('wrong-method', `${c.req.path} takes ${allowed.join(', ')}, not ${c.req.method}`);
}

/** Middleware matches every method, and is none. */
function hasRoute(app: Router, method: string, path: string): boolean {
  const [matches] = app.router.match(method, path);
  return matches.some(([[, route]]) => route.method === method);
}
