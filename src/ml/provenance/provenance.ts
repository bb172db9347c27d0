/** The record of one training: everything that its weights follow from, and their hash. Kept in copyloop.json and with the tracking run. */
import { z } from 'zod';
import { codeVersionSchema, readCodeVersion } from '../../core/code-version.ts';
import { sha256File } from '../../core/ids.ts';
import type { BaseModel } from '../base/model.ts';
import { recipeSchema } from '../recipes.ts';
import { hashBaseModel } from './hashes.ts';
import { describeMachine, machineSchema, packageVersion } from './machine.ts';

const sha256 = z.string().length(64);

/** The dataset version that the rows of a training come from. */
export const datasetRefSchema = z.object({ version: z.int(), digest: sha256 });

export const provenanceSchema = z.object({
  format: z.literal(1),
  /** null for a training outside the pipeline. */
  dataset: datasetRefSchema.nullable(),
  /** Of the CSV files that were read. */
  files: z.object({ train: sha256, validation: sha256 }),
  /** With every `auto` replaced by what was used. */
  recipe: recipeSchema,
  seed: z.int(),
  base: z.object({ name: z.string(), sha256 }),
  code: codeVersionSchema,
  runtime: z.object({
    /** What trained: `tfjs-wasm`, `tfjs-tensorflow`, `onnxruntime-node`. */
    backend: z.string(),
    node: z.string(),
    onnxruntime: z.string(),
    tfjs: z.string(),
  }),
  machine: machineSchema,
  threads: z.int(),
  /** `hashWeights` of what was written. */
  weightsSha256: sha256,
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** What is known, and must be read, before the training begins: files and code may change while it lasts. */
export async function describeInputs(training: {
  dataset: Provenance['dataset'];
  trainFile: string;
  validationFile: string;
  seed: number;
  base: BaseModel;
  /** As it was asked for: a path or a hub id. */
  baseName: string;
  threads: number;
}): Promise<Omit<Provenance, 'recipe' | 'weightsSha256' | 'runtime'>> {
  return {
    format: 1,
    dataset: training.dataset,
    files: {
      train: await sha256File(training.trainFile),
      validation: await sha256File(training.validationFile),
    },
    seed: training.seed,
    base: { name: training.baseName, sha256: await hashBaseModel(training.base) },
    code: await readCodeVersion(),
    machine: await describeMachine(),
    threads: training.threads,
  };
}

export async function describeRuntime(backend: string): Promise<Provenance['runtime']> {
  return {
    backend,
    node: process.versions.node,
    onnxruntime: await packageVersion('onnxruntime-node'),
    tfjs: await packageVersion('@tensorflow/tfjs-core'),
  };
}
