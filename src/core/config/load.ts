/**
 * Reads the configuration once: config/default.yaml, then the user's file, then the environment, then the
 * command line. The only place that reads `process.env`. The result is frozen and passed in wherever it is
 * needed.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { AppError, toError } from '../errors.ts';
import { packageRoot } from '../paths.ts';
import { isJsonObject, type JsonObject } from '../json-object.ts';
import { nonEmpty, readEnvironment, type Environment } from './environment.ts';
import { maskValue } from './mask.ts';
import { configSchema, type Config } from './schema.ts';
import { sourceKeys } from './sources.ts';

/** Where a value came from: `default`, `file my.yaml`, `environment PORT`, `command line`. */
export type Origins = ReadonlyMap<string, string>;

export interface LoadedConfig {
  config: Config;
  origins: Origins;
}

export interface LoadOptions {
  env?: Environment;
  /** A user's YAML file; COPYLOOP_CONFIG otherwise. */
  file?: string | undefined;
  /** Values from the command line by dotted key: `{ 'server.port': 9000 }`. */
  overrides?: Readonly<Record<string, unknown>>;
}

/** A section whose keys the user invents: it is replaced whole, so that a default entry never lingers. */
const REPLACED_WHOLE = new Set(['data.map']);

export function loadConfig(options: LoadOptions = {}): LoadedConfig {
  const env = options.env ?? process.env;
  const origins = new Map<string, string>();
  const tree = readYaml(path.join(packageRoot, 'config', 'default.yaml'));
  addSourceDefaults(tree);
  const defaults = structuredClone(tree);
  noteOrigins(tree, 'default', origins);

  const file = options.file ?? nonEmpty(env['COPYLOOP_CONFIG']);
  if (file !== undefined) merge(tree, readYaml(path.resolve(file)), `file ${file}`, origins);
  for (const { variable, key, value } of readEnvironment(env, defaults))
    setKey(tree, key, value, `environment ${variable}`, origins);
  for (const [key, value] of Object.entries(options.overrides ?? {})) {
    if (value !== undefined) setKey(tree, key, value, 'command line', origins);
  }
  return { config: validate(tree, origins), origins };
}

/**
 * A kind of source says its defaults with its keys, so that a new one is known to files and variables too.
 */
function addSourceDefaults(tree: JsonObject): void {
  const { data } = tree;
  const source = isJsonObject(data) ? data['source'] : undefined;
  if (!isJsonObject(source)) return;
  for (const [key, schema] of Object.entries(sourceKeys)) {
    const fallback = schema.safeParse(undefined);
    if (fallback.success && !(key in source)) source[key] = fallback.data ?? null;
  }
}

function validate(tree: JsonObject, origins: Origins): Config {
  const parsed = configSchema.safeParse(tree);
  if (parsed.success) return deepFreeze(parsed.data);
  const lines = parsed.error.issues.map((issue) => {
    const key = issue.path.join('.');
    if (issue.code === 'unrecognized_keys') {
      const names = issue.keys.map((name) => (key === '' ? name : `${key}.${name}`));
      return `unknown key ${names.join(', ')}${originOf(names[0] ?? key, origins)}: remove it, or see config/default.yaml for the names`;
    }
    return `${key} is ${JSON.stringify(maskValue(key, valueAt(tree, issue.path)))}${originOf(key, origins)}: ${issue.message}`;
  });
  throw new AppError('invalid-config', `the configuration is refused:\n  ${lines.join('\n  ')}`);
}

function originOf(key: string, origins: Origins): string {
  for (let k = key; k !== ''; k = k.includes('.') ? k.slice(0, k.lastIndexOf('.')) : '') {
    const origin = origins.get(k);
    if (origin !== undefined) return ` (from ${origin})`;
  }
  return '';
}

function readYaml(file: string): JsonObject {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    throw new AppError(
      'invalid-config',
      `cannot read the configuration file ${file}: ${toError(error).message}`,
      { cause: error },
    );
  }
  let tree: unknown;
  try {
    tree = parseYaml(content);
  } catch (error) {
    // The first line says what and where; below it, and so in the cause, stands the line of the file, which
    // may hold a secret.
    const [what = ''] = toError(error).message.split('\n');
    throw new AppError('invalid-config', `${file} is not YAML: ${what.replace(/:$/u, '')}`);
  }
  if (tree === null || tree === undefined) return {};
  if (!isJsonObject(tree))
    throw new AppError('invalid-config', `${file} must be a map of sections, as config/default.yaml does`);
  return tree;
}

function merge(
  target: JsonObject,
  source: JsonObject,
  origin: string,
  origins: Map<string, string>,
  prefix = '',
): void {
  for (const [name, value] of Object.entries(source)) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const current = target[name];
    if (isJsonObject(value) && isJsonObject(current) && !REPLACED_WHOLE.has(key))
      merge(current, value, origin, origins, key);
    else {
      target[name] = value;
      noteOrigins({ [name]: value }, origin, origins, prefix);
    }
  }
}

function setKey(
  tree: JsonObject,
  key: string,
  value: unknown,
  origin: string,
  origins: Map<string, string>,
): void {
  const names = key.split('.');
  const last = names.pop() as string;
  let node = tree;
  for (const name of names) {
    const next = node[name];
    node = isJsonObject(next) ? next : (node[name] = {});
  }
  node[last] = value;
  noteOrigins({ [last]: value }, origin, origins, names.join('.'));
}

function noteOrigins(tree: JsonObject, origin: string, origins: Map<string, string>, prefix = ''): void {
  for (const [name, value] of Object.entries(tree)) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    if (isJsonObject(value) && Object.keys(value).length > 0) noteOrigins(value, origin, origins, key);
    else origins.set(key, origin);
  }
}

function valueAt(tree: unknown, keys: readonly PropertyKey[]): unknown {
  return keys.reduce<unknown>((node, key) => (node as Record<PropertyKey, unknown> | undefined)?.[key], tree);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
