/** The reference recipe in PyTorch, in a process of its own. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { packageRoot } from '../../src/core/paths.ts';
import { openReferencePython } from '../reference-environment.ts';

const epochSchema = z.object({ seconds: z.number(), accuracy: z.number() });
export type TorchEpoch = z.infer<typeof epochSchema>;

export interface TorchTraining {
  /** See `prepareSst2`. */
  readonly folder: string;
  readonly epochs: number;
  readonly threads: number;
  readonly seed: number;
  /** `max_length`: every row 128 tokens, as the reference system does. `longest`: the same result, sooner. */
  readonly padding: 'max_length' | 'longest';
}

export async function trainTorch(training: TorchTraining): Promise<TorchEpoch[]> {
  const { folder, epochs, threads, seed, padding } = training;
  const script = path.join(packageRoot, 'bench', 'reference', 'epoch_pytorch.py');
  const parameters = [script, folder, path.join(folder, 'data.json'), epochs, threads, seed, padding];
  const { stdout } = await promisify(execFile)(await openReferencePython(), parameters.map(String), {
    maxBuffer: 2 ** 26,
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => epochSchema.parse(JSON.parse(line)));
}
