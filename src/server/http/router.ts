/** What every route shares: the variables of a request and how a refused input is told. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { HttpBindings } from '@hono/node-server';
import type { z } from 'zod';
import { AppError, type ErrorDetails } from '../../core/errors.ts';
import type { KeyRole } from '../../db/index.ts';
import type { Logger } from '../../core/log.ts';
import { LiteralRouter } from './literal-router.ts';

export interface AppEnv {
  /** Absent where a test calls the app without a socket. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    log: Logger;
    /** `/copyloop`, or ''; absent where a router stands by itself. */
    basePath?: string;
    /** The API key that the request came with; undefined where none is asked for. */
    apiKey?: { id: string; name: string; role: KeyRole; requestsPerMinute?: number | null };
  };
}

export type Router = OpenAPIHono<AppEnv>;

export function createRouter(): Router {
  return new OpenAPIHono<AppEnv>({
    router: new LiteralRouter(),
    defaultHook: (result) => {
      if (!result.success) throw toInvalidInput(result.error);
    },
  });
}

/** The first fault names the field and, where there is one, the limit; the rest stand in the message. */
export function toInvalidInput(error: z.ZodError): AppError {
  const issues = error.issues.flatMap((issue) => deepest(issue));
  const faults = issues.slice(0, 5).map((issue) => {
    const field = issue.path.join('.');
    return {
      field,
      text: field === '' ? issue.message : `${field}: ${issue.message}`,
      limit: limitOf(issue),
    };
  });
  const [first] = faults;
  const details: ErrorDetails = {};
  if (first !== undefined && first.field !== '') details['field'] = first.field;
  if (first?.limit !== undefined) details['limit'] = first.limit;
  const more = issues.length - faults.length;
  const message = faults.map((fault) => fault.text).join('; ') + (more > 0 ? `; and ${more} more` : '');
  return new AppError('invalid-input', message, { details, cause: error });
}

/**
 * Of a value that no member of a union takes, what the member says that came furthest: it names the item of a
 * list.
 */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const members = issue.errors
    .map((member) => member.flatMap((inner) => deepest(inner)))
    .filter((member) => member.some((inner) => inner.path.length > 0));
  const depthOf = (member: readonly z.core.$ZodIssue[]): number =>
    Math.max(...member.map((inner) => inner.path.length));
  const [best] = members.toSorted((a, b) => depthOf(b) - depthOf(a));
  if (best === undefined) return [issue];
  return best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function limitOf(issue: z.core.$ZodIssue): number | undefined {
  if (issue.code === 'too_big') return Number(issue.maximum);
  if (issue.code === 'too_small') return Number(issue.minimum);
  return undefined;
}
