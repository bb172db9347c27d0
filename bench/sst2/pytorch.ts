/** The reference recipe in PyTorch, in a process of its own. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { sha256File } from '../../src/core/ids.ts';
import { packageRoot } from '../../src/core/paths.ts';
import { openReferencePython } from '../python.ts';
import { trainOrReuse, type KeptResult } from './kept-results.ts';
import type { Sst2 } from './sentences.ts';

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

const script = path.join(packageRoot, 'bench', 'reference', 'epoch_pytorch.py');

export async function trainTorch(training: TorchTraining): Promise<TorchEpoch[]> {
  const { folder, epochs, threads, seed, padding } = training;
  const parameters = [script, folder, path.join(folder, 'data.json'), epochs, threads, seed, padding];
  const { stdout } = await promisify(execFile)(await openReferencePython(), parameters.map(String), {
    maxBuffer: 2 ** 26,
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => epochSchema.parse(JSON.parse(line)));
}

/**
 * As `trainTorch`, kept for later runs: the script and the version of torch are part of what determines it.
 */
export async function trainTorchOrReuse(
  data: Sst2,
  { fresh, ...training }: Omit<TorchTraining, 'folder'> & { fresh: boolean },
): Promise<KeptResult<TorchEpoch[]>> {
  return trainOrReuse(
    {
      name: `pytorch-seed-${training.seed}`,
      determinedBy: {
        ...training,
        ...data.hashes,
        script: await sha256File(script),
        torch: await readTorchVersion(),
      },
      schema: z.array(epochSchema).min(1),
      train: () => trainTorch({ ...training, folder: data.folder }),
    },
    fresh,
  );
}

async function readTorchVersion(): Promise<string> {
  const program = 'from importlib.metadata import version; print(version("torch"))';
  const { stdout } = await promisify(execFile)(await openReferencePython(), ['-c', program]);
  return stdout.trim();
}
