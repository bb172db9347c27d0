/**
 * Every change that comes in over HTTP goes into the audit log, and so does every refusal of one for want of
 * a role. One place for all routes: what is left out is named here.
 */
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { matchedRoutes } from 'hono/route';
import type { AuditLog, AuditRecord } from '../../audit/index.ts';
import { isJsonObject } from '../../core/json-object.ts';
import type { AppEnv } from '../http/index.ts';
import { nameCaller, requiredRole } from './roles.ts';

/**
 * The stream of what trainings log and what people say of texts: thousands a minute, each kept with its own
 * time where it belongs.
 */
const STREAMS = [
  /^\/feedback$/,
  /^\/(ajax-)?api\/2\.0\/mlflow\/runs\/(log-[a-z]+|outputs|set-tag|delete-tag|update)$/,
  /^\/(ajax-)?api\/2\.0\/mlflow\/logged-models\/[^/]+\/params$/,
];
/** Members of a body that say what is changed; nothing else of it is kept, since it may hold secrets. */
const NAMING = [
  'name',
  'new_name',
  'version',
  'alias',
  'stage',
  'key',
  'run_id',
  'experiment_id',
  'reason',
  'role',
  'paused',
  'champion',
  'challenger',
  'shadow',
  'status',
  'cascade',
  'from_stage',
] as const;
const MAX_VALUE_CHARS = 200;

export function isAudited(method: string, path: string): boolean {
  if (path === '/session') return method !== 'GET' && method !== 'HEAD';
  return (
    requiredRole(method, path) !== 'reader' && !isReading(method) && !STREAMS.some((one) => one.test(path))
  );
}

export function auditChanges(audit: AuditLog) {
  return createMiddleware<AppEnv>(async function auditChanges(c, next) {
    const { method, path } = c.req;
    if (!isAudited(method, path)) return next();
    await next();
    const { status } = c.res;
    // What was asked for wrongly has changed nothing.
    if (status >= 400 && status < 500 && status !== 403) return;
    await audit.append({ ...(await describeChange(c)), outcome: outcomeOf(status) });
  });
}

async function describeChange(c: Context<AppEnv>): Promise<Omit<AuditRecord, 'outcome'>> {
  const named = path(c) === '/session' ? {} : await readNames(c);
  const { name, run_id: runId, experiment_id: experimentId } = named;
  const own = path(c);
  const object = own.includes('/mlflow/') ? (name ?? runId ?? experimentId ?? own) : own;
  return {
    actor: nameCaller(c),
    action: `${c.req.method} ${patternOf(c)}`,
    object: String(object),
    details: { ...named, ...(c.res.status >= 400 && { status: c.res.status }) },
    requestId: c.get('requestId'),
  };
}

const path = (c: Context<AppEnv>): string => c.req.path;

/** From what the route has read of the body: one that nobody read says nothing. */
async function readNames(c: Context<AppEnv>): Promise<Record<string, string | number | boolean>> {
  const { text, json } = c.req.bodyCache as { text?: Promise<string>; json?: Promise<unknown> };
  let body: unknown;
  try {
    body = text === undefined ? await json : JSON.parse(await text);
  } catch {
    return {};
  }
  if (!isJsonObject(body)) return {};
  const found: Record<string, string | number | boolean> = {};
  for (const key of NAMING) {
    const value = body[key];
    if (typeof value === 'string') found[key] = value.slice(0, MAX_VALUE_CHARS);
    else if (typeof value === 'number' || typeof value === 'boolean') found[key] = value;
  }
  return found;
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

function outcomeOf(status: number): AuditRecord['outcome'] {
  if (status === 403) return 'refused';
  return status >= 500 ? 'failed' : 'done';
}

function patternOf(c: Context<AppEnv>): string {
  const route = matchedRoutes(c).findLast(({ method }) => method !== 'ALL');
  return route?.path ?? c.req.path;
}
