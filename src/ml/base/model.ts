/** The encoder a training starts from: a directory with a DistilBERT model and its tokenizer. */
import { copyFile, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError, toError } from '../../core/errors.ts';
import { parseDistilBertConfig, readWeights, type DistilBertConfig, type Weights } from '../models/index.ts';

export interface BaseModel {
  directory: string;
  config: DistilBertConfig;
  /** config.json as it is, for the fields a trained model keeps. */
  configJson: Record<string, unknown>;
  /** From the file, so that they take memory only while somebody needs them. */
  readWeights(): Promise<Weights>;
}

/**
 * The configuration of the classifier to be trained: one with another number of labels lends its encoder
 * only.
 */
export function trainedConfig({ config }: BaseModel): DistilBertConfig {
  return config.labels.length === 2 ? config : { ...config, labels: ['0', '1'] };
}

/**
 * The tokenizer reads its words from tokenizer.json; vocab.txt is for others who open the model, and not
 * every model has it.
 */
export const OPTIONAL_FILE = 'vocab.txt';
export const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json', OPTIONAL_FILE] as const;

/**
 * @throws AppError `bad-model` naming the file that is missing or unsound, `unsupported` for another
 *   architecture
 */
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

/** Copies the tokenizer's files, vocab.txt only where there is one, and returns their names. */
export async function copyTokenizer(from: string, to: string): Promise<string[]> {
  const copied: string[] = [];
  for (const name of TOKENIZER_FILES) {
    const source = path.join(from, name);
    if (name === OPTIONAL_FILE && !(await isFile(source))) continue;
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
