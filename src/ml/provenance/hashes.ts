/** Hashes of models that do not depend on how a file lays its tensors out. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isFile, TOKENIZER_FILES, type BaseModel } from '../base/index.ts';
import type { Tensor } from '../models/index.ts';
import { bytesOf } from '../onnx/index.ts';

/** sha256 over name, shape and float32 bytes of every tensor, by name. */
export function hashWeights(weights: ReadonlyMap<string, Pick<Tensor, 'shape' | 'data'>>): string {
  const hash = createHash('sha256');
  for (const name of [...weights.keys()].toSorted()) {
    const tensor = weights.get(name);
    if (tensor === undefined) continue;
    hash.update(`${name}\0${tensor.shape.join(',')}\0`).update(bytesOf(tensor.data));
  }
  return hash.digest('hex');
}

/**
 * sha256 over all of a base model that a training depends on: its weights, its configuration and its
 * tokenizer.
 */
export async function hashBaseModel(base: BaseModel): Promise<string> {
  const hash = createHash('sha256');
  hash.update(hashWeights(await base.readWeights())).update(JSON.stringify(base.configJson));
  for (const name of TOKENIZER_FILES) {
    const file = path.join(base.directory, name);
    if (await isFile(file)) hash.update(`\0${name}\0`).update(await readFile(file));
  }
  return hash.digest('hex');
}
