/** The Python environment with the stack that copyloop is measured against: made when it is not there. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { AppError, toError } from '../src/core/errors.ts';
import { packageRoot } from '../src/core/paths.ts';

const run = promisify(execFile);
const folder = path.join(packageRoot, 'var', 'bench-venv');
const requirements = path.join(packageRoot, 'bench', 'reference', 'requirements.txt');

/** Path of the environment's Python. Installs about 3 GB the first time. */
export async function openReferencePython(): Promise<string> {
  const python = path.join(folder, 'bin', 'python');
  if (await holdsTheStack(python)) return python;
  console.info(`installing the Python stack into ${folder}: some minutes, once`);
  try {
    if (!existsSync(python)) await run('python3', ['-m', 'venv', folder]);
    await run(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements], { maxBuffer: 2 ** 26 });
  } catch (thrown) {
    throw new AppError(
      'unavailable',
      `the Python stack could not be installed (python3 with venv and pip, and a package index, are needed): ${toError(thrown).message}`,
      { cause: thrown },
    );
  }
  return python;
}

async function holdsTheStack(python: string): Promise<boolean> {
  if (!existsSync(python)) return false;
  return run(python, ['-c', 'import torch, transformers, safetensors, sklearn']).then(
    () => true,
    () => false,
  );
}
