/** copyloop.json: what a model directory says of itself beyond Hugging Face's files. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError, toError } from '../../core/errors.ts';
import { parseJson } from '../../core/json-depth.ts';
import { sha256File } from '../../core/ids.ts';
import { provenanceSchema } from '../provenance/index.ts';
import { recipeSchema } from '../recipes.ts';

export const PRECISIONS = ['fp32', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

export const MANIFEST_FILE = 'copyloop.json';
export const ONNX_FILES: Readonly<Record<Precision, string>> = {
  fp32: 'onnx/model.onnx',
  int8: 'onnx/model_quantized.onnx',
};
export const WEIGHTS_FILE = 'model.safetensors';

const probability = z.number().min(0).max(1);

export const manifestSchema = z.object({
  format: z.literal(1),
  recipe: recipeSchema,
  seed: z.int(),
  /**
   * Already divided into the classifier's weights: every runtime gives calibrated probabilities. Kept as a
   * fact.
   */
  temperature: z.number().positive(),
  /** A text is called good when its probability of label 1 reaches this. */
  decisionThreshold: probability,
  /** Tokens that texts were cut to in training. */
  maxLength: z.int().positive(),
  /** What serving uses unless told otherwise. */
  servePrecision: z.enum(PRECISIONS),
  validationAccuracy: z.object({ fp32: probability, int8: probability }),
  /** Texts with the probability of label 1 each precision must give: the self-test at load. */
  probes: z.array(z.object({ text: z.string(), fp32: probability, int8: probability })).min(1),
  /** What the weights follow from; models of before it was kept have none. */
  provenance: provenanceSchema.optional(),
  /** Every file beside this one. */
  files: z.record(z.string(), z.object({ bytes: z.int().nonnegative(), sha256: z.string().length(64) })),
});

export type Manifest = z.infer<typeof manifestSchema>;

/**
 * undefined when the directory has none: a model that was not made here. @throws AppError `bad-model` when it
 * is malformed
 */
export async function readManifest(directory: string): Promise<Manifest | undefined> {
  const file = path.join(directory, MANIFEST_FILE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    const error = toError(thrown);
    if ('code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return parseManifest(text, file);
}

/** @throws AppError `bad-model` naming `file` */
export function parseManifest(text: string, file: string): Manifest {
  try {
    return manifestSchema.parse(parseJson(text, 'the file'));
  } catch (thrown) {
    throw new AppError('bad-model', `${file} is malformed: ${toError(thrown).message}`, { cause: thrown });
  }
}

/** @throws AppError `bad-model` when the directory has none, or it is malformed */
export async function requireManifest(directory: string): Promise<Manifest> {
  const manifest = await readManifest(directory);
  if (manifest !== undefined) return manifest;
  throw new AppError(
    'bad-model',
    `${directory} has no ${MANIFEST_FILE}: it is not a model directory of copyloop`,
  );
}

/** Sizes and hashes of the named files, by their names. */
export async function describeFiles(directory: string, names: readonly string[]): Promise<Manifest['files']> {
  const entries = await Promise.all(
    names.map(async (name) => {
      const file = path.join(directory, name);
      return [name, { bytes: (await stat(file)).size, sha256: await sha256File(file) }] as const;
    }),
  );
  return Object.fromEntries(entries);
}
