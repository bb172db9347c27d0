/** Settings from environment variables: which key a variable names, and what its text says there. */
import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { AppError, toError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../json-object.ts';
import { configSchema, SECRET_KEYS } from './schema.ts';

const PLAIN_VARIABLES: Readonly<Record<string, string>> = {
  PORT: 'server.port',
  HOST: 'server.host',
  COPYLOOP_VAR_DIR: 'storage.varDir',
  DATABASE_URL: 'storage.databaseUrl',
  REDIS_URL: 'storage.redisUrl',
};
const PREFIX = 'COPYLOOP_';
const FILE_SUFFIX = '_FILE';
/** Variables of the prefix that are not keys. */
const OTHER_VARIABLES = new Set(['COPYLOOP_CONFIG', 'COPYLOOP_VAR_DIR', 'COPYLOOP_URL', 'COPYLOOP_API_KEY']);

/** Sections whose keys the schema does not list: fields of records, and stages. */
const FREE_KEYS = new Set(['data.map', 'queues.timeoutsMs', 'queues.concurrency']);

export type Environment = Readonly<Record<string, string | undefined>>;

export interface VariableSetting {
  variable: string;
  key: string;
  value: unknown;
}

/** @throws AppError `invalid-config` for a variable of our prefix that names no setting. */
export function readEnvironment(env: Environment, defaults: JsonObject): VariableSetting[] {
  const settings: VariableSetting[] = [];
  for (const [variable, key] of Object.entries(PLAIN_VARIABLES)) {
    const text = nonEmpty(env[variable]);
    if (text !== undefined) settings.push({ variable, key, value: readValue(key, text) });
  }
  for (const [variable, text] of Object.entries(env)) {
    if (variable.endsWith(FILE_SUFFIX) && text !== undefined && text !== '') {
      const setting = readSecretFile(variable, text, env, defaults);
      if (setting !== undefined) {
        settings.push(setting);
        continue;
      }
    }
    if (!variable.startsWith(PREFIX) || OTHER_VARIABLES.has(variable) || text === undefined) continue;
    const key = keyOfVariable(variable, defaults);
    settings.push({ variable, key, value: readValue(key, text) });
  }
  return settings;
}

/**
 * `DATABASE_URL_FILE` and its like: a secret that a file holds, as Docker and Kubernetes mount it; its last
 * line end is not part of it.
 */
function readSecretFile(
  variable: string,
  file: string,
  env: Environment,
  defaults: JsonObject,
): VariableSetting | undefined {
  const base = variable.slice(0, -FILE_SUFFIX.length);
  const key = PLAIN_VARIABLES[base] ?? (base.startsWith(PREFIX) ? findKey(base, defaults) : undefined);
  if (key === undefined || !SECRET_KEYS.includes(key)) return undefined;
  if (nonEmpty(env[base]) !== undefined)
    throw new AppError('invalid-config', `${base} and ${variable} are both set: leave one out`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new AppError('invalid-config', `cannot read the file of ${variable}: ${toError(cause).message}`, {
      cause,
    });
  }
  // No database address is the embedded server's: a secret that was not filled in must not choose it.
  if (text === '') throw new AppError('invalid-config', `the file of ${variable} is empty: ${file}`);
  return { variable, key, value: readValue(key, text) };
}

function findKey(variable: string, defaults: JsonObject): string | undefined {
  try {
    return keyOfVariable(variable, defaults);
  } catch {
    return undefined;
  }
}

/**
 * COPYLOOP_DATA__SOURCE__COUNT -> data.source.count; words are matched without case and single underscores.
 */
function keyOfVariable(variable: string, defaults: JsonObject): string {
  const names: string[] = [];
  let node: unknown = defaults;
  for (const part of variable.slice(PREFIX.length).split('__')) {
    const wanted = part.replaceAll('_', '').toLowerCase();
    const known = isJsonObject(node) ? Object.keys(node) : keysAt(names.join('.'));
    const name = known.find((candidate) => candidate.replaceAll('-', '').toLowerCase() === wanted);
    if (name === undefined && !FREE_KEYS.has(names.join('.'))) {
      const place = names.length === 0 ? 'sections' : `keys of ${names.join('.')}`;
      throw new AppError(
        'invalid-config',
        `environment variable ${variable} names no setting; the ${place} are ${known.join(', ')}`,
      );
    }
    names.push(name ?? part.toLowerCase().replaceAll('_', '-'));
    node = isJsonObject(node) ? node[name ?? part] : undefined;
  }
  return names.join('.');
}

/**
 * Where the key holds text, the variable's text as it stands, since ` #`, digits and quotes are as good as
 * any letter in a password; empty and `null` say "none" where a key may be null. Everywhere else YAML's rules
 * tell a number, a boolean and a list.
 */
function readValue(key: string, text: string): unknown {
  const { type, mayBeNull } = typeAt(key);
  if (type instanceof z.ZodString || type instanceof z.ZodURL)
    return mayBeNull && (text === '' || text === 'null') ? null : text;
  try {
    return parseYaml(text);
  } catch {
    return text;
  }
}

/** Of a section that is null by default, such as `server.oidc`, so that a variable can name one key of it. */
function keysAt(section: string): string[] {
  const { type } = typeAt(section);
  return type instanceof z.ZodObject ? Object.keys(type.shape) : [];
}

function typeAt(key: string): { type: unknown; mayBeNull: boolean } {
  let type: unknown = configSchema;
  let mayBeNull = false;
  const unwrap = (): void => {
    for (;;) {
      if (type instanceof z.ZodPipe) type = type.out;
      else if (type instanceof z.ZodOptional || type instanceof z.ZodDefault) type = type.unwrap();
      else if (type instanceof z.ZodNullable) {
        mayBeNull = true;
        type = type.unwrap();
      } else return;
    }
  };
  for (const name of key.split('.')) {
    unwrap();
    if (type instanceof z.ZodObject) type = type.shape[name];
    else if (type instanceof z.ZodRecord) type = type.valueType;
    else return { type: undefined, mayBeNull: false };
    mayBeNull = false;
  }
  unwrap();
  return { type, mayBeNull };
}

export function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

/** Whether there is a screen beside the terminal, on which a browser can open. */
export function hasDesktop(platform: NodeJS.Platform, env: Environment = process.env): boolean {
  if (nonEmpty(env['CI']) !== undefined || nonEmpty(env['SSH_CONNECTION']) !== undefined) return false;
  if (platform === 'darwin' || platform === 'win32') return true;
  return nonEmpty(env['DISPLAY']) !== undefined || nonEmpty(env['WAYLAND_DISPLAY']) !== undefined;
}
