/**
 * MLflow's limits for names, keys and values (mlflow/utils/validation.py of 3.x), so that what is kept here
 * can move there.
 */
import { AppError } from '../core/errors.ts';
import type { Dataset } from './entities.ts';

const MAX_KEY_CHARS = 250;
const MAX_PARAM_VALUE_CHARS = 6000;
const MAX_TAG_VALUE_CHARS = 8000;
const MAX_EXPERIMENT_TAG_VALUE_CHARS = 20_000;
/** Prompts keep their text in a tag. */
const MAX_REGISTRY_TAG_VALUE_CHARS = 100_000;
const MAX_EXPERIMENT_NAME_CHARS = 500;
const MAX_ALIAS_CHARS = 255;
/** As long as the tag that holds it too. */
export const MAX_RUN_NAME_CHARS = MAX_TAG_VALUE_CHARS;
const MAX_BATCH = { metrics: 1000, params: 100, tags: 100, total: 1000 };

/**
 * Keys of metrics, params and tags: letters, digits, `_ - . space : /`, and a path that stays where it is.
 */
export function checkKey(kind: 'metric' | 'param' | 'tag', key: string): void {
  const name = `${kind} name: '${key.slice(0, MAX_KEY_CHARS)}'`;
  if (key.length > MAX_KEY_CHARS)
    throw new AppError(
      'invalid-input',
      `Invalid ${name}: ${key.length} characters exceed the limit of ${MAX_KEY_CHARS}.`,
    );
  if (key === '' || !/^[\p{L}\p{N}_\-. :/]*$/u.test(key))
    throw new AppError(
      'invalid-input',
      `Invalid ${name}. Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).`,
    );
  const names = key.split('/');
  if (
    key === '.' ||
    names.includes('..') ||
    (names.length > 1 && names.some((part) => part === '' || part === '.'))
  )
    throw new AppError(
      'invalid-input',
      `Invalid ${name}. Names may be treated as files in certain cases, and must not resolve to other names when treated as such.`,
    );
}

export interface Pair {
  key: string;
  value: string;
}

/**
 * Checked, and cut at MLflow's limit: it shortens values of params and run tags, and refuses longer ones
 * elsewhere.
 */
export function toParam({ key, value }: Pair): Pair {
  checkKey('param', key);
  return { key, value: shorten(`value of param '${key}'`, value, MAX_PARAM_VALUE_CHARS) };
}

/** Of a run or a logged model; checked and cut as a param is. */
export function toTag({ key, value }: Pair): Pair {
  checkKey('tag', key);
  return { key, value: shorten(`value of tag '${key}'`, value, MAX_TAG_VALUE_CHARS) };
}

/** @param maxChars code points, as Python counts; a pair of surrogates stays whole */
function shorten(what: string, value: string, maxChars: number): string {
  if (value.length <= maxChars) {
    checkText(what, value, maxChars);
    return value;
  }
  let end = 0;
  for (let chars = 0; chars < maxChars && end < value.length; chars += 1)
    end += (value.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  const cut = value.slice(0, end);
  checkText(what, cut, cut.length);
  return cut;
}

export function checkExperimentTag({ key, value }: Pair): void {
  checkKey('tag', key);
  checkText(`value of tag '${key}'`, value, MAX_EXPERIMENT_TAG_VALUE_CHARS);
}

/** Of a registered model or one of its versions. */
export function checkRegistryTag({ key, value }: Pair): void {
  checkKey('tag', key);
  checkText(`value of tag '${key}'`, value, MAX_REGISTRY_TAG_VALUE_CHARS);
}

export function checkMetrics(metrics: readonly { key: string; timestampMs: number; step: number }[]): void {
  // A batch tells of few keys often.
  const checked = new Set<string>();
  for (const { key, timestampMs, step } of metrics) {
    if (!checked.has(key)) checkKey('metric', key);
    checked.add(key);
    if (!Number.isSafeInteger(timestampMs)) throw noInteger('timestamp', timestampMs, key);
    if (!Number.isSafeInteger(step)) throw noInteger('step', step, key);
  }
}

function noInteger(what: string, value: number, key: string): AppError {
  return new AppError('invalid-input', `Invalid ${what} ${value} of metric '${key}': it must be an integer.`);
}

/** PostgreSQL keeps no NUL in a text. */
export function checkText(what: string, value: string, maxChars: number): void {
  if (value.length > maxChars)
    throw new AppError(
      'invalid-input',
      `The ${what} has ${value.length} characters, the limit is ${maxChars}.`,
    );
  if (value.includes('\u0000'))
    throw new AppError('invalid-input', `The ${what} holds a NUL character, which is refused.`);
}

export function checkDataset(dataset: Dataset): void {
  checkText('dataset name', dataset.name, 500);
  checkText('dataset digest', dataset.digest, 36);
  checkText('dataset source', dataset.source, 65_535);
  checkText('dataset schema', dataset.schema ?? '', 1_048_575);
  checkText('dataset profile', dataset.profile ?? '', 16_777_215);
}

export function checkExperimentName(name: string): void {
  checkText('experiment name', name, MAX_EXPERIMENT_NAME_CHARS);
  if (name.trim() === '')
    throw new AppError('invalid-input', 'Invalid experiment name: it must be a non-empty text.');
}

export function checkModelName(name: string): void {
  if (name === '') throw new AppError('invalid-input', 'Registered model name cannot be empty.');
  checkText('registered model name', name, MAX_KEY_CHARS + 6);
  if (/[/:]/.test(name) || ['.', '..'].includes(name))
    throw new AppError(
      'invalid-input',
      `Invalid model name: '${name}'. Model names cannot contain '/' or ':'.`,
    );
}

/** `latest` and `v12` mean something else in a model URI. */
export function checkAlias(alias: string): void {
  if (alias.length > MAX_ALIAS_CHARS || !/^[\w-]+$/.test(alias))
    throw new AppError(
      'invalid-input',
      `Invalid alias name: '${alias.slice(0, MAX_ALIAS_CHARS)}'. Use 1 to ${MAX_ALIAS_CHARS} letters, digits, '_' and '-'.`,
    );
  if (alias.toLowerCase() === 'latest' || /^[vV]\d+$/.test(alias))
    throw new AppError('invalid-input', `Invalid alias name: '${alias}' is reserved.`);
}

export function checkBatch(batch: {
  metrics: readonly { key: string }[];
  params: readonly { key: string; value: string }[];
  tags: readonly unknown[];
}): void {
  const { metrics, params, tags } = batch;
  checkCount('metrics', metrics.length, MAX_BATCH.metrics);
  checkCount('params', params.length, MAX_BATCH.params);
  checkCount('tags', tags.length, MAX_BATCH.tags);
  checkCount('metrics, params, and tags', metrics.length + params.length + tags.length, MAX_BATCH.total);
  const keys = new Set<string>();
  for (const { key } of params) {
    if (keys.has(key))
      throw new AppError('invalid-input', `Duplicate parameter keys have been submitted: ${key}.`);
    keys.add(key);
  }
}

function checkCount(what: string, count: number, most: number): void {
  if (count > most)
    throw new AppError(
      'invalid-input',
      `A batch logging request can contain at most ${most} ${what}. Got ${count}. Please split up ${what} across multiple requests and try again.`,
    );
}
