/**
 * The record of one training: everything that its weights follow from, and their hash. Kept in copyloop.json
 * and with the tracking run.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import { z } from 'zod';
import { codeVersionSchema, readCodeVersion } from '../../core/code-version.ts';
import { sha256File } from '../../core/ids.ts';
import type { BaseModel } from '../base/index.ts';
import { recipeSchema } from '../recipes.ts';
import { hashBaseModel } from './hashes.ts';

const sha256 = z.string().length(64);

/** The dataset version that the rows of a training come from. */
export const datasetRefSchema = z.object({ version: z.int(), digest: sha256 });

/**
 * What of a machine decides which bits a training ends with: the kernels that the runtimes choose depend on
 * it.
 */
const machineSchema = z.object({
  /** `linux-x64`. */
  platform: z.string(),
  /** As the system calls it. */
  cpu: z.string(),
  /** Instruction sets that ONNX Runtime and XNNPACK ask for; empty where the system does not list them. */
  cpuFeatures: z.array(z.string()),
});
type Machine = z.infer<typeof machineSchema>;

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

const FEATURES =
  /^(sse4_1|sse4_2|avx|avx2|fma|f16c|avx512(f|bw|cd|dq|vl|_vnni|_bf16|_fp16)|avx_vnni|amx_(tile|int8|bf16)|asimd|asimddp|asimdhp|sve|sve2|i8mm|bf16)$/;

async function describeMachine(): Promise<Machine> {
  // Only Linux lists them; elsewhere the name of the processor must do.
  const info = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(info)?.[1] ?? '';
  return {
    platform: `${process.platform}-${process.arch}`,
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cpuFeatures: flags
      .split(' ')
      .filter((flag) => FEATURES.test(flag))
      .toSorted(),
  };
}

/** The version of an installed package, from its package.json. */
async function packageVersion(name: string): Promise<string> {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return z.object({ version: z.string() }).parse(JSON.parse(await readFile(file, 'utf8'))).version;
}
