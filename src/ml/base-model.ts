/** The encoder a training starts from: a DistilBERT directory, or a repository of the Hugging Face hub brought into a cache. */
import { copyFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { downloadFile } from '@huggingface/hub';
import { AppError, toError } from '../core/errors.ts';
import { randomSlug } from '../core/ids.ts';
import { packageRoot } from '../core/paths.ts';
import {
  parseDistilBertConfig,
  readWeights,
  writeAtomically,
  type DistilBertConfig,
  type Weights,
} from './models/index.ts';

export interface BaseModel {
  directory: string;
  config: DistilBertConfig;
  /** config.json as it is, for the fields a trained model keeps. */
  configJson: Record<string, unknown>;
  /** From the file, so that they take memory only while somebody needs them. */
  readWeights(): Promise<Weights>;
}

/** The configuration of the classifier to be trained: one with another number of labels lends its encoder only. */
export function trainedConfig({ config }: BaseModel): DistilBertConfig {
  return config.labels.length === 2 ? config : { ...config, labels: ['0', '1'] };
}

export const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json', 'vocab.txt'] as const;
const BASE_FILES = ['config.json', 'model.safetensors', ...TOKENIZER_FILES] as const;

/** @throws AppError `bad-model` naming the file that is missing or unsound, `unsupported` for another architecture */
export async function readBaseModel(directory: string): Promise<BaseModel> {
  const configJson = await readConfigJson(directory);
  const config = parseDistilBertConfig(configJson);
  const file = path.join(directory, 'model.safetensors');
  if (!(await isFile(file))) throw new AppError('bad-model', `${file} is missing`);
  return { directory, config, configJson, readWeights: () => readWeights(file) };
}

export async function readConfigJson(directory: string): Promise<Record<string, unknown>> {
  const file = path.join(directory, 'config.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  } catch (thrown) {
    throw new AppError('bad-model', `${file} is missing or no JSON: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }
}

/**
 * The local directory of a base model. A path is resolved against the package (so that `assets/encoder` works from
 * anywhere) and against the working directory; anything else of the form `owner/name` is fetched once from the hub.
 *
 * @param cacheDirectory where hub models are kept
 * @throws AppError `unavailable` when the hub cannot be reached, `not-found` when there is no such model
 */
export async function resolveBaseDirectory(
  base: string,
  cacheDirectory: string,
  signal?: AbortSignal,
): Promise<string> {
  for (const candidate of [path.resolve(base), path.resolve(packageRoot, base)]) {
    if (await isFile(path.join(candidate, 'config.json'))) return candidate;
  }
  if (!/^[\w.-]+\/[\w.-]+$/.test(base) || base.startsWith('.')) {
    throw new AppError(
      'not-found',
      `the base model "${base}" is neither a directory with a config.json nor a hub id (owner/name)`,
    );
  }
  const directory = path.join(cacheDirectory, base.replace('/', '--'));
  if (await isFile(path.join(directory, 'config.json'))) return directory;
  await fetchFromHub(base, directory, signal);
  return directory;
}

async function fetchFromHub(repo: string, directory: string, signal: AbortSignal | undefined): Promise<void> {
  const partial = `${directory}.${randomSlug(8)}.partial`;
  await mkdir(partial, { recursive: true });
  try {
    for (const name of BASE_FILES) {
      signal?.throwIfAborted();
      const blob = await downloadOne(repo, name);
      if (blob === null) {
        throw new AppError(
          'not-found',
          `the hub's model "${repo}" has no ${name}, or there is no such model`,
        );
      }
      await writeAtomically(path.join(partial, name), [new Uint8Array(await blob.arrayBuffer())]);
    }
    await rename(partial, directory);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function downloadOne(repo: string, name: string): Promise<Blob | null> {
  try {
    return await downloadFile({ repo, path: name });
  } catch (thrown) {
    throw new AppError(
      'unavailable',
      `${name} of "${repo}" cannot be fetched from the Hugging Face hub (${toError(thrown).message}); give a local directory as the base model where there is no network`,
      { cause: thrown },
    );
  }
}

/** Copies the tokenizer's files, vocab.txt only where there is one, and returns their names. */
export async function copyTokenizer(from: string, to: string): Promise<string[]> {
  const copied: string[] = [];
  for (const name of TOKENIZER_FILES) {
    const source = path.join(from, name);
    if (name === 'vocab.txt' && !(await isFile(source))) continue;
    await copyFile(source, path.join(to, name)).catch((thrown: unknown) => {
      throw new AppError('bad-model', `${source} cannot be copied: ${toError(thrown).message}`, {
        cause: thrown,
      });
    });
    copied.push(name);
  }
  return copied;
}

export async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}
