/**
 * Which role a request needs. Reading and predicting need a reader, changing something a writer; what decides
 * which model answers, and what sends data elsewhere, an admin. A route that nothing here names falls under
 * the rule of its method, so a new one that changes something never is a reader's by oversight.
 */
import { createMiddleware } from 'hono/factory';
import type { Context } from 'hono';
import { AppError } from '../../core/errors.ts';
import { KEY_ROLES, type KeyRole } from '../../db/index.ts';
import { CHAMPION } from '../../tracking/index.ts';
import type { AppEnv } from '../http/index.ts';
import { PERSON } from './sessions.ts';

/** Requests that are sent with POST and only ask. */
const ASKING = [
  /^\/texts\/check$/,
  /^\/(predict|batch_predict|invocations)$/,
  /^\/(tei|v2)\//,
  /^\/(ajax-)?api\/2\.0\/mlflow\/([\w-]+\/)*(search|search-datasets|get-latest-versions)$/,
];
const ADMINS = [
  /^\/serving\/traffic$/,
  /^\/schedule$/,
  /^\/learning\//,
  /^\/tracking\//,
  /^\/models\/[^/]+\/versions\/[^/]+\/(approve|reject)$/,
  new RegExp(`^/models/[^/]+/aliases/${CHAMPION}/`, 'i'),
];
/** Names of keys and people are for those who give them texts. */
const WRITERS_TO_READ = [/^\/reviewers$/];
/** What may let others in, so that not even reading is for everyone. */
const ADMINS_TO_READ = [/^\/(admin|audit|keys)(\/|$)/, /^\/(ajax-)?api\/2\.0\/mlflow\/webhooks(\/|$)/];

export function requiredRole(method: string, path: string): KeyRole {
  const isReading = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  const named = (patterns: readonly RegExp[]): boolean => patterns.some((pattern) => pattern.test(path));
  if (named(ADMINS_TO_READ) || (!isReading && named(ADMINS))) return 'admin';
  if (isReading && named(WRITERS_TO_READ)) return 'writer';
  if (isReading || (method === 'POST' && named(ASKING))) return 'reader';
  return 'writer';
}

function mayActAs(role: KeyRole, needed: KeyRole): boolean {
  return KEY_ROLES.indexOf(role) >= KEY_ROLES.indexOf(needed);
}

/** Stands behind `requireKey`, which says whose key it is. */
export function requireRole() {
  return createMiddleware<AppEnv>(async function requireRole(c, next) {
    const key = c.get('apiKey');
    const needed = requiredRole(c.req.method, c.req.path);
    if (key !== undefined && !mayActAs(key.role, needed))
      throw new AppError(
        'forbidden',
        `${c.req.method} ${c.req.path} needs a key of the role ${needed}; ${JSON.stringify(key.name)} is a ${key.role}'s: "copyloop keys create --name NAME --role ${needed}" makes one`,
      );
    return next();
  });
}

/**
 * Who asks, for histories. Where no keys are asked for, whoever reaches the server is the one user there is.
 */
export function nameCaller(c: Context<AppEnv>): string {
  const key = c.get('apiKey');
  if (key === undefined) return 'local user';
  return key.id.startsWith(PERSON)
    ? `${key.name} (${key.id.slice(PERSON.length)})`
    : `key ${key.name} (${key.id})`;
}

export function isAdmin(c: Context<AppEnv>): boolean {
  const key = c.get('apiKey');
  return key === undefined || key.role === 'admin';
}
